/** The compilation of the native engine's addon, in a copy of what it needs. */
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../storage/temporary-storage.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const built = 'dist/model/engines/native';
const addon = 'src/model/engines/native/addon';

async function copy(): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'scripts'));
  await cp(join(root, 'scripts/build-native.mjs'), join(folder, 'scripts/build-native.mjs'));
  await cp(join(root, addon), join(folder, addon), { recursive: true });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

async function build(folder: string, env: Record<string, string>): Promise<Record<string, string>> {
  await promisify(execFile)(process.execPath, ['scripts/build-native.mjs'], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...env },
  });
  return JSON.parse(await readFile(join(folder, built, 'build.json'), 'utf8')) as Record<string, string>;
}

const isBuilt = (folder: string) =>
  stat(join(folder, built, 'addon.node')).then(
    () => true,
    () => false,
  );

test('without a compiler nothing fails, and the outcome says why there is no addon', async () => {
  const folder = await copy();
  expect(await build(folder, { PATH: '/nowhere' })).toEqual({ reason: "there is no C++ compiler 'c++'" });
  expect(await isBuilt(folder)).toBe(false);
});

test('a compiler that cannot compile it is named, with its complaint', async () => {
  const folder = await copy();
  const old = join(folder, 'old-compiler');
  await writeFile(old, "#!/bin/sh\necho 'tile.h:3: error: no such standard' >&2\nexit 1\n");
  await chmod(old, 0o755);
  expect(await build(folder, { CXX: old })).toEqual({
    reason: `'${old}' cannot compile it: tile.h:3: error: no such standard`,
  });
});

test('is compiled once, again when a source changes, and removed when it is not wanted', async () => {
  const folder = await copy();
  // A compiler's stand-in, so that the test takes no minute: it writes what it is told to write, and counts.
  const compiler = join(folder, 'compiler');
  await writeFile(
    compiler,
    '#!/bin/sh\necho x >> calls\nwhile [ "$1" != -o ]; do shift; done\necho compiled > "$2"\n',
  );
  await chmod(compiler, 0o755);
  const calls = async () => (await readFile(join(folder, 'calls'), 'utf8')).split('\n').length - 1;

  await build(folder, { CXX: compiler });
  expect(await isBuilt(folder)).toBe(true);
  const once = await calls();
  await build(folder, { CXX: compiler });
  expect(await calls()).toBe(once);
  await writeFile(join(folder, addon, 'layout.h'), '// changed');
  await build(folder, { CXX: compiler });
  expect(await calls()).toBe(2 * once);

  expect(await build(folder, { CXX: compiler, TRAINYARD_NATIVE: '0' })).toEqual({
    reason: 'TRAINYARD_NATIVE is 0',
  });
  expect(await isBuilt(folder)).toBe(false);
  await build(folder, { CXX: compiler });
  expect(await isBuilt(folder)).toBe(true);
});
