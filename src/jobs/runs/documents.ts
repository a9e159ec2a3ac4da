/**
 * The documents of a run, as they lie in the run store and cross the wire: snake_case, ISO 8601 times.
 * A run is what the store keeps; a job is what the API shows of it.
 */
import type { Targets } from '../../data/dataset.js';
import { splitKinds, type TableSplit } from '../../data/splits.js';
import type { ErrorCode } from '../../errors.js';
import type { CellFormat, CellType } from '../../lib/cells/cell-format.js';
import type { Augmentation } from '../../model/augmentation/amounts.js';
import type { EvaluationSummary } from '../../model/evaluation/evaluation.js';
import type { ThresholdRequest } from '../../model/evaluation/threshold.js';
import type { PublishIf } from '../../model/evaluation/publish-gate.js';
import type { Loss, Task } from '../../model/network/losses.js';
import type { HiddenLayer, NetworkSpec } from '../../model/network/network.js';
import type { AdamSpec, OptimizerSpec, RmspropSpec, SgdSpec } from '../../model/network/optimizers.js';
import type { Schedule } from '../../model/network/schedules.js';
import type { Encoding } from '../../model/preprocessing/table.js';
import type { TraceContext } from '../../telemetry/trace-context.js';

import type { EpochOutcomes } from './outcomes.js';

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

/** Sent when a job does not say which: the ways in which it may end. */
export const defaultWebhookEvents: readonly WebhookEvent[] = ['job.succeeded', 'job.failed', 'job.cancelled'];

/** What a client asks for. */
export interface WebhookRequest {
  url: string;
  events?: WebhookEvent[];
}

/** As the run's spec keeps it. */
export interface WebhookSpec {
  url: string;
  events: WebhookEvent[];
}

export type PublishPolicy = 'final' | 'best' | 'every_checkpoint';

/** plain: the classic network. auto: what has proved best for data of this kind and size. */
export const presets = ['plain', 'auto'] as const;

export type Preset = (typeof presets)[number];

/** The figure of the validation split by which the best epoch is found. Accuracy is of classes, rmse of values. */
export const monitors = ['loss', 'accuracy', 'rmse'] as const;

export type Monitor = (typeof monitors)[number];

/** What a client asks for. Every field has a default. */
export interface JobRequest {
  model?: string;
  /** Without a version: the newest one. */
  dataset?: string | { name: string; version?: number };
  /** The columns of a table to predict. */
  target?: string | string[];
  task?: 'auto' | Task;
  /** By name, or as a list, which takes names that no JSON object can have as keys. */
  columns?: Record<string, ColumnRequest> | (ColumnRequest & { name: string })[];
  class_weight?: ClassWeight;
  /** How the columns of a table become inputs. */
  encoding?: Encoding;
  preset?: Preset;
  /** The published version whose parameters training starts from. Without a version: the one that is latest. */
  init_from?: { model: string; version?: number };
  network?: { hidden?: HiddenLayerRequest[] };
  /** Of pictures. digits: what suits handwritten digits. An amount that is left out is 0. */
  augment?: AugmentRequest;
  /** 'mse' fits classes too: it is `one_hot_mse` then. */
  loss?: 'auto' | Loss;
  split?: SplitRequest;
  optimizer?: OptimizerRequest;
  label_smoothing?: number;
  /** Networks that are trained as one job and answer with their mean. */
  ensemble?: number;
  /** Of each member. A bound, where `patience` may end training sooner. */
  epochs?: number;
  monitor?: Monitor;
  /** null: training does not stop early, whatever the preset says. */
  patience?: number | null;
  min_epochs?: number;
  /** Whether the probabilities are made honest by the validation rows. */
  calibrated?: boolean;
  /** Of two classes: from which probability of `positive` on a row gets its label. */
  threshold?: ThresholdRequest;
  /** The label that the threshold is of. Left out: that of the rarer class. */
  positive?: string;
  batch_size?: number;
  seed?: number;
  engine?: string;
  publish?: PublishPolicy;
  publish_if?: PublishIf;
  checkpoint?: CheckpointRequest;
  priority?: number;
  time_limit_seconds?: number;
  webhook?: WebhookRequest;
  metadata?: Record<string, string>;
}

export type AugmentRequest = 'none' | 'digits' | Partial<Augmentation>;

export { splitKinds };

export const columnRoles = ['feature', 'ignore', 'target', 'weight', 'group', 'time', 'split'] as const;

/**
 * What a job does with a column: learns from it, leaves it, predicts it, weighs rows by it, or divides the rows by its groups,
 * its order in time or the splits that it names.
 */
export type ColumnRole = (typeof columnRoles)[number];

export interface ColumnRequest {
  role?: ColumnRole;
  type?: CellType;
}

export interface SplitRequest {
  validation?: number;
  test?: number;
  by?: TableSplit['by'];
  column?: string;
}

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

/** At most one of `every_steps` and `every_seconds`. */
export type CheckpointRequest = { [Key in keyof CheckpointPolicy]?: NonNullable<CheckpointPolicy[Key]> };

export type HiddenLayerRequest = Pick<HiddenLayer, 'units'> & Partial<HiddenLayer>;

