/**
 * Checks the worker with TensorFlow, with that for CPUs. That needs no GPU and no gigabytes of libraries, and only
 * NVIDIA's parts differ. The wheel must be in wheels/, so that nothing is downloaded without being asked for.
 */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { docker, repository } from './docker.mjs';
import { eventually } from './eventually.mjs';
import { buildWithinMs, hardened, loadsNative, megabytes, runIn, tools } from './image-checks.mjs';
import { check, mustHold, notHere, section } from './report.mjs';
import { healthOf, tag } from './stack.mjs';

const image = `trainyard-worker-gpu-tensorflow:${tag}`;

export async function checkGpuWorker(stack, client) {
  section('The worker with TensorFlow, on the CPU');
  const wheel = (await readdir(`${repository}/wheels`)).find((name) => name.startsWith('tensorflow_cpu-'));
  if (wheel === undefined) {
    notHere('worker-gpu-tensorflow', 'wheels/ has no wheel of tensorflow-cpu');
    return;
  }
  await mustHold('it builds with tensorflow-cpu', async () => {
    const version = wheel.split('-')[1];
    const args = ['--build-arg', `TENSORFLOW_WHEEL=tensorflow-cpu==${version}`];
    await docker(['build', '--target', 'worker-gpu-tensorflow', ...args, '-t', image, '.'], {
      timeoutMs: buildWithinMs,
    });
    const [{ Size }] = JSON.parse(await docker(['image', 'inspect', image]));
    return megabytes(Size);
  });
  await check('it has no npm, no compiler and no Python', async () => {
    const found = await runIn(image, [
      'sh',
      '-c',
      `for t in ${tools.join(' ')}; do command -v $t; done; true`,
    ]);
    assert.equal(found, '');
  });
  await check('its node loads the native engine too', () => loadsNative(image));
  await check('the engine passes its conformance suite on the TensorFlow in it', conforms);
  await check(
    'a job for the engine tensorflow waits for this worker, which trains it on a read-only root as uid 1000',
    () => trainsWhatWaits(stack, client),
  );
}

/** Runs the test suite of this checkout with the node and the TensorFlow of the image. */
async function conforms() {
  const mount = ['-v', `${repository}:${repository}:ro`, '-w', repository, '--tmpfs', '/tmp'];
  const settings = ['-e', 'TFJS_DIR=/opt/tensorflow', '-e', 'HOME=/tmp', '--user', '0', '--network', 'none'];
  const suite = ['node_modules/vitest/vitest.mjs', 'run', 'test/model/engines/tensorflow-native.test.ts'];
  const said = await docker([
    'run',
    '--rm',
    ...mount,
    ...settings,
    image,
    'node',
    ...suite,
    '--reporter=json',
    '--configLoader=runner',
  ]);
  const { numPassedTests, numFailedTests } = JSON.parse(said.slice(said.indexOf('{"numTotalTestSuites"')));
  assert.equal(numFailedTests, 0);
  assert.ok(numPassedTests > 300, `${numPassedTests} tests`);
  return `${numPassedTests} tests`;
}

async function trainsWhatWaits(stack, client) {
  const { id } = await client.submit({ engine: 'tensorflow', epochs: 1, model: 'by-tensorflow' });
  // The running workers do not take it.
  await client.succeeded((await client.submit({ epochs: 1, network: { hidden: [] }, model: 'other' })).id);
  const { status, queue } = await client.job(id);
  assert.deepEqual([status, queue], ['queued', { name: 'training-tensorflow', waiting: 1, workers: 0 }]);
  const waiting = /^trainyard_queue_jobs\{queue="training-tensorflow",state="waiting"\} 1$/m;
  assert.match(String(await client.get('/metrics')), waiting);

  // As Compose would start it, but without the reservation of a GPU.
  const place = ['--network', `${stack.project}_default`, '-v', `${stack.project}_data:/data`];
  const settings = ['-e', 'QUEUE_URL=redis://redis:6379', '-e', 'ALLOW_ANONYMOUS=1'];
  const worker = await docker(['run', '-d', ...hardened, '--tmpfs', '/tmp', ...place, ...settings, image]);
  try {
    const { engine, metrics } = await client.succeeded(id);
    assert.equal(engine.name, 'tensorflow');
    assert.ok(metrics.test_accuracy > 0.95, `accuracy ${metrics.test_accuracy}`);
    const isHealthy = async () => assert.equal(await healthOf(worker), 'healthy');
    await eventually(isHealthy, { withinMs: 60_000, everyMs: 500 });
    await docker(['stop', '-t', '20', worker]);
    assert.equal(await docker(['inspect', '-f', '{{.State.ExitCode}}', worker]), '0');
    return `${engine.device}, test accuracy ${(100 * metrics.test_accuracy).toFixed(2)} %`;
  } finally {
    await docker(['rm', '-f', worker]);
  }
}
