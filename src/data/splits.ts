/**
 * Which rows a network learns from, and which are set apart: a pure function of the seed, the row, and the values of the
 * columns that decide. Every attempt of a job divides the rows in the same way. A dataset of arrays comes divided into
 * training and test rows, and only validation rows are set apart; the rows of a table are divided here.
 */
import type { Column } from '../lib/cells/columns.js';
import { fillUniform, fillWords } from '../lib/philox.js';
import type { Samples } from './dataset.js';

export interface ValidationSplit {
  seed: number;
  /** Of the training rows, about. 0: none. */
  fraction: number;
}

export interface SplitRows {
  /** Ascending. */
  train: Uint32Array;
  /** Ascending. */
  validation: Uint32Array;
}

/** Row r is a validation row where its uniform number is below the fraction. */
export function splitRows(count: number, { seed, fraction }: ValidationSplit): SplitRows {
  const uniform = new Float32Array(count);
  fillUniform({ seed, purpose: 'validation', part: 0, step: 0 }, 0, uniform);
  const [train, validation]: [number[], number[]] = [[], []];
  uniform.forEach((number, row) => (number < fraction ? validation : train).push(row));
  return { train: Uint32Array.from(train), validation: Uint32Array.from(validation) };
}

/** The training samples in two: those to learn from, and those to validate with. Without validation nothing is copied. */
export function splitSamples(
  samples: Samples,
  split: ValidationSplit,
): Record<'train' | 'validation', Samples> {
  if (split.fraction === 0) return { train: samples, validation: rowsOf(samples, new Uint32Array()) };
  const rows = splitRows(samples.count, split);
  return { train: rowsOf(samples, rows.train), validation: rowsOf(samples, rows.validation) };
}

function rowsOf({ count, width, inputs, targets, weights }: Samples, rows: Uint32Array): Samples {
  return {
    count: rows.length,
    width,
    inputs: gathered(inputs, width, rows),
    targets: gathered(targets, targets.length / count, rows),
    weights: weights && gathered(weights, 1, rows),
  };
}

type SampleNumbers = Samples['inputs'] | Samples['targets'];

/** `column` (count, width) → (rows.length, width) */
function gathered<Numbers extends SampleNumbers>(column: Numbers, width: number, rows: Uint32Array): Numbers {
  const Numbers = column.constructor as new (length: number) => Numbers;
  const chosen = new Numbers(rows.length * width);
  rows.forEach((row, i) => chosen.set(column.subarray(row * width, (row + 1) * width), i * width));
  return chosen;
}

export const splitKinds = ['random', 'stratified', 'column', 'time', 'group'] as const;

/** A document: how the rows of a table are divided. */
export interface TableSplit {
  by: (typeof splitKinds)[number];
  /** Its values decide, where the split is by column, time or group. */
  column: string | null;
  /** Fractions of the rows. By column: of the rows that the column gives to training, and 0 where it names such rows itself. */
  validation: number;
  test: number;
}

/** What becomes of a row, by its code. */
export const rowSplits = ['train', 'validation', 'test', 'left_out'] as const;
export type RowSplit = (typeof rowSplits)[number];

const [train, validation, test, leftOut] = [0, 1, 2, 3];

/** What the division of a table's rows depends on. */
export interface DividedTable {
  /** (rows) 1: the row has all its targets. Others are left out. */
  hasTarget: Uint8Array;
  /** (rows) The class of each row that has one, where the rows of each class are divided alike. */
  classes: Int32Array | null;
  /** (rows) For a split by column, time or group. */
  column: Column | null;
}

/** (rows) The index in `rowSplits` of what becomes of each row. */
export function divideRows(split: TableSplit, seed: number, table: DividedTable): Uint8Array {
  const codes = table.hasTarget.map((has) => (has === 1 ? train : leftOut));
  if (table.column !== null && split.by === 'column') nameSplits(codes, table.column);
  if (table.column !== null && split.by === 'time') divideByTime(codes, table.column, split);
  else if (table.column !== null && split.by === 'group') divideByGroup(codes, table.column, split, seed);
  else divideAtRandom(codes, table.classes, split, seed);
  return codes;
}

/** The rows of one split, ascending. */
export function rowsIn(codes: Uint8Array, split: RowSplit): Uint32Array {
  return rowsWith(codes, rowSplits.indexOf(split));
}

/** The names by which a column may give rows to a split, in lower case. */
export const splitNames: Readonly<Record<Exclude<RowSplit, 'left_out'>, readonly string[]>> = {
  train: ['train', 'training'],
  validation: ['validation', 'valid', 'val', 'dev'],
  test: ['test', 'testing', 'holdout'],
};

/** The split that a value of a split column names; null: none. */
export function splitNamed(value: string): Exclude<RowSplit, 'left_out'> | null {
  const name = value.toLowerCase();
  const splits = Object.keys(splitNames) as (keyof typeof splitNames)[];
  return splits.find((split) => splitNames[split].includes(name)) ?? null;
}

/** A row whose cell names no split is left out. */
function nameSplits(codes: Uint8Array, column: Column): void {
  if (column.kind !== 'levels') throw new Error('A split column is read as text');
  const named = column.levels.map((level) => rowSplits.indexOf(splitNamed(level) ?? 'left_out'));
  codes.forEach((code, row) => {
    if (code === train) codes[row] = named[column.codes[row] ?? -1] ?? leftOut;
  });
}

