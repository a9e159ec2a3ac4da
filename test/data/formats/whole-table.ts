/** Reads a table to its end, from bytes that come in pieces of a chosen size. */
import { openReader } from '../../../src/data/formats/open-reader.js';
import { TableRefusal, formatLimits } from '../../../src/data/formats/rows.js';
import type { ByteSource, FormatLimits, FormatOptions } from '../../../src/data/formats/rows.js';
import type { DeclaredType } from '../../../src/data/formats/rows.js';
import type { Dialect, TableProblem, TableWarning } from '../../../src/data/table-schema.js';

export interface WholeTable {
  dialect: Dialect;
  declared: readonly DeclaredType[] | null;
  names: readonly string[];
  rows: (string | null)[][];
  lines: number[];
  warnings: TableWarning[];
}

export function inPieces(content: string | Uint8Array, pieceBytes = 64 * 1024): ByteSource {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return {
    sizeBytes: bytes.length,
    // eslint-disable-next-line @typescript-eslint/require-await -- A stream that never waits.
    async *stream() {
      for (let start = 0; start < bytes.length; start += pieceBytes)
        yield bytes.subarray(start, start + pieceBytes);
    },
    slice: (start, end) => Promise.resolve(bytes.subarray(start, end)),
  };
}

export async function readTable(
  content: string | Uint8Array | ByteSource,
  options: FormatOptions = {},
  limits: Partial<FormatLimits> = {},
): Promise<WholeTable> {
  const source = typeof content === 'string' || content instanceof Uint8Array ? inPieces(content) : content;
  const reader = await openReader(source, options, { ...formatLimits, ...limits });
  const table: WholeTable = {
    dialect: reader.dialect,
    declared: reader.declared,
    names: [],
    rows: [],
    lines: [],
    warnings: [],
  };
  for await (const { names, rows, lines } of reader.batches()) {
    table.names = names;
    // Not a spread: batches can be large.
    for (const row of rows) table.rows.push([...row]);
    for (const line of lines ?? []) table.lines.push(line);
  }
  for (const row of table.rows) while (row.length < table.names.length) row.push(null);
  return { ...table, warnings: reader.warnings };
}

/** What is wrong with a table. */
export async function problemsOf(...table: Parameters<typeof readTable>): Promise<readonly TableProblem[]> {
  const outcome = await readTable(...table).catch((error: unknown) => error);
  if (outcome instanceof TableRefusal) return outcome.problems;
  throw new Error('The table was not refused.', { cause: outcome });
}
