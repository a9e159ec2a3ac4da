/**
 * From what a client asks of a table to what a run does with it: the task, the targets, and what becomes of each column and
 * each row. Whatever is wrong with the data of a job is found here, and not when its training begins; so the columns that
 * decide are read.
 */
import type { TableContent, TableInfo, Targets } from '../../data/dataset.js';
import { rowsIn, splitNamed, splitNames, type TableSplit } from '../../data/splits.js';
import type { Column } from '../../lib/cells/columns.js';
import type { Task } from '../../model/network/losses.js';
import type { ColumnSpec, TableSpec } from '../runs/run-spec.js';
import type { JobRequest, SplitRequest } from '../runs/job-request.js';
import {
  divideTable,
  readDecidingColumns,
  type DecidingColumns,
  type DividedRows,
} from '../runs/table-rows.js';
import { resolveClassWeight } from './resolve-class-weight.js';
import {
  AskedColumns,
  invalid,
  quoted,
  resolveColumns,
  resolveSplitColumn,
  resolveTarget,
  type AskedSplit,
} from './table-columns.js';

/** Fractions of the rows. A split by column takes only the test rows that the column names. */
export const splitDefaults = { validation: 0.1, test: 0.1 } as const;

export const mostClasses = 500;

/**
 * Whole numbers are classes where there are two of them, or few of them in many rows each: at most so many distinct ones, in
 * at least so many rows on average.
 */
const numbersAsClasses = { distinct: 10, rowsEach: 10 };

/** The largest number that a network can give back. */
const largestValue = 3.4e38;

export interface ResolvedTable {
  task: Task;
  split: TableSplit;
  table: TableSpec;
}

/**
 * `request` has passed the API's schema.
 * @throws TrainyardError INVALID_REQUEST with what to change; DATASET_CORRUPT
 */
export async function resolveTable(
  request: Pick<JobRequest, 'target' | 'task' | 'columns' | 'split' | 'class_weight'>,
  info: TableInfo,
  content: TableContent,
  seed: number,
): Promise<ResolvedTable> {
  const asked = new AskedColumns(request.columns, info);
  const target = resolveTarget(request.target, info, asked);
  const askedSplit = resolveSplitColumn(request.split ?? {}, info, asked);
  const columns = await resolveColumns(info, content, { asked, target, split: askedSplit });
  const task = resolveTask(request.task ?? 'auto', info, columns, target);
  const wantedSplit = resolveSplit(request.split ?? {}, askedSplit, task);
  const read = await readDecidingColumns(content, { split: wantedSplit, table: { target, columns } });
  const split =
    wantedSplit.by === 'column' ? withNamedRows(wantedSplit, request.split ?? {}, read.split) : wantedSplit;
  const targets = resolveTargets(task, info, target, columns, read.targets);
  const class_weight = resolveClassWeight(request.class_weight ?? 'none', targets);
  const divided = divideTable({ seed, split, table: { target, targets, columns } }, read);
  refuseEmptySplits(split, divided, info);
  refuseOneValue(target, targets, divided, read);
  refuseWeights(columns, divided, read, asked);
  return { task, split, table: { target, targets, columns, class_weight, rows: divided.counts } };
}

function resolveTask(
  wanted: 'auto' | Task,
  info: TableInfo,
  columns: readonly ColumnSpec[],
  target: readonly string[],
): Task {
  const targets = columns.filter(({ role }) => role === 'target');
  const category = targets.find(({ format }) => format.type === 'category');
  if (wanted === 'classification' && target.length > 1) {
    throw invalid(
      '/target',
      'A classification has one target. Train a job for each, or learn numbers with the task regression.',
    );
  }
  if (category !== undefined && (wanted === 'regression' || target.length > 1)) {
    const message = `A regression learns numbers, and ${quoted(category.name)} is a category. If it holds numbers, give it the type number.`;
    throw invalid(wanted === 'regression' ? '/task' : '/target', message);
  }
  if (wanted !== 'auto') return wanted;
  const [first] = targets;
  if (first === undefined || target.length > 1) return 'regression';
  return isOfClasses(first, info) ? 'classification' : 'regression';
}