/** The last rows in time test, and those before them validate. A row without a time is left out. */
function divideByTime(codes: Uint8Array, column: Column, split: TableSplit): void {
  if (column.kind !== 'numbers') throw new Error('A time is read as a number');
  const { values } = column;
  codes.forEach((code, row) => {
    if (code === train && Number.isNaN(values[row])) codes[row] = leftOut;
  });
  // Of equal times the order of the file decides.
  const timeOf = (row: number): number => values[row] ?? 0;
  const byTime = rowsWith(codes, train).sort((a, b) => timeOf(a) - timeOf(b) || a - b);
  const [tests, validations] = [wanted(byTime.length, split.test), wanted(byTime.length, split.validation)];
  const firstTest = byTime.length - tests;
  for (const row of byTime.subarray(firstTest)) codes[row] = test;
  for (const row of byTime.subarray(Math.max(0, firstTest - validations), firstTest)) codes[row] = validation;
}

/**
 * Goes through the groups in an order that is drawn, and gives each whole group to the first of test, validation and
 * training whose number of rows it brings nearer to what is wanted.
 */
function divideByGroup(codes: Uint8Array, column: Column, split: TableSplit, seed: number): void {
  const rows = rowsWith(codes, train);
  const groupOf = groupsOf(column, rows);
  const sizes = new Map<number, number>();
  for (const group of groupOf) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const words = wordsOf(seed, sizes.size);
  const wordOf = (group: number): number => words[group] ?? 0;
  const drawn = [...sizes.keys()].sort((a, b) => wordOf(a) - wordOf(b) || a - b);
  const left = [
    { code: test, rows: wanted(rows.length, split.test) },
    { code: validation, rows: wanted(rows.length, split.validation) },
  ];
  const codeOf = new Map<number, number>();
  for (const group of drawn) {
    const size = sizes.get(group) ?? 0;
    const place = left.find((each) => size < 2 * each.rows);
    if (place !== undefined) place.rows -= size;
    codeOf.set(group, place?.code ?? train);
  }
  rows.forEach((row, i) => (codes[row] = codeOf.get(groupOf[i] ?? 0) ?? train));
}

/** (rows.length) The group of each row, numbered as they first occur. A row without a value is a group of its own. */
function groupsOf(column: Column, rows: Uint32Array): Uint32Array {
  const values = column.kind === 'levels' ? column.codes : column.values;
  const known = new Map<number, number>();
  let groups = 0;
  return rows.map((row) => {
    const value = values[row] ?? NaN;
    // The code -1 of a level.
    if (Number.isNaN(value) || (column.kind === 'levels' && value < 0)) return groups++;
    let group = known.get(value);
    if (group === undefined) known.set(value, (group = groups++));
    return group;
  });
}

/** Of the rows to train on; of those of each class alike, where there are classes. */
function divideAtRandom(
  codes: Uint8Array,
  classes: Int32Array | null,
  split: TableSplit,
  seed: number,
): void {
  if (split.test === 0 && split.validation === 0) return;
  const words = wordsOf(seed, codes.length);
  const rows = rowsWith(codes, train);
  const parts = classes === null ? [rows] : byClass(rows, classes);
  const takeTests = sharer(split.test);
  const takeValidations = sharer(split.validation);
  // A class keeps a row to train on.
  const kept = classes === null ? 0 : 1;
  for (const part of parts) {
    const tests = takeTests(part.length, part.length - kept);
    const validations = takeValidations(part.length, part.length - kept - tests);
    const [tested, others] = withSmallest(part, words, tests);
    const [validated] = withSmallest(others, words, validations);
    for (const row of tested) codes[row] = test;
    for (const row of validated) codes[row] = validation;
  }
}

/**
 * Gives each part its share, rounded so that the shares of all parts together are the fraction of all rows: what one part
 * has too few because it is small goes to the next.
 */
function sharer(fraction: number): (rows: number, atMost: number) => number {
  let wantedSoFar = 0;
  let given = 0;
  return (rows, atMost) => {
    wantedSoFar += rows * fraction;
    const share = Math.min(Math.round(wantedSoFar) - given, Math.ceil(rows * fraction), atMost);
    given += Math.max(0, share);
    return Math.max(0, share);
  };
}

/** The rows in two, each in the order of `rows`: the `count` with the smallest words (of equals the first), and the others. */
function withSmallest(
  rows: Uint32Array,
  words: Uint32Array,
  count: number,
): [smallest: Uint32Array, others: Uint32Array] {
  if (count === 0) return [new Uint32Array(), rows];
  const wordOf = (row: number): number => words[row] ?? 0;
  const sorted = rows.map(wordOf).sort();
  const limit = sorted[count - 1] ?? 0;
  let atLimit = count - sorted.indexOf(limit);
  const smallest = rows.filter((row) => wordOf(row) < limit || (wordOf(row) === limit && atLimit-- > 0));
  const isSmallest = new Set(smallest);
  return [smallest, rows.filter((row) => !isSmallest.has(row))];
}

/** The rows of each class, ascending. */
function byClass(rows: Uint32Array, classes: Int32Array): Uint32Array[] {
  const parts: number[][] = [];
  for (const row of rows) (parts[classes[row] ?? 0] ??= []).push(row);
  // A class may have no row.
  return Array.from(parts, (part: number[] | undefined) => Uint32Array.from(part ?? []));
}

function rowsWith(codes: Uint8Array, wantedCode: number): Uint32Array {
  let count = 0;
  for (const code of codes) if (code === wantedCode) count++;
  const rows = new Uint32Array(count);
  let filled = 0;
  codes.forEach((code, row) => {
    if (code === wantedCode) rows[filled++] = row;
  });
  return rows;
}

function wanted(rows: number, fraction: number): number {
  return Math.round(rows * fraction);
}

/** (count) */
function wordsOf(seed: number, count: number): Uint32Array {
  const words = new Uint32Array(count);
  fillWords({ seed, purpose: 'split', part: 0, step: 0 }, 0, words);
  return words;
}
