/**
 * The second reading: once the formats are decided, the stored rows are read by them, for the profile of numbers and for
 * the cells that do not fit.
 */
import { unreadable, type CellFormat, isNumeric } from '../../lib/cells/cell-format.js';
import type { ColumnProfile } from '../table-schema.js';
import type { ChunkReader } from './chunk-store.js';
import { mixed } from './level-counter.js';
import { NumberProfiler } from './number-profile.js';
import { cellText, mostChunkRows, type StoredColumn } from './stored-column.js';
import { readNumbers } from './stored-table.js';

/** A cell that is not of the format of its column. */
export interface MisfitCell {
  line: number | null;
  text: string;
}

export interface NumbersFound extends Pick<ColumnProfile, 'missing' | 'unreadable' | 'numbers'> {
  /** The first ones. */
  misfits: MisfitCell[];
}

const mostMisfits = 20;

/** (formats) What the columns hold when they are read by these formats; null where the format is not numeric. */
export async function profileNumbers(
  chunks: ChunkReader,
  formats: readonly CellFormat[],
): Promise<(NumbersFound | null)[]> {
  const columns = formats.map((format) => (isNumeric(format) ? new ColumnProfiler(format) : null));
  const wanted = new Set([...columns.keys()].filter((index) => columns[index] !== null));
  if (wanted.size > 0) {
    let first = 0;
    const rowHashes = new Uint32Array(mostChunkRows);
    for await (const chunk of chunks.all(wanted)) {
      for (let row = 0; row < chunk.rows; row++) rowHashes[row] = mixed(first + row + 1);
      columns.forEach((column, index) => column?.add(chunk.columns[index], chunk, rowHashes));
      first += chunk.rows;
    }
  }
  return columns.map((column) => column?.found() ?? null);
}

class ColumnProfiler {
  readonly #format: Parameters<typeof readNumbers>[0];
  readonly #profiler = new NumberProfiler();
  readonly #values = new Float64Array(mostChunkRows);
  readonly #misfits: MisfitCell[] = [];
  #missing = 0;
  #unreadable = 0;

  constructor(format: Parameters<typeof readNumbers>[0]) {
    this.#format = format;
  }

  add(
    stored: StoredColumn | null | undefined,
    { rows, lines }: { rows: number; lines: Int32Array | null },
    rowHashes: Uint32Array,
  ): void {
    const values = this.#values.subarray(0, rows);
    readNumbers(this.#format, stored, values);
    const missing = this.#profiler.add(values, rowHashes);
    this.#missing += missing;
    if (missing === 0) return;
    for (let row = 0; row < rows; row++) {
      if (values[row] !== unreadable) continue;
      this.#unreadable++;
      if (this.#misfits.length < mostMisfits && stored) {
        this.#misfits.push({ line: lines?.[row] ?? null, text: cellText(stored, row) ?? '' });
      }
    }
  }

  found(): NumbersFound {
    return {
      missing: this.#missing,
      unreadable: this.#unreadable,
      numbers: this.#profiler.profile(),
      misfits: this.#misfits,
    };
  }
}
