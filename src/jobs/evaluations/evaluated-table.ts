/** The rows of a table with what a model predicts for them and what they are. */
import { joinNumbers } from '../../lib/join-numbers.js';
import type { TableContent, TableInfo } from '../../data/dataset.js';
import { TrainyardError } from '../../errors.js';
import { isNumeric, numberReader, type CellFormat } from '../../lib/cells/cell-format.js';
import { nearestTo } from '../../lib/nearest-word.js';
import type { Turn } from '../../model/evaluation/turn.js';
import type { Head } from '../../model/heads/head.js';
import type { ServedModel } from '../../model/serving/loaded-model.js';
import { readTableRows, type TablePreprocessing } from '../../model/serving/table-inputs.js';

export interface RowsToEvaluate {
  /** (rows, outputs) of the head. */
  results: Float32Array;
  /** (rows) Class indices, or (rows, outputs) values. */
  targets: Float64Array;
  /** (rows) Their numbers in the dataset, from 0. */
  rows: Uint32Array;
  /** How much each row counts; null: all count the same. */
  weight: { column: string; ofRows: Float64Array } | null;
  leftOut: { without_target: number; unreadable: number };
}

export interface TableToEvaluate {
  model: ServedModel;
  info: TableInfo;
  content: TableContent;
  /** See `EvaluationRequest`. */
  target: string | string[] | undefined;
  weight: string | null | undefined;
  turn: Turn;
}

/** Rows that are read and predicted together: some milliseconds of work. */
const rowsAtOnce = 256;

/** @throws TrainyardError INVALID_REQUEST with what to change, INPUT_UNSUPPORTED */
export async function readTableForEvaluation(table: TableToEvaluate): Promise<RowsToEvaluate> {
  const { model, info, content, turn } = table;
  const { preprocessing, head } = model;
  if (preprocessing === null) {
    const message = `${info.name} is a table, and the model takes ${model.network.inputs} numbers. Evaluate it on a dataset of arrays.`;
    throw new TrainyardError('INPUT_UNSUPPORTED', message, { pointer: '/dataset' });
  }
  const names = info.schema.columns.map(({ name }) => name);
  const readers = targetReaders(head, info, table.target ?? preprocessing.targets, preprocessing);
  const weight = weightReader(table);
  refuseMissingColumns(info, preprocessing);
  const leftOut = { without_target: 0, unreadable: 0 };
  const found: Found = { results: [], targets: [], rows: [], weights: [], leftOut };
  for (let first = 0; first < info.schema.rows;) {
    const cells = await content.rows(first, rowsAtOnce);
    if (cells.length === 0) break;
    await addRows(found, { model, preprocessing, readers, weight, names, first, cells });
    first += cells.length;
    await turn();
  }
  return {
    results: joinNumbers(Float32Array, found.results),
    targets: Float64Array.from(found.targets),
    rows: Uint32Array.from(found.rows),
    weight: weight && { column: weight.column, ofRows: Float64Array.from(found.weights) },
    leftOut: found.leftOut,
  };
}

/** @throws TrainyardError INVALID_REQUEST */
function refuseMissingColumns({ name: dataset, schema }: TableInfo, { columns }: TablePreprocessing): void {
  const names = schema.columns.map(({ name }) => name);
  const missing = columns.find(({ name }) => !names.includes(name));
  if (missing === undefined) return;
  const near = nearestTo(missing.name, names);
  const hint = near === undefined ? '' : ` Its column ${JSON.stringify(near)} may be meant.`;
  const message = `${dataset} has no column ${JSON.stringify(missing.name)}, which the model takes.${hint}`;
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/dataset' });
}

interface Found {
  results: Float32Array[];
  targets: number[];
  rows: number[];
  weights: number[];
  leftOut: RowsToEvaluate['leftOut'];
}

interface Slice {
  model: ServedModel;
  preprocessing: TablePreprocessing;
  readers: readonly TargetReader[];
  weight: WeightReader | null;
  names: readonly string[];
  first: number;
  cells: readonly (string | null)[][];
}

async function addRows(found: Found, slice: Slice): Promise<void> {
  const { model, preprocessing, readers, weight, names, first, cells } = slice;
  const { inputs, count, problems } = readTableRows(preprocessing, cells, names);
  const { results } = await model.predict({ inputs, count });
  const outputs = results.length / count;
  cells.forEach((row, i) => {
    const values = readers.map((read) => read(row, first + i));
    const own = results.subarray(i * outputs, (i + 1) * outputs);
    if (values.includes(null)) found.leftOut.without_target++;
    else if (problems[i] !== null || !own.every(Number.isFinite)) found.leftOut.unreadable++;
    else {
      found.results.push(own);
      for (const value of values) found.targets.push(value ?? NaN);
      found.rows.push(first + i);
      if (weight !== null) found.weights.push(weight.read(row, first + i));
    }
  });
}

/** What the target of a row is, as a class index or a value; null: the row has none. */
type TargetReader = (row: readonly (string | null)[], number: number) => number | null;

