/**
 * What becomes of the rows of a table in a run: their targets, their weights, and the split that each belongs to. Intake, the
 * training process and the answer that shows the split all decide it here, so that they decide the same.
 */
import type { DatasetInfo, TableContent } from '../../data/dataset.js';
import { divideRows, rowsIn, type TableSplit } from '../../data/splits.js';
import { numberReader, type CellFormat } from '../../lib/cells/cell-format.js';
import type { Column } from '../../lib/cells/columns.js';
import type { ColumnPlan } from '../../model/preprocessing/table.js';
import type { ColumnSpec, RowCounts, RunSpec, TableSpec } from './run-spec.js';

/** The datasets that jobs train on. */
export interface JobDatasets {
  /**
   * `version`: by default the newest that is ready.
   * @throws TrainyardError DATASET_NOT_FOUND
   */
  info(name: string, version?: number): Promise<DatasetInfo>;
  /** @throws TrainyardError DATASET_NOT_FOUND, DATASET_CORRUPT, also while its content is read */
  openTable(name: string, version: number): Promise<TableContent>;
}

/** The columns that decide over rows. */
export interface DecidingColumns {
  /** In the order of `target`. */
  targets: Column[];
  weight: Column | null;
  /** Of the split by column, time or group. */
  split: Column | null;
}

export interface DividedRows {
  /** (rows) The index in `rowSplits` of what becomes of each row. */
  splits: Uint8Array;
  /** (rows) The class of each row; -1: it has none. null: values are learned. */
  classes: Int32Array | null;
  counts: RowCounts;
}

/** The spec of a run on a table. */
export interface TableRunSpec {
  seed: number;
  split: TableSplit;
  table: TableSpec;
}

/** null: the run trains on arrays. */
export function tableRunOf({ seed, split, table }: RunSpec): TableRunSpec | null {
  return table === undefined || !('by' in split) ? null : { seed, split, table };
}

/** @throws TrainyardError DATASET_CORRUPT */
export async function readDecidingColumns(
  content: TableContent,
  { split, table }: Pick<TableRunSpec, 'split'> & { table: Pick<TableSpec, 'target' | 'columns'> },
): Promise<DecidingColumns> {
  const named = (name: string): ColumnSpec => {
    const column = table.columns.find((each) => each.name === name);
    if (column === undefined) throw new Error(`The spec has no column ${name}`);
    return column;
  };
  const weight = table.columns.find(({ role }) => role === 'weight');
  const wanted = [
    ...table.target.map(named),
    ...(weight ? [weight] : []),
    ...(split.column === null ? [] : [splitColumnOf(split, named(split.column))]),
  ];
  const read = await content.columns(wanted.map(({ name, format }) => ({ name, format })));
  const targets = read.slice(0, table.target.length);
  const rest = read.slice(table.target.length);
  const weights = weight === undefined ? undefined : rest.shift();
  return { targets, weight: weights ?? null, split: rest.shift() ?? null };
}

/** The names of splits are texts, whatever the column is otherwise. */
function splitColumnOf({ by }: TableSplit, column: ColumnSpec): ColumnSpec {
  const { missing } = column.format;
  return by === 'column' ? { ...column, format: { type: 'category', missing } } : column;
}

/** The rows of a table, divided by the spec. */
export function divideTable(
  {
    seed,
    split,
    table,
  }: Pick<TableRunSpec, 'seed' | 'split'> & {
    table: Pick<TableSpec, 'target' | 'targets' | 'columns'>;
  },
  { targets, split: column }: DecidingColumns,
): DividedRows {
  const classes = classesOf(table, targets);
  const hasTarget =
    classes === null ? hasAllValues(targets) : Uint8Array.from(classes, (c) => (c < 0 ? 0 : 1));
  const alike = split.by === 'stratified' || split.by === 'column' ? classes : null;
  const splits = divideRows(split, seed, { hasTarget, classes: alike, column });
  const countOf = (name: Parameters<typeof rowsIn>[1]): number => rowsIn(splits, name).length;
  const counts = {
    train: countOf('train'),
    validation: countOf('validation'),
    test: countOf('test'),
    left_out: countOf('left_out'),
    without_target: hasTarget.reduce((sum, has) => sum + 1 - has, 0),
  };
  return { splits, classes, counts };
}

/** The columns that the network takes, as preprocessing plans them. */
export function plansOf({
  columns,
  encoding = 'standard',
}: Pick<TableSpec, 'columns' | 'encoding'>): ColumnPlan[] {
  return columns
    .filter(({ role }) => role === 'feature')
    .map(({ name, format, distinct, has_missing: hasMissing }) => ({
      name,
      format,
      distinct,
      hasMissing,
      encoding,
    }));
}

/** (rows) Class indices; -1 where a row has none. null where values are learned. */
function classesOf(
  { target: [name], targets, columns }: Pick<TableSpec, 'target' | 'targets' | 'columns'>,
  [column]: readonly Column[],
): Int32Array | null {
  const format = columns.find((each) => each.name === name)?.format;
  if (targets.kind === 'values' || column === undefined || format === undefined) return null;
  if (column.kind === 'levels') {
    const indices = new Map(targets.labels.map((label, index) => [label, index]));
    const classOf = column.levels.map((level) => indices.get(level) ?? -1);
    return column.codes.map((code) => classOf[code] ?? -1);
  }
  const read = labelReader(format);
  const indices = new Map(targets.labels.map((label, index) => [read(label), index]));
  return Int32Array.from(column.values, (value) => indices.get(value) ?? -1);
}

/** From the label of a class to the number that cells of the class are read as. */
function labelReader(format: CellFormat): (label: string) => number {
  return format.type === 'boolean' ? numberReader(format) : Number;
}

/** (rows) */
function hasAllValues(targets: readonly Column[]): Uint8Array {
  const rows = targets[0]?.kind === 'numbers' ? targets[0].values.length : 0;
  const hasAll = new Uint8Array(rows).fill(1);
  for (const column of targets) {
    if (column.kind !== 'numbers') continue;
    column.values.forEach((value, row) => {
      if (Number.isNaN(value)) hasAll[row] = 0;
    });
  }
  return hasAll;
}
