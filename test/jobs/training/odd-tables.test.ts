/** Tables of odd shapes become finite inputs of the width that was planned, with every preset and encoding. */
import { describe, expect, test } from 'vitest';
import { loadData } from '../../../src/jobs/training/load-data.js';
import type { JobRequest } from '../../../src/jobs/runs/job-request.js';
import { encodings } from '../../../src/model/preprocessing/table.js';
import { specOn, tableOf } from '../small-table.js';

const rows = 60;
const csvOf = (columns: Record<string, (row: number) => string | number>): string =>
  [
    Object.keys(columns).join(','),
    ...Array.from({ length: rows }, (_, row) =>
      Object.values(columns)
        .map((cell) => cell(row))
        .join(','),
    ),
  ].join('\n');
const y = (row: number): string => (row % 3 === 0 ? 'yes' : 'no');

const odd: Record<string, string> = {
  'constant columns': csvOf({ a: () => 7, b: () => 'same', y }),
  'huge and tiny numbers': csvOf({
    a: (row) => (row % 2 ? 1.7e308 : -1.7e308),
    b: (row) => row * 1e-310,
    c: (row) => 1e15 + row,
    d: (row) => (row === 5 ? 1e300 : row),
    y,
  }),
  'cells that are nearly all missing': csvOf({
    a: (row) => (row === 3 ? 1 : ''),
    b: (row) => (row === 3 ? 'x' : ''),
    y,
  }),
  'forty columns of texts that never come twice': csvOf({
    ...Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`c${i}`, (row: number) => `id-${i}-${row}`])),
    y,
  }),
  'a class for nearly each row': csvOf({ a: (row) => row, y: (row) => `class ${Math.floor(row / 2)}` }),
};

const requests: JobRequest[] = [
  { preset: 'plain' },
  { preset: 'auto' },
  ...encodings.map((encoding) => ({ encoding })),
];

describe.each(Object.entries(odd))('a table with %s', (_, csv) => {
  test.each(requests)('is learned from with %o', async (request) => {
    const table = tableOf(csv);
    const spec = await specOn(table, { target: 'y', ...request });
    const { data, description } = await loadData(table.datasets, spec);
    const { train, validation } = data;
    expect(description.preprocessing).toMatchObject({ width: spec.network.inputs });
    for (const { inputs, count } of [train, validation]) {
      expect(inputs).toHaveLength(count * spec.network.inputs);
      expect(inputs.every((input) => Number.isFinite(input))).toBe(true);
    }
  });
});