function isOfClasses({ name, format, distinct }: ColumnSpec, { schema }: TableInfo): boolean {
  if (format.type !== 'number') return true;
  const profile = schema.columns.find((column) => column.name === name)?.profile;
  if (profile?.numbers?.integers !== true) return false;
  const isFew = distinct <= numbersAsClasses.distinct && schema.rows >= distinct * numbersAsClasses.rowsEach;
  return distinct === 2 || isFew;
}

function resolveSplit(request: SplitRequest, { by, column }: AskedSplit, task: Task): TableSplit {
  if (by === 'stratified' && task === 'regression') {
    throw invalid('/split/by', 'split.by stratified needs classes, and the job learns numbers. Use random.');
  }
  const { validation = splitDefaults.validation, test = by === 'column' ? 0 : splitDefaults.test } = request;
  return { by: by ?? (task === 'classification' ? 'stratified' : 'random'), column, validation, test };
}

/**
 * A column that names validation or test rows decides which they are, and no others are set apart.
 * @throws TrainyardError INVALID_REQUEST for a value that names no split, or a fraction of what the column decides
 */
function withNamedRows(split: TableSplit, request: SplitRequest, column: Column | null): TableSplit {
  if (column?.kind !== 'levels') throw new Error('A split column is read as text');
  const name = quoted(split.column ?? '');
  const strange = column.levels.find((level) => splitNamed(level) === null);
  if (strange !== undefined) {
    const row = column.codes.indexOf(column.levels.indexOf(strange));
    const names = Object.values(splitNames).flat().join(', ');
    const message = `The cell of ${name} in row ${row} is ${quoted(strange)}, and names no split. Use one of: ${names}.`;
    throw invalid('/split/column', `${message} Rows are counted from 0.`);
  }
  const named = new Set(column.levels.map(splitNamed));
  const fractionOf = (part: 'validation' | 'test'): number => {
    if (!named.has(part)) return split[part];
    if ((request[part] ?? 0) === 0) return 0;
    throw invalid(`/split/${part}`, `The column ${name} names the ${part} rows: leave split.${part} out.`);
  };
  return { ...split, validation: fractionOf('validation'), test: fractionOf('test') };
}

function resolveTargets(
  task: Task,
  info: TableInfo,
  target: string[],
  columns: readonly ColumnSpec[],
  read: readonly Column[],
): Targets {
  const [name = ''] = target;
  const [first] = read;
  const spec = columns.find((column) => column.name === name);
  if (task === 'regression') {
    target.forEach((each, index) => refuseHuge(each, read[index]));
    return { kind: 'values', names: target };
  }
  if (first === undefined || spec === undefined) throw new Error('There is no target');
  const labels = labelsOf(first, spec, info);
  refuseTooManyClasses(labels.length, first, spec, info);
  if (labels.length >= 2) return { kind: 'classes', labels };
  if (labels.length === 1) {
    throw invalid(
      '/target',
      `Every row has the same ${quoted(name)}, ${quoted(labels[0] ?? '')}: there is nothing to tell apart.`,
    );
  }
  throw invalid('/target', `No row has a ${quoted(name)}.`);
}

/** Names that hardly ever come twice are no classes: there is nothing to learn of each. */
function refuseTooManyClasses(
  classes: number,
  { kind }: Column,
  { name, has_missing }: ColumnSpec,
  { schema }: TableInfo,
): void {
  if (classes <= mostClasses && (kind === 'numbers' || has_missing || classes <= schema.rows / 2)) return;
  const hint =
    kind === 'numbers' ? 'To predict numbers, use the task regression.' : 'It may be an id or free text.';
  const found = `${quoted(name)} has ${classes} distinct values in ${schema.rows} rows`;
  throw invalid(
    '/target',
    `${found}, and a classification has 2 to ${mostClasses} classes of several rows each. ${hint}`,
  );
}

/** The classes in a column: in the order of their numbers where all are numbers, else of their code units. */
function labelsOf(column: Column, { name, format }: ColumnSpec, { schema }: TableInfo): string[] {
  if (column.kind === 'levels') return inOrder(column.levels);
  const values = new Set(column.values.filter((value) => !Number.isNaN(value)));
  if (format.type !== 'boolean') return inOrder(Array.from(values, String));
  // As most cells spell it.
  const top = schema.columns.find((each) => each.name === name)?.profile.top ?? [];
  const spelling = (texts: readonly string[]): string =>
    top.map(({ value }) => value.trim()).find((value) => texts.includes(value.toLowerCase())) ??
    texts[0] ??
    '';
  return inOrder(Array.from(values, (value) => spelling(value === 1 ? format.true : format.false)));
}