/** @throws TrainyardError INVALID_REQUEST */
function targetReaders(
  head: Head,
  info: TableInfo,
  wanted: string | string[],
  { targets }: TablePreprocessing,
): TargetReader[] {
  const columns = typeof wanted === 'string' ? [wanted] : wanted;
  const expected = head.kind === 'classes' ? 1 : head.names.length;
  if (columns.length !== expected) {
    const message = `The model predicts ${expected === 1 ? 'one column' : `${expected} columns`}, ${targets.join(', ')}: name as many in target.`;
    throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/target' });
  }
  return columns.map((name) => {
    const { column, format } = findColumn(info, name);
    return head.kind === 'classes'
      ? classReader(name, column, format, head.labels)
      : valueReader(name, column, format);
  });
}

interface WeightReader {
  column: string;
  /** @throws TrainyardError INVALID_REQUEST */
  read(row: readonly (string | null)[], number: number): number;
}

/** null: all rows count the same. @throws TrainyardError INVALID_REQUEST */
function weightReader({ model, info, weight: wanted }: TableToEvaluate): WeightReader | null {
  const learned = weightColumnOf(model.manifest.spec);
  const isThere = info.schema.columns.some(({ name }) => name === learned);
  const name = wanted === undefined && isThere ? learned : wanted;
  if (name === undefined || name === null) return null;
  const found = columnOf(info, name);
  if (found === null) {
    const message = `${info.name} has no column ${JSON.stringify(name)} that could weigh its rows.`;
    throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/weight' });
  }
  const read = found.format.type === 'number' ? valueReader(name, found.column, found.format) : () => null;
  return {
    column: name,
    read(row, number) {
      const weight = read(row, number);
      if (weight !== null && weight >= 0) return weight;
      const message =
        `The weight ${JSON.stringify(name)} of row ${number}, counted from 0, is ${JSON.stringify(row[found.column] ?? '')}. ` +
        'Weights are numbers from 0. {"weight": null} counts each row once.';
      throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/weight' });
    },
  };
}

/** The column that weighed the training rows, as the spec of a version shows it. */
function weightColumnOf(spec: unknown): string | undefined {
  const { columns = [] } = (spec ?? {}) as { columns?: { name: string; role: string }[] };
  return columns.find(({ role }) => role === 'weight')?.name;
}

function columnOf({ schema }: TableInfo, name: string): { column: number; format: CellFormat } | null {
  const column = schema.columns.findIndex((each) => each.name === name);
  const format = schema.columns[column]?.format;
  return format === undefined ? null : { column, format };
}

function findColumn(info: TableInfo, name: string): { column: number; format: CellFormat } {
  const { columns } = info.schema;
  const found = columnOf(info, name);
  if (found !== null) return found;
  const near = nearestTo(
    name,
    columns.map((each) => each.name),
  );
  const hint =
    near === undefined
      ? 'Name the column with the right answers in target.'
      : `Did you mean ${JSON.stringify(near)}? Name it in target.`;
  throw new TrainyardError(
    'INVALID_REQUEST',
    `${info.name} has no column ${JSON.stringify(name)}, which the model predicts. ${hint}`,
    { pointer: '/target' },
  );
}

function valueReader(name: string, column: number, format: CellFormat): TargetReader {
  if (!isNumeric(format)) {
    const message = `The model predicts numbers, and ${JSON.stringify(name)} is a ${format.type}.`;
    throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/target' });
  }
  const read = numberReader(format);
  return (row) => {
    const text = row[column]?.trim() ?? '';
    const value = text === '' || format.missing.includes(text) ? NaN : read(text);
    return Number.isFinite(value) ? value : null;
  };
}

/** A cell names a class by its text or, where all labels are numbers, by its number; true and false are read as the column is. */
function classReader(name: string, column: number, format: CellFormat, labels: string[]): TargetReader {
  const known = new Map<string, number | null>(labels.map((label, index) => [label, index]));
  const keyOf = labelKey(format, labels);
  const byKey = new Map(labels.map((label, index) => [keyOf(label), index]));
  return (row, number) => {
    const text = row[column]?.trim() ?? '';
    const remembered = known.get(text);
    if (remembered !== undefined) return remembered;
    const isMissing = text === '' || format.missing.includes(text);
    const index = isMissing ? null : (byKey.get(keyOf(text)) ?? undefined);
    if (index === undefined) throw unknownLabel(name, text, number, labels);
    known.set(text, index);
    return index;
  };
}

function labelKey(format: CellFormat, labels: readonly string[]): (text: string) => string {
  if (format.type === 'boolean' || format.type === 'number') {
    const read = numberReader(format);
    return (text) => String(read(text));
  }
  const areNumbers = labels.every((label) => label.trim() !== '' && Number.isFinite(Number(label)));
  return areNumbers ? (text) => String(Number(text)) : (text) => text.toLowerCase();
}

function unknownLabel(name: string, text: string, row: number, labels: readonly string[]): TrainyardError {
  const shown = labels.slice(0, 20).join(', ') + (labels.length > 20 ? ', …' : '');
  const message =
    `The ${JSON.stringify(name)} of row ${row}, counted from 0, is ${JSON.stringify(text.slice(0, 60))}, and the model knows no such class. ` +
    `It knows: ${shown}. Leave out the rows of other classes, or name another column in target.`;
  return new TrainyardError('INVALID_REQUEST', message, { pointer: '/target' });
}
