/**
 * spec.json, as it lies in the run store: all that decides a run, every default resolved. Documents are snake_case, with
 * ISO 8601 times.
 */
import type { Targets } from '../../data/dataset.js';
import type { TableSplit } from '../../data/splits.js';
import type { PictureInput } from '../../lib/picture-input.js';
import type { CellFormat, CellType } from '../../lib/cells/cell-format.js';
import type { Augmentation } from '../../model/augmentation/amounts.js';
import type { PublishIf } from '../../model/evaluation/publish-gate.js';
import type { ThresholdRequest } from '../../model/evaluation/threshold.js';
import type { Loss, Task } from '../../model/network/losses.js';
import type { NetworkSpec } from '../../model/network/network.js';
import type { OptimizerSpec } from '../../model/network/optimizers.js';
import type { Encoding } from '../../model/preprocessing/table.js';
import type { TraceContext } from '../../telemetry/trace-context.js';
import type { ReproducedPin } from './reproduction.js';

export const webhookEvents = [
  'job.queued',
  'job.running',
  'job.metrics',
  'job.checkpoint',
  'job.paused',
  'job.succeeded',
  'job.failed',
  'job.cancelled',
] as const;

export type WebhookEvent = (typeof webhookEvents)[number];

/** As the run's spec keeps it. */
export interface WebhookSpec {
  url: string;
  events: WebhookEvent[];
}

/** none: nothing is published, and the test split is not looked at. */
export const publishPolicies = ['final', 'best', 'every_checkpoint', 'none'] as const;

export type PublishPolicy = (typeof publishPolicies)[number];

/** Training stops after `epoch` unless the best epoch so far reaches `bound` by the figure that the run monitors. */
export interface Rung {
  epoch: number;
  bound: number;
}

/** plain: the classic network. auto: what has proved best for data of this kind and size. */
export const presets = ['plain', 'auto'] as const;

export type Preset = (typeof presets)[number];

/** The figure of the validation split by which the best epoch is found. Accuracy is of classes, rmse of values. */
export const monitors = ['loss', 'accuracy', 'rmse'] as const;

export type Monitor = (typeof monitors)[number];

export const columnRoles = ['feature', 'ignore', 'target', 'weight', 'group', 'time', 'split'] as const;

/**
 * What a job does with a column: learns from it, leaves it, predicts it, weighs rows by it, or divides the rows by its groups,
 * its order in time or the splits that it names.
 */
export type ColumnRole = (typeof columnRoles)[number];

/** How the rows of arrays are divided further. */
export interface ArraysSplit {
  /** The fraction of the training rows that is set apart for validation; 0: none. */
  validation: number;
}

/** balanced: each class by rows / (classes · rows of the class), of the training rows. By label: others weigh 1. */
export type ClassWeight = 'none' | 'balanced' | Record<string, number>;

/** What a job makes of a table, every decision resolved. */
export interface TableSpec {
  /** The columns to predict, in the order of the outputs of a regression. */
  target: string[];
  targets: Targets;
  /** All columns, in the order of the file. */
  columns: ColumnSpec[];
  class_weight: ClassWeight;
  /** Left out: standard. */
  encoding?: Encoding;
  /** Of piecewise; left out: `usualBins`. */
  bins?: number;
  rows: RowCounts;
}

export interface ColumnSpec {
  name: string;
  role: ColumnRole;
  /** How the job reads its cells. */
  format: CellFormat;
  /** Distinct texts. */
  distinct: number;
  has_missing: boolean;
  /** Cells that are not of the format; they count as missing. */
  unreadable: number;
}

export interface RowCounts {
  train: number;
  validation: number;
  test: number;
  /** In none of the splits. */
  left_out: number;
  /** Those of `left_out` that have no target. */
  without_target: number;
}

/** When to checkpoint besides at the end and when the run is stopped, and how many of the newest to keep. */
export interface CheckpointPolicy {
  every_steps: number | null;
  /** Of training. Both null: every ten seconds, or more rarely if checkpoints would take more than a hundredth of the time. */
  every_seconds: number | null;
  keep: number;
}

/** The content that a run trains on. */
export interface DatasetPin {
  name: string;
  /** null: the run is older than this field, and trains on the version that is the newest. */
  version: number | null;
  /** Of the content. null: the run is older than this field, and trains on what the dataset holds. */
  sha256: string | null;
}

/** The published version that a run starts from. */
export interface SourcePin {
  model: string;
  version: number;
  /** Of its file. */
  sha256: string;
}

