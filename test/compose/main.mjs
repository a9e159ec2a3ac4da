/**
 * `npm run test:compose`: builds the images, starts the stack of docker-compose.yml under a separate name and port, and
 * checks it from outside, through scaling, kills and an upgrade. At the end it removes the stack and keeps the images,
 * tagged compose-test, for the next run. Without a Docker engine it says so and succeeds, unless REQUIRE_DOCKER=1.
 */
import { createClient } from './client.mjs';
import { findDocker } from './docker.mjs';
import { checkFaults, workers } from './fault-checks.mjs';
import { checkGpuWorker } from './gpu-checks.mjs';
import { checkImages } from './image-checks.mjs';
import { checkMonitoring } from './monitoring-checks.mjs';
import { counts } from './report.mjs';
import { checkKeys, checkService } from './service-checks.mjs';
import { createStack } from './stack.mjs';
import { checkUpgrade } from './upgrade-checks.mjs';

const found = await findDocker().catch((error) => {
  console.log(`The compose tests were not run: ${error.message}.`);
  process.exitCode = process.env.REQUIRE_DOCKER === '1' ? 1 : 0;
  return null;
});
if (found !== null) await run(found);

async function run(docker) {
  console.log(`Docker ${docker.engine}, ${docker.name}`);
  const stack = await createStack(docker);
  let down;
  const bringDown = () => (down ??= stack.down());
  const interrupted = () => void bringDown().finally(() => process.exit(130));
  ['SIGINT', 'SIGTERM', 'SIGHUP'].forEach((signal) => process.once(signal, interrupted));
  const client = createClient(stack.url);
  let aborted = false;
  try {
    await checkImages(stack);
    await checkService(stack, client);
    await checkFaults(stack, client);
    await checkGpuWorker(stack, client);
    await checkMonitoring(stack, workers);
    await checkUpgrade(stack, client);
    await checkKeys(stack, client, workers);
  } catch (error) {
    aborted = true;
    console.log(error instanceof Error ? error.message : error);
  } finally {
    if (aborted || counts().failed > 0) {
      console.log(`\nThe last lines of each container:\n${await stack.logs().catch(String)}`);
    }
    await bringDown();
  }
  const { passed, failed } = counts();
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = aborted || failed > 0 ? 1 : 0;
}
