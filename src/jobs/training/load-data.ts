/** Loads what a run trains on: arrays and tables here, pictures in load-pictures.ts. */
import type { ClassIndices, TableContent } from '../../data/dataset.js';
import { rowsIn, splitRows, splitSamples } from '../../data/splits.js';
import type { Column } from '../../lib/cells/columns.js';
import type { SplitName } from '../../model/engines/engine.js';
import type { ModelDescription } from '../../model/files/model-file.js';
import { classHead, type Head, type ValueScaling } from '../../model/heads/head.js';
import {
  applyTable,
  fitTable,
  plannedWidth,
  type TablePreprocessing,
} from '../../model/preprocessing/table.js';
import type { ColumnSpec, RunSpec, TableSpec } from '../runs/run-spec.js';
import {
  divideTable,
  plansOf,
  readDecidingColumns,
  tableRunOf,
  type DecidingColumns,
  type DividedRows,
  type TableRunSpec,
} from '../runs/table-rows.js';
import { classWeights } from './class-weights.js';
import {
  eachSplit,
  refuseIfChanged,
  type LoadedData,
  type RecordedInputs,
  type TrainingDatasets,
} from './loaded-data.js';
import { loadPictures } from './load-pictures.js';

/** @throws TrainyardError DATASET_NOT_FOUND, DATASET_CORRUPT, DATASET_CHANGED */
export async function loadData(
  datasets: TrainingDatasets,
  spec: RunSpec,
  recorded: RecordedInputs | null = null,
): Promise<LoadedData> {
  const { image, split } = spec;
  if (image !== undefined && 'by' in split) {
    return loadPictures(datasets, { ...spec, image, split }, recorded);
  }
  const table = tableRunOf(spec);
  return table === null
    ? loadArrays(datasets, spec, recorded)
    : loadTable(datasets, spec, table, recorded?.preprocessing ?? null);
}

/**
 * What the description of the loaded data will say of their scaling.
 * @throws TrainyardError DATASET_NOT_FOUND, DATASET_CORRUPT
 */
export async function scalingOf(
  datasets: TrainingDatasets,
  spec: RunSpec,
  recorded: RecordedInputs | null,
): Promise<ModelDescription['scaling']> {
  if (tableRunOf(spec) !== null) return null;
  if (recorded !== null) return recorded.scaling;
  const info = await datasets.info(spec.dataset.name, spec.dataset.version ?? undefined);
  return info.kind === 'arrays' ? info.scaling : null;
}

/** (outputs) What one of each output is worth in its unit; [] where the outputs are the values. */
export function unitsOf({ head }: ModelDescription): number[] {
  return head.kind === 'values' ? (head.scaling ?? []).map(({ std }) => std) : [];
}

async function loadArrays(
  datasets: TrainingDatasets,
  { dataset, split, seed, network, loss }: RunSpec,
  recorded: RecordedInputs | null,
): Promise<LoadedData> {
  const { info, train, test } = await datasets.load(dataset.name, dataset.version ?? undefined);
  refuseIfChanged(dataset, info);
  const { targets } = info;
  const { scaling } = recorded ?? info;
  const head: Head =
    targets.kind === 'classes' ? classHead(loss, targets.labels) : { kind: 'values', names: targets.names };
  return {
    data: { ...splitSamples(train, { seed, fraction: split.validation }), test },
    rows: {
      validation: splitRows(train.count, { seed, fraction: split.validation }).validation,
      test: Uint32Array.from({ length: test.count }, (_, row) => row),
    },
    rowWeights: { train: null, validation: null, test: null },
    description: { format_version: 2, network, head, scaling },
  };
}

/** The rows of each split. */
type SplitRows = Record<SplitName, Uint32Array>;

async function loadTable(
  datasets: TrainingDatasets,
  { dataset, network, loss }: RunSpec,
  spec: TableRunSpec,
  recorded: TablePreprocessing | null,
): Promise<LoadedData> {
  const info = await datasets.info(dataset.name, dataset.version ?? undefined);
  refuseIfChanged(dataset, info);
  const content = await datasets.openTable(info.name, info.version);
  const deciding = await readDecidingColumns(content, spec);
  const divided = divideTable(spec, deciding);
  const rows = eachSplit((split) => rowsIn(divided.splits, split));
  const { targets } = spec.table;
  const learned =
    targets.kind === 'classes'
      ? learnClasses(divided, targets.labels.length)
      : learnValues(deciding.targets, rows.train);
  const head: Head =
    targets.kind === 'classes'
      ? classHead(loss, targets.labels)
      : { kind: 'values', names: targets.names, scaling: learned.scaling };
  const { rowWeights, weightsOf } = weigher(spec.table, divided, deciding, rows.train);
  const { preprocessing, inputs } =
    recorded === null
      ? await readInputs(content, spec.table, rows)
      : await readRecordedInputs(content, spec.table, rows, recorded);
  const data = eachSplit((split) => ({
    count: rows[split].length,
    width: preprocessing.width,
    inputs: inputs[split],
    targets: learned.targetsOf(rows[split]),
    weights: weightsOf(rows[split]),
  }));
  return {
    data,
    rows,
    rowWeights: eachSplit((split) => rowWeights(rows[split])),
    description: { format_version: 2, network, head, scaling: null, preprocessing },
  };
}

/** What there is to learn of each row. */
interface Learned {
  /** (rows.length) class indices, or (rows.length, outputs) standardised values. */
  targetsOf(rows: Uint32Array): ClassIndices | Float32Array;
  /** (outputs) [] for classes. */
  scaling: ValueScaling[];
}

function learnClasses({ classes }: DividedRows, count: number): Learned {
  const classOf = (row: number): number => classes?.[row] ?? 0;
  return {
    targetsOf: (rows) => (count <= 2 ** 8 ? Uint8Array.from(rows, classOf) : Uint16Array.from(rows, classOf)),
    scaling: [],
  };
}