/** Without a type it is Adam. */
export type OptimizerRequest = { schedule?: ScheduleRequest } & (
  | Partial<Omit<AdamSpec, 'schedule'>>
  | (Partial<Omit<SgdSpec, 'schedule'>> & Pick<SgdSpec, 'type'>)
  | (Partial<Omit<RmspropSpec, 'schedule'>> & Pick<RmspropSpec, 'type'>)
);

/** `flat` is for flat_cosine, `every` and `factor` are for step. */
export interface ScheduleRequest {
  type: Schedule['type'];
  warmup?: number;
  flat?: number;
  every?: number;
  factor?: number;
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
  network: NetworkSpec;
  /** Runs older than presets lack it: they are plain. */
  preset?: Preset;
  /** Why the preset chose as it did, by the field of the spec. */
  reasons?: Record<string, string>;
  /** Left out: the parameters are random at first. */
  init_from?: SourcePin;
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

/**
 * Figures of one epoch: over its training samples, before each update, and over the other splits, after the epoch. Losses
 * are means. Classes have accuracies, values root mean squared errors in their unit. `validation_…` and `test_…` are there
 * where there are such rows.
 */
export interface EpochMetrics {
  /** Of an ensemble: whose epoch it is, from 1. */
  member?: number;
  epoch: number;
  /** Steps done at its end. */
  step: number;
  train_loss: number;
  train_accuracy?: number;
  train_rmse?: number;
  validation_loss?: number;
  validation_accuracy?: number;
  validation_rmse?: number;
  test_loss?: number;
  test_accuracy?: number;
  test_rmse?: number;
}

/** Why training is over; of an ensemble, that of one member. */
export interface Stopped {
  /** Of an ensemble. */
  member?: number;
  /** patience: no epoch was better for as many epochs as the spec says. epochs: all were done. */
  reason: 'patience' | 'epochs';
  /** The last one. */
  epoch: number;
  /** By the validation split; null without one. */
  best_epoch: number | null;
}

export interface JobProgress {
  /** Of an ensemble: the member that is trained, from 1, and how many there are. */
  member?: number;
  members?: number;
  /** The epoch under way, from 1; the last one when training is over. 0 before the first step. */
  epoch: number;
  /** At most. */
  epochs: number;
  /** Steps done. */
  step: number;
  /** At most. */
  steps: number;
  /** step / steps, and 1 once training is over. */
  fraction: number;
  samples_per_second: number | null;
  /** At most, where training may end early. */
  eta_seconds: number | null;
  /** Means over the epoch so far. Values have no accuracy. */
  train_loss: number | null;
  train_accuracy: number | null;
  /** The fraction of the evaluation that is done. Left out while the network is trained. */
  evaluated?: number;
}

export interface EngineChoice {
  name: string;
  device: string;
  /** Why this engine was chosen. */
  reason: string;
}

/** Where a job waits. */
export interface JobQueue {
  name: string;
  /** Jobs in it, as of a moment ago. */
  waiting: number;
  /** Connected to it, busy ones too; with none its jobs wait until there is one. null: the datastore does not tell. */
  workers: number | null;
}

export interface JobError {
  code: ErrorCode;
  message: string;
}

export interface PublishedVersion extends Partial<ServedAs> {
  version: number;
  step: number;
}

/** Whether `latest` answered with a version once it was published. Older events do not say. */
export interface ServedAs {
  served: boolean;
  /** It is kept and not served, as `publish_if` wants it. */
  held: boolean;
  /** The version that `latest` is set to; null: it follows publication. */
  pinned_to: number | null;
  /** Why it is not served, as sentences. */
  reasons: string[];
}

/** `seq` counts from 1 without gaps within a run. */
export type RunEvent = { seq: number; time: string } & RunEventBody;

export type RunEventBody =
  | StatusChange
  | { type: 'started'; engine: EngineChoice; resumed_from_step: number | null }
  | { type: 'progress'; progress: JobProgress }
  /** Older events do not say which epoch is the best. */
  | { type: 'metrics'; metrics: EpochMetrics; best_epoch?: number | null }
  /** How the answers of an epoch came out. Lists and streams of events leave `outcomes` out. */
  | ({ type: 'outcomes'; outcomes?: Omit<EpochOutcomes, 'member' | 'epoch'> } & Pick<
      EpochOutcomes,
      'member' | 'epoch'
    >)
  /** Training is over. */
  | { type: 'stopped'; stopped: Stopped }
  | { type: 'checkpoint'; step: number }
  /** The network of the step is evaluated; it may be published. */
  | { type: 'evaluated'; step: number; evaluation: EvaluationSummary }
  | ({ type: 'published' } & PublishedVersion)
  | { type: 'log'; level: 'warn' | 'error'; message: string }
  /**
   * In place of events that the log has lost, from `first_seq` to its own seq. `status` is what the run was brought to
   * by them, as far as that is known.
   */
  | { type: 'missing'; first_seq: number; status: JobStatus | null; message: string }
  /** The last event of a run that has ended. */
  | { type: 'done'; status: EndStatus; version: number | null; error: JobError | null };

export type StatusChange = { type: 'status' } & (
  | {
      status: 'queued';
      /** Why the last attempt got no further; null when nothing went wrong. */
      error: JobError | null;
    }
  /** A worker took the run up; attempts are counted from 1. */
  | { status: 'running'; attempt: number }
  | { status: 'paused' }
  | { status: EndStatus; error: JobError | null }
);

/** What the events of a run add up to. */
export interface RunSummary {
  attempts: number;
  /** Why the last attempt got no further; null when nothing went wrong since. */
  last_error: JobError | null;
  started_at: string | null;
  engine: EngineChoice | null;
  /** Of the last attempt; null when it began at the beginning. */
  resumed_from_step: number | null;
  progress: JobProgress;
  /** Of the last epoch done. */
  metrics: EpochMetrics | null;
  /** Of the epochs done, by the validation split. Older results do not say. */
  best_epoch?: number | null;
  /** Of that epoch. Older results do not say. */
  best_metrics?: EpochMetrics | null;
  /** null: training is not over. Older results do not say. */
  stopped?: Stopped | null;
  /** The version published last. */
  version: number | null;
  /** Of the network evaluated last. Left out before the first; older runs lack it. */
  evaluation?: EvaluationSummary;
  /** Of that version. Older results do not say. */
  publication?: PublishedVersion | null;
}

/** result.json: how a run ended. The first writer's stands. */
export interface RunResult {
  format_version: 2;
  status: EndStatus;
  error: JobError | null;
  finished_at: string;
  /** As the events stood, so that an ended run is shown without reading them. */
  summary: RunSummary;
}

export type EndStatus = 'succeeded' | 'failed' | 'cancelled';
export type JobStatus = 'queued' | 'running' | 'paused' | EndStatus;

/** What the API shows of a run; derived from the run's files, stored nowhere. */
export interface Job extends Required<Omit<RunSummary, 'evaluation'>>, Pick<RunSummary, 'evaluation'> {
  id: string;
  object: 'job';
  status: JobStatus;
  /** null: it does not wait, or the queue does not answer. */
  queue: JobQueue | null;
  model: string;
  dataset: string;
  dataset_version: number | null;
  spec: TrainingSpec;
  priority: number;
  time_limit_seconds: number | null;
  webhook: WebhookSpec | null;
  error: JobError | null;
  created_at: string;
  finished_at: string | null;
  metadata: Record<string, string>;
}

const trainingFields = [
  'task',
  'preset',
  'reasons',
  'init_from',
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
    Partial<Pick<TableSpec, 'target' | 'class_weight' | 'encoding' | 'rows'>> {
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
  rows,
}: TableSpec): Partial<TrainingSpec> {
  const shown = columns.map(({ name, role, format, unreadable }) => ({
    name,
    role,
    type: format.type,
    ...(unreadable > 0 && { unreadable }),
  }));
  return { target, columns: shown, class_weight, encoding, rows };
}

/** What a request would train; nothing of it is stored. */
export interface JobPlan {
  object: 'job_plan';
  model: string;
  dataset: string;
  dataset_version: number | null;
  spec: TrainingSpec;
  /** Of all members of an ensemble. */
  parameters: number;
  /** At most, where there is a patience. */
  steps: number;
}

/** A page of jobs, newest first. */
export interface JobList {
  object: 'list';
  data: Job[];
  has_more: boolean;
}

export interface JobFilter {
  status?: JobStatus | undefined;
  model?: string | undefined;
  dataset?: string | undefined;
  dataset_version?: number | undefined;
  /** Whether the jobs have ended. */
  ended?: boolean | undefined;
  /** Each of these notes must be there. */
  metadata?: Record<string, string> | undefined;
}

/** Events in order; `after` is the seq of the last one of the page before. */
export interface EventList {
  object: 'list';
  data: RunEvent[];
  has_more: boolean;
}

/** The curve of a run. */
export interface MetricsList {
  object: 'list';
  data: EpochMetrics[];
  /** Epochs done; more than there are points where the curve was thinned. */
  epochs_done: number;
  /** Of the last event of the job that the curve is of. */
  last_seq: number;
  /** Where it was asked for: how the loss went within the epochs. */
  progress?: ProgressPoint[];
}

/** A look at the training, some times a second at most. */
export interface ProgressPoint extends Pick<
  JobProgress,
  'member' | 'epoch' | 'step' | 'train_loss' | 'samples_per_second'
> {
  time: string;
}

/** The outcomes of epochs, in their order. */
export interface OutcomesList {
  object: 'list';
  data: EpochOutcomes[];
  /** Epochs whose outcomes are recorded; more than `data` has where it was thinned. */
  recorded: number;
}

export interface CheckpointInfo {
  object: 'checkpoint';
  step: number;
  /** Of an ensemble: the member that was trained. Those before it are trained. */
  member?: number;
  /** Epochs done; of an ensemble, by that member. */
  epoch: number;
  size_bytes: number;
  created_at: string;
}

export interface CheckpointList {
  object: 'list';
  data: CheckpointInfo[];
  has_more: boolean;
}
