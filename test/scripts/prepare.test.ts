/** The preparation of the npm scripts, on a fresh clone whose registry does not answer. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../servers/local-server.js';
import { temporaryFolder } from '../storage/temporary-storage.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A clone that needs one package. */
async function freshClone(): Promise<string> {
  const folder = await temporaryFolder();
  await cp(join(root, 'scripts'), join(folder, 'scripts'), { recursive: true });
  const manifest = { name: 'clone', version: '1.0.0', dependencies: { ulid: '3.0.2' } };
  const integrity = `sha512-${Buffer.alloc(64).toString('base64')}`;
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ ...manifest, engines: { node: '>=20.19' } }),
  );
  await writeFile(
    join(folder, 'package-lock.json'),
    JSON.stringify({
      ...manifest,
      lockfileVersion: 3,
      packages: { '': manifest, 'node_modules/ulid': { version: '3.0.2', integrity } },
    }),
  );
  return folder;
}

async function prepare(
  folder: string,
  settings: Record<string, string> = {},
): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, ['scripts/prepare.mjs'], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (chunk) => (said += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}

test('a registry that refuses connections is named as the cause', async () => {
  const npm_config_registry = `http://127.0.0.1:${await freePort()}/`;
  const { code, said } = await prepare(await freshClone(), { npm_config_registry });
  expect(code).toBe(1);
  expect(said).toMatch(
    /^Installing 1 packages .*\nThe packages cannot be installed: .* \(ECONNREFUSED\) .*\n$/,
  );
});

test('a registry that accepts connections and never answers is named as the cause after a time-out', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => void silent.close());
  const { code, said } = await prepare(await freshClone(), {
    npm_config_registry: `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`,
    npm_config_fetch_timeout: '500',
  });
  expect(code).toBe(1);
  expect(said).toMatch(
    /The packages cannot be installed: the npm registry does not answer \(\w+\) after \d+ s/,
  );
});

test('only changed sources are built', async () => {
  const folder = await freshClone();
  // Stand-ins for the packages and for what makes and compiles the sources, which count their calls.
  await mkdir(join(folder, 'node_modules/typescript/bin'), { recursive: true });
  await mkdir(join(folder, 'node_modules/vite/bin'), { recursive: true });
  for (const sources of ['src', 'client', 'ui', 'openapi']) await mkdir(join(folder, sources));
  await mkdir(join(folder, 'tools/kernels'), { recursive: true });
  for (const file of ['package-lock.json', 'compile.mjs'])
    await writeFile(join(folder, 'tools/kernels', file), '');
  await writeFile(join(folder, 'openapi/openapi.json'), '{}');
  const count = "require('node:fs').appendFileSync('calls', 'x');";
  await writeFile(join(folder, 'node_modules/typescript/bin/tsc'), count);
  await writeFile(join(folder, 'node_modules/vite/bin/vite.js'), count.replace("'x'", "'v'"));
  await writeFile(
    join(folder, 'scripts/write-client-types.mjs'),
    "import { writeFileSync } from 'node:fs'; writeFileSync('client/api-types.ts', '');",
  );
  await mkdir(join(folder, 'dist/jobs/queue'), { recursive: true });
  await writeFile(join(folder, 'dist/jobs/queue/prepare-database.js'), '');
  await writeFile(
    join(folder, 'scripts/build-kernels.mjs'),
    "import { appendFileSync } from 'node:fs'; appendFileSync('calls', 'k');",
  );
  await writeFile(
    join(folder, 'scripts/build-standalone.mjs'),
    "import { appendFileSync } from 'node:fs'; appendFileSync('calls', 's');",
  );
  await writeFile(
    join(folder, 'scripts/build-native.mjs'),
    `import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
    appendFileSync('native-calls', 'n');
    mkdirSync('dist/model/engines/native', { recursive: true });
    writeFileSync('dist/model/engines/native/addon.node', '');`,
  );
  await writeFile(join(folder, 'node_modules/package.json'), '{"type":"commonjs"}');
  const installed = { packages: { 'node_modules/ulid': { version: '3.0.2' } } };
  await writeFile(join(folder, 'node_modules/.package-lock.json'), JSON.stringify(installed));
  await writeFile(join(folder, 'tsconfig.base.json'), '{}');
  await writeFile(join(folder, 'src/main.ts'), '');

  const calls = async () => ({
    service: await readFile(join(folder, 'calls'), 'utf8'),
    native: await readFile(join(folder, 'native-calls'), 'utf8'),
  });
  expect((await prepare(folder)).code).toBe(0);
  expect(await calls()).toEqual({ service: 'xkvs', native: 'n' });
  await prepare(folder);
  expect(await calls()).toEqual({ service: 'xkvs', native: 'n' });
  await utimes(join(folder, 'src/main.ts'), 1, 1);
  await prepare(folder);
  expect(await calls()).toEqual({ service: 'xkvsxkvs', native: 'nn' });
  // A compiler may have been installed since.
  await rm(join(folder, 'dist/model/engines/native/addon.node'));
  await prepare(folder);
  expect(await calls()).toEqual({ service: 'xkvsxkvs', native: 'nnn' });
});
