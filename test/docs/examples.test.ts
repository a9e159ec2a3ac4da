/** The files of examples/ are those that their script makes, and a public table. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../storage/temporary-storage.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('the examples are as scripts/make-examples.mjs makes them', async () => {
  const folder = await temporaryFolder();
  await promisify(execFile)(process.execPath, [join(root, 'scripts/make-examples.mjs'), folder]);
  const all = await readdir(join(root, 'examples'));
  expect(all).toContain('penguins.csv');
  const names = all.filter((name) => name !== 'penguins.csv');
  expect(await readdir(folder)).toEqual(names);
  for (const name of names) {
    expect(await readFile(join(folder, name)), name).toEqual(await readFile(join(root, 'examples', name)));
  }
});