function inOrder(labels: readonly string[]): string[] {
  const sorted = labels.toSorted();
  return labels.every((label) => Number.isFinite(Number(label)))
    ? sorted.sort((a, b) => Number(a) - Number(b))
    : sorted;
}

function refuseHuge(name: string, column: Column | undefined): void {
  if (column?.kind !== 'numbers') throw new Error(`${name} is read as numbers`);
  const row = column.values.findIndex((value) => Math.abs(value) > largestValue);
  if (row === -1) return;
  const value = column.values[row];
  throw invalid(
    '/target',
    `The ${quoted(name)} of row ${row}, counted from 0, is ${value}: numbers to predict lie within ±${largestValue}.`,
  );
}

/** @throws TrainyardError INVALID_REQUEST with the numbers, where a split that is wanted has no rows */
function refuseEmptySplits(split: TableSplit, { counts }: DividedRows, { name, schema }: TableInfo): void {
  const empty = (['train', 'validation', 'test'] as const).find(
    (part) => counts[part] === 0 && (part === 'train' || split[part] > 0),
  );
  if (empty === undefined) return;
  const { train, validation, test } = counts;
  const usable = schema.rows - counts.without_target;
  const message =
    `Of the ${usable} rows of ${name} with a target, ${train} would be to train on, ${validation} to validate with and ` +
    `${test} to test with. There must be rows in each: choose larger fractions or, to do without such rows, 0.`;
  throw invalid(empty === 'train' ? '/split' : `/split/${empty}`, message);
}

/** @throws TrainyardError INVALID_REQUEST where the training rows have nothing to learn */
function refuseOneValue(
  target: readonly string[],
  targets: Targets,
  { splits, classes }: DividedRows,
  { targets: read }: DecidingColumns,
): void {
  const rows = rowsIn(splits, 'train');
  const isSame = (values: ArrayLike<number>): boolean =>
    rows.every((row) => values[row] === values[rows[0] ?? 0]);
  if (classes !== null && targets.kind === 'classes' && isSame(classes)) {
    const label = quoted(targets.labels[classes[rows[0] ?? 0] ?? 0] ?? '');
    throw invalid(
      '/split',
      `All ${rows.length} training rows have the class ${label}: divide the rows in another way.`,
    );
  }
  const constant = target.find(
    (_, i) => read[i]?.kind === 'numbers' && classes === null && isSame(read[i].values),
  );
  if (constant === undefined) return;
  throw invalid(
    '/target',
    `All ${rows.length} training rows have the same ${quoted(constant)}: there is nothing to learn.`,
  );
}

/** @throws TrainyardError INVALID_REQUEST for a row whose weight is missing or negative, or a split that weighs nothing */
function refuseWeights(
  columns: readonly ColumnSpec[],
  { splits }: DividedRows,
  { weight }: DecidingColumns,
  asked: AskedColumns,
): void {
  const name = columns.find(({ role }) => role === 'weight')?.name;
  if (weight?.kind !== 'numbers' || name === undefined) return;
  const pointer = asked.pointerTo(name, 'role');
  const { values } = weight;
  for (const part of ['train', 'validation', 'test'] as const) {
    const rows = rowsIn(splits, part);
    const wrong = rows.find((row) => !((values[row] ?? NaN) >= 0 && (values[row] ?? NaN) <= largestValue));
    if (wrong !== undefined) {
      const found = Number.isNaN(values[wrong]) ? 'missing or no number' : String(values[wrong]);
      throw invalid(
        pointer,
        `The weight ${quoted(name)} of row ${wrong}, counted from 0, is ${found}. Weights are numbers from 0.`,
      );
    }
    if (rows.length > 0 && rows.every((row) => values[row] === 0)) {
      throw invalid(pointer, `All ${rows.length} ${part} rows have the weight 0.`);
    }
  }
}