/** Standardised by the training rows. */
function learnValues(targets: readonly Column[], train: Uint32Array): Learned {
  const columns = targets.map((column) => (column.kind === 'numbers' ? column.values : new Float64Array()));
  const scaling = columns.map((values): ValueScaling => {
    const mean = sumOver(train, (row) => values[row] ?? 0) / train.length;
    const variance = sumOver(train, (row) => ((values[row] ?? 0) - mean) ** 2) / train.length;
    return { mean, std: Math.sqrt(variance) || 1 };
  });
  return {
    targetsOf(rows) {
      const standardised = new Float32Array(rows.length * columns.length);
      scaling.forEach(({ mean, std }, output) => {
        rows.forEach((row, i) => {
          standardised[i * columns.length + output] = ((columns[output]?.[row] ?? 0) - mean) / std;
        });
      });
      return standardised;
    },
    scaling,
  };
}

function sumOver(rows: Uint32Array, valueOf: (row: number) => number): number {
  let sum = 0;
  for (const row of rows) sum += valueOf(row);
  return sum;
}

interface Weigher {
  /** (rows) The weights of the rows, times those of their classes. null: all count the same. */
  weightsOf: (rows: Uint32Array) => Float32Array | null;
  /** (rows) Without those of the classes. */
  rowWeights: (rows: Uint32Array) => Float32Array | null;
}

function weigher(
  { targets, class_weight }: TableSpec,
  { classes }: DividedRows,
  { weight }: DecidingColumns,
  train: Uint32Array,
): Weigher {
  const ofClass =
    classes === null || targets.kind === 'values'
      ? null
      : classWeights(class_weight, { labels: targets.labels, classes, train });
  const ofRow = weight?.kind === 'numbers' ? weight.values : null;
  return {
    weightsOf: (rows) =>
      ofClass === null && ofRow === null
        ? null
        : Float32Array.from(rows, (row) => (ofRow?.[row] ?? 1) * (ofClass?.[classes?.[row] ?? 0] ?? 1)),
    rowWeights: (rows) => ofRow && Float32Array.from(rows, (row) => ofRow[row] ?? 1),
  };
}

/** Columns that are in memory at a time, beside the inputs that they become. */
const columnsAtOnce = 8;

async function readInputs(
  content: TableContent,
  spec: TableSpec,
  rows: SplitRows,
): Promise<{ preprocessing: TablePreprocessing; inputs: Record<SplitName, Float32Array> }> {
  const plans = plansOf(spec);
  const width = plannedWidth(plans);
  const inputs = eachSplit((split) => new Float32Array(rows[split].length * width));
  const others = unusedColumnsOf(spec);
  const preprocessing: TablePreprocessing = { kind: 'table', columns: [], width, ...others };
  let offset = 0;
  for (let first = 0; first < plans.length; first += columnsAtOnce) {
    const some = plans.slice(first, first + columnsAtOnce);
    const read = await content.columns(some);
    const fitted = fitTable(some, read, rows.train, others);
    for (const split of ['train', 'validation', 'test'] as const) {
      const part = { inputs: applyTable(fitted, read, rows[split]), width: fitted.width };
      insertColumns(part, { inputs: inputs[split], width }, offset);
    }
    preprocessing.columns.push(...fitted.columns);
    offset += fitted.width;
  }
  return { preprocessing, inputs };
}

/** The inputs as the record makes them. Cells are read as the job reads them, and so is what the model is sent later. */
async function readRecordedInputs(
  content: TableContent,
  spec: TableSpec,
  rows: SplitRows,
  recorded: TablePreprocessing,
): Promise<{ preprocessing: TablePreprocessing; inputs: Record<SplitName, Float32Array> }> {
  const { width } = recorded;
  const formats = new Map(spec.columns.map(({ name, format }) => [name, format]));
  const columns = recorded.columns.map((column) => ({
    ...column,
    format: formats.get(column.name) ?? column.format,
  }));
  const preprocessing = { ...recorded, ...unusedColumnsOf(spec), columns };
  const inputs = eachSplit((split) => new Float32Array(rows[split].length * width));
  let offset = 0;
  for (let first = 0; first < columns.length; first += columnsAtOnce) {
    const some = columns.slice(first, first + columnsAtOnce);
    const read = await content.columns(some);
    const widthOfSome = some.flatMap(({ parts }) => parts).reduce((sum, part) => sum + part.width, 0);
    const part = { ...preprocessing, columns: some, width: widthOfSome };
    for (const split of ['train', 'validation', 'test'] as const) {
      const made = { inputs: applyTable(part, read, rows[split]), width: widthOfSome };
      insertColumns(made, { inputs: inputs[split], width }, offset);
    }
    offset += widthOfSome;
  }
  return { preprocessing, inputs };
}

/** The columns that a model of this table does not take. */
function unusedColumnsOf({ columns, target }: TableSpec): Pick<TablePreprocessing, 'targets' | 'ignored'> {
  const isUsed = ({ role }: ColumnSpec): boolean => role === 'feature' || role === 'target';
  const ignored = columns.filter((column) => !isUsed(column)).map(({ name }) => name);
  return { targets: target, ignored };
}

interface Inputs {
  /** (count, width) */
  inputs: Float32Array;
  width: number;
}

/** Copies the columns of `part` to those of `whole` from `offset` on. */
function insertColumns(part: Inputs, whole: Inputs, offset: number): void {
  const count = part.inputs.length / part.width;
  for (let i = 0; i < count; i++) {
    const row = part.inputs.subarray(i * part.width, (i + 1) * part.width);
    whole.inputs.set(row, i * whole.width + offset);
  }
}
