/** The tables of docs/protocols.md name tests that there are. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

interface Row {
  feature: string;
  supported: string;
  tests: string[];
  /** Where the tests are. */
  file: string;
}

const root = new URL('../../', import.meta.url);

async function rowsOf(document: string): Promise<Row[]> {
  const text = await readFile(new URL(document, root), 'utf8');
  const rows: Row[] = [];
  let file = '';
  for (const line of text.split('\n')) {
    file = /^Tested in `([^`]+)`/.exec(line)?.[1] ?? file;
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    if (cells.length !== 5 || cells[1] === 'feature' || /^-+$/.test(cells[1])) continue;
    const tests = cells[3].split('<br>').map((name) => name.trim());
    rows.push({ feature: cells[1], supported: cells[2], tests: tests.filter(Boolean), file });
  }
  return rows;
}

const rows = await rowsOf('docs/protocols.md');

test('there is a table for each protocol and extension', () => {
  expect(new Set(rows.map(({ file }) => file))).toEqual(
    new Set(
      [
        'open-inference',
        'columns',
        'open-inference-binary',
        'open-inference-repository',
        'tensorflow-serving',
      ].map((name) => `test/api/protocols/${name}.test.ts`),
    ),
  );
});

test.each(rows)('$feature', async ({ supported, tests, file }) => {
  expect(['yes', 'no']).toContain(supported);
  if (supported === 'yes') expect(tests).not.toEqual([]);
  const source = await readFile(new URL(file, root), 'utf8');
  for (const name of tests) expect(source).toContain(`('${name}', `);
});
