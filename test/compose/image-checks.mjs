/** Checks the content of the images. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { docker, repository } from './docker.mjs';
import { eventually } from './eventually.mjs';
import { check, mustHold, section } from './report.mjs';
import { healthOf, tag } from './stack.mjs';

export const buildWithinMs = 1_200_000;
export const hardened = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
/** Paths that only a build needs. */
export const tools = ['npm', 'npx', 'yarn', 'gcc', 'g++', 'cc', 'make', 'python3', 'git', 'curl', 'wget'];

export async function checkImages(stack) {
  section('Images');
  await mustHold('docker-compose.yml and compose.observability.yml are valid in all profiles', async () => {
    await stack.compose(['config', '-q']);
    await stack.compose(['--profile', 'gpu', 'config', '-q']);
    await stack.withMonitoring(['--profile', 'gpu', 'config', '-q']);
  });
  await mustHold('api and worker build', async () => {
    await stack.compose(['build', 'api', 'worker'], { timeoutMs: buildWithinMs });
  });
  const dev = await developmentPackages();
  for (const target of ['api', 'worker']) await checkImage(`trainyard-${target}:${tag}`, dev);
  await check('the api image serves by itself, with the embedded queue, and stops with code 0', standsAlone);
}

async function checkImage(image, dev) {
  await check(`${image} has a size`, async () => sizeOf(image));
  await check(`${image} runs as uid 1000, without capabilities, on a root it cannot write`, async () => {
    const script =
      'id -u; sed -n "s/^CapEff:\\s*//p" /proc/self/status; for f in /app/x /x /usr/x; do touch $f 2>/dev/null && echo wrote $f; done; touch /data/x && echo data';
    const lines = (await runIn(image, ['sh', '-c', script])).split('\n');
    assert.deepEqual(lines, ['1000', '0000000000000000', 'data']);
    // This must also hold when the root is writable.
    assert.equal(
      await docker(['run', '--rm', image, 'sh', '-c', 'find /app -writable ! -type l | head']),
      '',
    );
  });
  await check(`${image} has no npm, no compiler and no development package`, async () => {
    const found = `for t in ${tools.join(' ')}; do command -v $t; done; ls -d ${dev.join(' ')} 2>/dev/null; true`;
    assert.equal(await runIn(image, ['sh', '-c', found]), '');
    return `${tools.length} tools, ${dev.length} packages`;
  });
  await check(`${image} has the native engine, and its node loads it`, async () => loadsNative(image));
  await check(`${image} says what it is`, async () => {
    const [{ Config }] = JSON.parse(await docker(['image', 'inspect', image]));
    const { version } = JSON.parse(await readFile(`${repository}/package.json`, 'utf8'));
    assert.equal(Config.Labels['org.opencontainers.image.title'], 'Trainyard');
    assert.equal(Config.Labels['org.opencontainers.image.version'], version);
    assert.equal(Config.StopSignal, 'SIGTERM');
    assert.ok(Config.Healthcheck.Test.join(' ').includes('/health/ready'));
    assert.ok(Config.Env.includes('NODE_ENV=production'));
  });
}

/** The size of the addon, and the instruction sets that it finds. */
export async function loadsNative(image) {
  const file = '/app/dist/model/engines/native/addon.node';
  const script = `const { size } = fs.statSync('${file}'); console.log(JSON.stringify({ size, sets: require('${file}').instructionSets() }))`;
  const { size, sets } = JSON.parse(await runIn(image, ['node', '-e', script]));
  assert.equal(sets.length > 0, await hasItsInstructions());
  return `${Math.round(size / 1e3)} kB, ${sets.join(', ') || 'no instruction set of this processor'}`;
}

/** Whether this machine's processor has one of the instruction sets that the native engine is compiled for. */
export async function hasItsInstructions() {
  if (process.arch !== 'x64') return process.arch === 'arm64';
  const flags = /^flags\s*:(.*)$/m.exec(await readFile('/proc/cpuinfo', 'utf8'))?.[1].split(' ') ?? [];
  return flags.includes('avx2') && flags.includes('fma');
}

/** The size of the image, and of its layers above Debian. */
async function sizeOf(image) {
  const [{ Size }] = JSON.parse(await docker(['image', 'inspect', image]));
  const layers = await docker(['history', '--format', '{{.Size}}', '--human=false', image]);
  // Debian's image has one layer. It is the lowest and comes last here.
  const base = Number(layers.split('\n').at(-1));
  assert.ok(Size < 500e6, `${image} has grown to ${megabytes(Size)}`);
  return `${megabytes(Size)}, of it ${megabytes(Size - base)} above Debian`;
}

async function standsAlone() {
  const settings = ['-e', 'ROLE=all', '-e', 'ALLOW_ANONYMOUS=1'];
  const id = await docker(['run', '-d', ...hardened, '--tmpfs', '/tmp', ...settings, `trainyard-api:${tag}`]);
  try {
    const isHealthy = async () =>
      assert.equal(await healthOf(id), 'healthy', await docker(['logs', id], { both: true }));
    await eventually(isHealthy, { withinMs: 60_000, everyMs: 500 });
    await docker(['stop', '-t', '20', id]);
    assert.equal(await docker(['inspect', '-f', '{{.State.ExitCode}}', id]), '0');
  } finally {
    await docker(['rm', '-f', '-v', id]);
  }
}

/** The development packages in package-lock.json. */
async function developmentPackages() {
  const { packages } = JSON.parse(await readFile(`${repository}/package-lock.json`, 'utf8'));
  const dev = Object.keys(packages).filter(
    (path) => packages[path].dev || path === 'node_modules/typescript',
  );
  assert.ok(dev.includes('node_modules/vitest'));
  return dev;
}

export function runIn(image, command) {
  return docker(['run', '--rm', ...hardened, '--tmpfs', '/tmp', '--network', 'none', image, ...command]);
}

export function megabytes(bytes) {
  return `${Math.round(bytes / 1e6)} MB`;
}
