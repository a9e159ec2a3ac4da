/** The pictures of docs/pages.md are those that scripts/make-pictures.mjs makes, and small enough for a repository. */
import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'docs/pages');

test('the document shows each picture that its script makes, and each is there', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(root, 'scripts/make-pictures.mjs'),
    '--list',
  ]);
  const made = stdout.trim().split('\n').sort();
  const text = await readFile(join(root, 'docs/pages.md'), 'utf8');
  const shown = [...text.matchAll(/pages\/([\w-]+)\.webp/g)].map(([, name]) => name).sort();
  const kept = (await readdir(folder)).map((file) => file.replace(/\.webp$/, '')).sort();
  expect(shown).toEqual(made);
  expect(kept).toEqual(made);
});

test('the pictures are small', async () => {
  const sizes = await Promise.all(
    (await readdir(folder)).map(async (file) => (await stat(join(folder, file))).size),
  );
  expect(Math.max(...sizes)).toBeLessThan(60_000);
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(500_000);
});
