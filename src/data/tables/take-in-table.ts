/**
 * Takes in a table: reads every row once, stores it column by column, and finds out what the columns are. The same rows
 * give the same blobs and the same schema, so that an attempt that was cut off is simply repeated.
 */
import type { CellType } from '../../lib/cells/cell-format.js';
import { nearestTo } from '../../lib/nearest-word.js';
import { TableRefusal, type RowReader } from '../formats/rows.js';
import {
  mostLevels,
  type ColumnSchema,
  type TableProblem,
  type TableSchema,
  type TableWarning,
} from '../table-schema.js';
import { ChunkReader, ChunkWriter, type TablePlace } from './chunk-store.js';
import { ColumnIntake, type RowHashes } from './column-intake.js';
import { decideColumn, habitsOf, type ColumnDecision, type ColumnFacts } from './decide-column.js';
import { DuplicateRows } from './duplicate-rows.js';
import { leakWarnings } from './leaks.js';
import { profileNumbers, type NumbersFound } from './profile-columns.js';
import { ColumnPacker, mostChunkRows } from './stored-column.js';
import { targetWarnings } from './target-warnings.js';

export interface TakeInOptions {
  /** The columns to be learned; they are never left out. */
  target?: readonly string[];
  /** What the client says of columns, by name. */
  columns?: ReadonlyMap<string, { type?: CellType; role?: ColumnSchema['role'] }>;
  mostRows?: number;
  mostColumns?: number;
  /** Called after each batch with the number of rows so far. */
  onProgress?: (rows: number) => void;
  signal?: AbortSignal;
}

/** A chunk ends when its texts are so long together, so that long texts do not fill the memory. */
const mostChunkText = 4_000_000;

const mostLines = 20;

/**
 * Writes the rows under the prefix and returns the schema.
 * @throws TableRefusal when the file is no table, has no rows, is larger than the limits, or lacks a column that is named
 */
export async function takeInTable(
  reader: RowReader,
  place: TablePlace,
  options: TakeInOptions = {},
): Promise<TableSchema> {
  const intake = new TableIntake(place);
  for await (const { names, rows, lines } of reader.batches()) {
    options.signal?.throwIfAborted();
    checkColumns(names, options);
    await intake.add(names, rows, lines);
    checkRows(intake.rows, options);
    options.onProgress?.(intake.rows);
  }
  await intake.finish();
  if (intake.rows === 0) throw refusal('NO_ROWS', 'The file has no rows of data.', { line: 1 });
  checkNamed(intake.names, options);

  const target = options.target ?? [];
  const facts = intake.columns.map(({ evidence, levels }, index): ColumnFacts => {
    const name = intake.names[index];
    return {
      name,
      evidence,
      distinct: levels.distinct,
      isExactDistinct: levels.isExact,
      declared: reader.declared?.[index] ?? null,
      asked: options.columns?.get(name)?.type,
      isTarget: target.includes(name),
    };
  });
  const habits = habitsOf(facts, reader.dialect.delimiter);
  const decisions = facts.map((each) => decideColumn(each, habits));
  options.signal?.throwIfAborted();
  const chunks = await ChunkReader.open(place, intake.rows);
  const found = await profileNumbers(
    chunks,
    decisions.map(({ format }) => format),
  );

  const columns = facts.map((each, index): ColumnSchema => {
    const { format, role, reason } = decisions[index];
    const { missing, unreadable, numbers } = found[index] ?? {
      missing: each.evidence.blank,
      unreadable: 0,
      numbers: null,
    };
    const top = intake.columns[index].levels.levels().slice(0, mostLevels);
    const profile = { missing, unreadable, distinct: each.distinct, top, numbers };
    const askedRole = options.columns?.get(each.name)?.role;
    return { name: each.name, format, role: askedRole ?? role, reason, profile };
  });
  const schema: TableSchema = {
    format_version: 1,
    rows: intake.rows,
    dialect: reader.dialect,
    columns,
    warnings: [],
  };
  schema.warnings.push(
    ...reader.warnings,
    ...facts.flatMap((each, index) => columnWarnings(each, decisions[index], columns[index], found[index])),
    ...intake.warnings(),
    ...targetWarnings(
      schema,
      facts.filter(({ isTarget }) => isTarget),
    ),
    ...(await leakWarnings(chunks, columns, target)),
  );
  return schema;
}

/** The rows of the file on their way into chunks. */
class TableIntake {
  rows = 0;
  names: readonly string[] = [];
  readonly columns: ColumnIntake[] = [];
  readonly #writer: ChunkWriter;
  readonly #packer = new ColumnPacker();
  readonly #hashes: RowHashes = { low: new Int32Array(mostChunkRows), high: new Int32Array(mostChunkRows) };
  readonly #duplicates = new DuplicateRows();
  readonly #duplicateLines: number[] = [];
  #chunk: (readonly (string | null)[])[] = [];
  #lines: number[] | null = null;
  #text = 0;
  /** Rows in chunks that are written. */
  #stored = 0;

  constructor(place: TablePlace) {
    this.#writer = new ChunkWriter(place);
  }

