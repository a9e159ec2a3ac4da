/** What to warn of once it is known which columns are to be learned. */
import type { TableSchema, TableWarning } from '../table-schema.js';
import type { ChunkReader } from './chunk-store.js';
import type { ColumnFacts } from './decide-column.js';

export async function targetWarnings(
  _schema: TableSchema,
  _target: readonly string[],
  _chunks: ChunkReader,
  _facts: readonly ColumnFacts[],
): Promise<TableWarning[]> {
  return Promise.resolve([]);
}
