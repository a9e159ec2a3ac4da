/** A reader of rows that are in memory, as batches of a chosen size. */
import type { RowReader } from '../../../src/data/formats/rows.js';
import type { Dialect } from '../../../src/data/table-schema.js';

const csv: Dialect = {
  format: 'csv',
  compression: null,
  encoding: 'utf-8',
  delimiter: ',',
  escape: '"',
  header: true,
};

export function rowsReader(
  names: readonly string[],
  rows: readonly (readonly (string | null)[])[],
  { batchRows = 1_000, dialect = {} }: { batchRows?: number; dialect?: Partial<Dialect> } = {},
): RowReader {
  return {
    dialect: { ...csv, ...dialect },
    declared: null,
    rowCount: null,
    warnings: [],
    // eslint-disable-next-line @typescript-eslint/require-await -- The rows are there already.
    async *batches() {
      for (let start = 0; start < rows.length; start += batchRows) {
        const batch = rows.slice(start, start + batchRows).map((row) => [...row]);
        yield { names, rows: batch, lines: batch.map((_, row) => start + row + 2) };
      }
    },
  };
}

/** One column as a table. */
export function columnReader(
  cells: readonly (string | null)[],
  options?: Parameters<typeof rowsReader>[2],
): RowReader {
  return rowsReader(
    ['x'],
    cells.map((cell) => [cell]),
    options,
  );
}