  async add(
    names: readonly string[],
    rows: readonly (readonly (string | null)[])[],
    lines: readonly number[] | null,
  ): Promise<void> {
    this.names = names;
    while (this.columns.length < names.length)
      this.columns.push(new ColumnIntake(this.columns.length, this.#stored));
    for (let row = 0; row < rows.length; row++) {
      const cells = rows[row];
      this.#chunk.push(cells);
      if (lines !== null) (this.#lines ??= []).push(lines[row]);
      for (const cell of cells) if (cell !== null) this.#text += cell.length + 1;
      if (this.#chunk.length === mostChunkRows || this.#text >= mostChunkText) await this.#store();
    }
    this.rows += rows.length;
  }

  async finish(): Promise<void> {
    if (this.#chunk.length > 0) await this.#store();
    await this.#writer.finish();
  }

  warnings(): TableWarning[] {
    const { count } = this.#duplicates;
    if (count === 0) return [];
    const message = `${count === 1 ? '1 row is' : `${count} rows are`} the same as an earlier row. A copy that is trained on and tested on makes the test look too good.`;
    return [{ code: 'DUPLICATE_ROWS', column: null, message, count, ...linesOf(this.#duplicateLines) }];
  }

  async #store(): Promise<void> {
    const rows = this.#chunk;
    const lines = this.#lines;
    [this.#chunk, this.#lines, this.#text] = [[], null, 0];
    this.#stored += rows.length;
    this.#hashes.low.fill(0);
    this.#hashes.high.fill(0);
    const columns = this.columns.map((column) => column.takeIn(rows, this.#packer, this.#hashes));
    for (let row = 0; row < rows.length; row++) {
      const isCopy = this.#duplicates.add(this.#hashes.low[row], this.#hashes.high[row]);
      if (isCopy && lines !== null && this.#duplicateLines.length < mostLines)
        this.#duplicateLines.push(lines[row]);
    }
    await this.#writer.write({
      rows: rows.length,
      lines: lines === null ? null : Int32Array.from(lines),
      columns,
    });
  }
}

/** The warnings that follow from reading the column by its format. */
function columnWarnings(
  { name, evidence }: ColumnFacts,
  decision: ColumnDecision,
  { profile, format }: ColumnSchema,
  found: NumbersFound | null,
): TableWarning[] {
  const warnings = [...decision.warnings];
  if (found !== null && found.unreadable > 0) {
    const isInfinite = (text: string): boolean =>
      /^[-+]?(?:inf|infinity|∞|\d.*)$/iu.test(text.trim()) && evidence.notFinite > 0;
    const infinite = format.type === 'number' ? evidence.notFinite : 0;
    const words = found.unreadable - infinite;
    if (infinite > 0) {
      const lines = found.misfits.filter(({ text }) => isInfinite(text)).map(({ line }) => line);
      const message = `${infinite + evidence.nanTokens} cells are infinite, too large or not a number. They count as missing.`;
      warnings.push({
        code: 'NON_FINITE',
        column: name,
        message,
        count: infinite + evidence.nanTokens,
        ...linesOf(lines),
      });
    }
    if (words > 0) {
      const misfits = found.misfits.filter(({ text }) => infinite === 0 || !isInfinite(text));
      const examples = [...new Set(misfits.map(({ text }) => JSON.stringify(text.slice(0, 40))))]
        .slice(0, 5)
        .join(', ');
      const kind = { number: 'numbers', datetime: 'dates', boolean: 'true or false' }[
        format.type as 'number'
      ];
      const message = `${words === 1 ? '1 cell is' : `${words} cells are`} not ${kind} and count as missing: ${examples}.`;
      warnings.push({
        code: 'MIXED_TYPE',
        column: name,
        message,
        count: words,
        ...linesOf(misfits.map(({ line }) => line)),
      });
    }
  }
  if (profile.missing > 0 && evidence.values > 0) {
    const cells = evidence.values + evidence.blank;
    const share = ((profile.missing / cells) * 100).toFixed(1);
    const message = `${profile.missing} of ${cells} cells (${share} %) have no value.`;
    warnings.push({ code: 'MISSING_VALUES', column: name, message, count: profile.missing });
  }
  return warnings;
}

function linesOf(lines: readonly (number | null)[]): { lines?: number[] } {
  const known = lines.filter((line) => line !== null).slice(0, mostLines);
  return known.length === 0 ? {} : { lines: known };
}

function checkColumns(names: readonly string[], { mostColumns = Infinity }: TakeInOptions): void {
  if (names.length <= mostColumns) return;
  throw refusal('TOO_LARGE', `The table has ${names.length} columns; at most ${mostColumns} are taken.`);
}

function checkRows(rows: number, { mostRows = Infinity }: TakeInOptions): void {
  if (rows <= mostRows) return;
  throw refusal('TOO_LARGE', `The table has more than ${mostRows} rows, which is the most that is taken.`);
}

function checkNamed(names: readonly string[], { target = [], columns }: TakeInOptions): void {
  const known = new Set(names);
  const problems = [...new Set([...target, ...(columns?.keys() ?? [])])]
    .filter((name) => !known.has(name))
    .map((name): TableProblem => {
      const near = nearestTo(name, names);
      const hint =
        near === undefined ? `It has ${quotedList(names)}.` : `Did you mean ${JSON.stringify(near)}?`;
      const message = `The table has no column ${JSON.stringify(name.slice(0, 100))}. ${hint}`;
      return { code: 'NO_SUCH_COLUMN', message, line: null, column: name, value: null };
    });
  if (problems.length > 0) throw new TableRefusal(problems);
}

function quotedList(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => JSON.stringify(name));
  return shown.join(', ') + (names.length > shown.length ? ` and ${names.length - shown.length} more` : '');
}

function refusal(code: TableProblem['code'], message: string, place: { line?: number } = {}): TableRefusal {
  return new TableRefusal([{ code, message, line: place.line ?? null, column: null, value: null }]);
}