/** spec.json: all that decides a run, every default resolved. Written before the run is enqueued, never changed. */
export interface RunSpec {
  format_version: 2;
  model: string;
  dataset: DatasetPin;
  task: Task;
  split: ArraysSplit | TableSplit;
  /** Where the dataset is a table. */
  table?: TableSpec;
  /** Where the dataset is pictures: the input that each becomes, … */
  image?: PictureInput;
  /** … and how many are in each split. */
  rows?: RowCounts;
  network: NetworkSpec;
  /** Runs older than presets lack it: they are plain. */
  preset?: Preset;
  /** Why the preset chose as it did, by the field of the spec. */
  reasons?: Record<string, string>;
  /** Left out: the parameters are random at first. */
  init_from?: SourcePin;
  /** The sweep that made the run. Left out: a client did. */
  sweep_id?: string;
  /** Of the sweep, from 1. Left out: it is no trial. */
  trial?: number;
  /** Left out: the run publishes what it trains. */
  reproduce?: ReproducedPin;
  loss: Loss;
  optimizer: OptimizerSpec;
  /** How the training pictures are changed for each epoch. Left out: they are not. */
  augment?: Augmentation;
  /** Left out: 0. */
  label_smoothing?: number;
  /** Members, at least 2; see ensemble.ts. Left out: one network is trained. */
  ensemble?: number;
  /** Of each member. */
  epochs: number;
  /** Left out: loss. */
  monitor?: Monitor;
  /** Training stops after so many epochs without a better one. Left out: it does not. */
  patience?: number;
  /** It does not stop before. Left out: 1. */
  min_epochs?: number;
  /** Of a trial. Left out: no rung stops it. */
  rungs?: Rung[];
  /** Left out: the probabilities are as the network gives them. */
  calibrated?: true;
  /** Left out: the likelier class is the answer. */
  threshold?: ThresholdRequest;
  /** Left out: the rarer class of the training rows. */
  positive?: string;
  batch_size: number;
  seed: number;
  /** 'auto' or the name of an engine. */
  engine: string;
  publish: PublishPolicy;
  /** Left out, as in older specs: always. */
  publish_if?: PublishIf;
  checkpoint: CheckpointPolicy;
  /** From -100 to 100; higher goes first. */
  priority: number;
  /** Of being trained, pauses and waiting left out; null: no limit. */
  time_limit_seconds: number | null;
  webhook: WebhookSpec | null;
  metadata: Record<string, string>;
  /** Under which the request was remembered; null: it came without an Idempotency-Key. */
  idempotency_key: string | null;
  /** Of the request that it came with; null: it was not traced. */
  trace_context: TraceContext | null;
  /** Steps of the whole run, of all members. */
  steps: number;
  created_at: string;
}

const trainingFields = [
  'task',
  'preset',
  'reasons',
  'init_from',
  'reproduce',
  'image',
  'rows',
  'network',
  'loss',
  'split',
  'optimizer',
  'augment',
  'label_smoothing',
  'ensemble',
  'epochs',
  'monitor',
  'patience',
  'min_epochs',
  'rungs',
  'calibrated',
  'threshold',
  'positive',
  'batch_size',
  'seed',
  'engine',
  'publish',
  'publish_if',
  'checkpoint',
] as const satisfies (keyof RunSpec)[];

/** The part of the spec that says what is trained and kept. That of a table can be sent again, field by field. */
export interface TrainingSpec
  extends
    Pick<RunSpec, (typeof trainingFields)[number]>,
    Partial<Pick<TableSpec, 'target' | 'class_weight' | 'encoding' | 'bins' | 'rows'>> {
  columns?: ShownColumn[];
}

export interface ShownColumn extends Pick<ColumnSpec, 'name' | 'role'> {
  type: CellType;
  /** Left out where all cells can be read. */
  unreadable?: number;
}

export function trainingSpecOf(spec: RunSpec): TrainingSpec {
  const fields = trainingFields.filter((field) => spec[field] !== undefined);
  const shown = Object.fromEntries(fields.map((field) => [field, spec[field]])) as unknown as TrainingSpec;
  return { ...shown, ...(spec.table && shownTable(spec.table)) };
}

function shownTable({
  target,
  columns,
  class_weight,
  encoding = 'standard',
  bins,
  rows,
}: TableSpec): Partial<TrainingSpec> {
  const shown = columns.map(({ name, role, format, unreadable }) => ({
    name,
    role,
    type: format.type,
    ...(unreadable > 0 && { unreadable }),
  }));
  return { target, columns: shown, class_weight, encoding, ...(bins !== undefined && { bins }), rows };
}
