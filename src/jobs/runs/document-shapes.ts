/** The shapes of a run's documents, for what is read of them; documents.ts has their types. */
import type { Targets } from '../../data/dataset.js';
import { splitKinds, type TableSplit } from '../../data/splits.js';
import type { CellFormat } from '../../lib/cells/cell-format.js';
import type { Augmentation } from '../../model/augmentation/amounts.js';
import type {
  EvaluationSummary,
  MistakeCosts,
  SplitSummary,
  SplitWeights,
} from '../../model/evaluation/evaluation.js';
import type { Figures } from '../../model/evaluation/figures.js';
import type { ThresholdRequest } from '../../model/evaluation/threshold.js';
import { figureNames } from '../../model/evaluation/figures.js';
import type { PublishIf, PublishRule } from '../../model/evaluation/publish-gate.js';
import { losses, type Task } from '../../model/network/losses.js';
import { activations, type NetworkSpec } from '../../model/network/network.js';
import type { AdamSpec, OptimizerSpec, RmspropSpec, SgdSpec } from '../../model/network/optimizers.js';
import type { Schedule } from '../../model/network/schedules.js';
import { encodings } from '../../model/preprocessing/table.js';
import type { TraceContext } from '../../telemetry/trace-context.js';
import {
  columnRoles,
  monitors,
  presets,
  type ArraysSplit,
  type CheckpointPolicy,
  type ClassWeight,
  type ColumnSpec,
  type EngineChoice,
  type EpochMetrics,
  type JobError,
  type JobProgress,
  type JobStatus,
  type PublishedVersion,
  type RowCounts,
  type RunEvent,
  type RunResult,
  type RunSummary,
  type SourcePin,
  type Stopped,
  type TableSpec,
  webhookEvents,
} from './documents.js';
import type { ResultOfFormat1, SpecOfFormat1, StoredSpec } from './older-documents.js';
import { inEachFormat } from './json-document.js';
import {
  count,
  flag,
  listOf,
  mapOf,
  nullable,
  number,
  object,
  oneOf,
  optional,
  positive,
  text,
  time,
  variant,
  whole,
  type Shape,
} from '../../lib/json-shape.js';
import type { EpochOutcomes, ValueOutcomes } from './outcomes.js';

const hiddenLayer = {
  units: positive,
  activation: oneOf(...activations),
};

const network = object<NetworkSpec>({
  inputs: positive,
  hidden: listOf(object<NetworkSpec['hidden'][number]>({ ...hiddenLayer, dropout: number })),
  outputs: positive,
});

const networkOfFormat1 = object<SpecOfFormat1['network']>({
  inputs: positive,
  hidden: listOf(
    object<SpecOfFormat1['network']['hidden'][number]>({ ...hiddenLayer, dropout: optional(number) }),
  ),
  outputs: positive,
});

const schedule = variant<Schedule>('type', {
  constant: object({ type: oneOf('constant'), warmup: number }),
  cosine: object({ type: oneOf('cosine'), warmup: number }),
  one_cycle: object({ type: oneOf('one_cycle'), warmup: number }),
  flat_cosine: object({ type: oneOf('flat_cosine'), warmup: number, flat: number }),
  step: object({ type: oneOf('step'), warmup: number, every: number, factor: number }),
});

const optimizerOptions = {
  schedule: optional(schedule),
  clip_norm: optional(number),
  ema: optional(number),
};

const adam = (type: AdamSpec['type']): Shape<OptimizerSpec> =>
  object<AdamSpec>({
    type: oneOf(type),
    learning_rate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    weight_decay: number,
    ...optimizerOptions,
  });

const optimizer = variant<OptimizerSpec>('type', {
  adam: adam('adam'),
  adamw: adam('adamw'),
  sgd: object<SgdSpec>({
    type: oneOf('sgd'),
    learning_rate: number,
    momentum: number,
    nesterov: flag,
    weight_decay: number,
    ...optimizerOptions,
  }),
  rmsprop: object<RmspropSpec>({
    type: oneOf('rmsprop'),
    learning_rate: number,
    alpha: number,
    epsilon: number,
    weight_decay: number,
    ...optimizerOptions,
  }),
});

const checkpointPolicy = object<CheckpointPolicy>({
  every_steps: nullable(positive),
  every_seconds: nullable(number),
  keep: positive,
});
const webhook = nullable(object({ url: text, events: listOf(oneOf(...webhookEvents)) }));
const traceContext = nullable(object<TraceContext>({ traceparent: text, tracestate: optional(text) }));

const augmentation = object<Augmentation>({
  shift: number,
  rotation: number,
  scale: number,
  shear: number,
  stroke: number,
  noise: number,
  specks: number,
  lines: number,
  shade: number,
});
const oneOfTrue: Shape<true> = (value, path) => (value === true ? null : `${path} is not true`);
const costs = object<MistakeCosts>({ false_positive: number, false_negative: number });
const costRequest = object<Extract<ThresholdRequest, object>>({ cost: costs });
const thresholdRequest: Shape<ThresholdRequest> = (value, path) => {
  if (typeof value === 'object') return costRequest(value, path);
  return typeof value === 'number' ? number(value, path) : oneOf('auto')(value, path);
};
const publishRule = object<PublishRule>({
  metric: oneOf(...figureNames),
  at_least: optional(number),
  at_most: optional(number),
  better_than: optional(oneOf('latest')),
});
const publishIf: Shape<PublishIf> = (value, path) =>
  typeof value === 'string' ? oneOf('always', 'better_than_baseline')(value, path) : publishRule(value, path);

/** The same in every format. */
const specFields = {
  model: text,
  preset: optional(oneOf(...presets)),
  reasons: optional(mapOf(text)),
  init_from: optional(object<SourcePin>({ model: text, version: positive, sha256: text })),
  optimizer,
  augment: optional(augmentation),
  label_smoothing: optional(number),
  ensemble: optional(positive),
  epochs: positive,
  monitor: optional(oneOf(...monitors)),
  patience: optional(positive),
  min_epochs: optional(positive),
  calibrated: optional(oneOfTrue),
  threshold: optional(thresholdRequest),
  positive: optional(text),
  batch_size: positive,
  seed: whole,
  engine: text,
  publish: oneOf('final', 'best', 'every_checkpoint'),
  publish_if: optional(publishIf),
  metadata: mapOf(text),
  steps: positive,
  created_at: time,
};

const specOfFormat1 = object<SpecOfFormat1>({
  ...specFields,
  format_version: oneOf(1),
  dataset: text,
  network: networkOfFormat1,
  loss: oneOf('cross_entropy', 'mse'),
  checkpoint: optional(checkpointPolicy),
  priority: optional(whole),
  time_limit_seconds: optional(nullable(number)),
  webhook: optional(webhook),
  idempotency_key: optional(nullable(text)),
  trace_context: optional(traceContext),
});

const missing = listOf(text);
const textFormat = object<CellFormat>({ type: oneOf('category', 'id', 'text'), missing });
const cellFormat = variant<CellFormat>('type', {
  number: object({
    type: oneOf('number'),
    missing,
    decimal: oneOf('.', ','),
    grouping: oneOf('', ',', '.', ' ', "'"),
  }),
  boolean: object({ type: oneOf('boolean'), missing, true: listOf(text), false: listOf(text) }),
  datetime: object({ type: oneOf('datetime'), missing, order: oneOf('ymd', 'dmy', 'mdy') }),
  category: textFormat,
  id: textFormat,
  text: textFormat,
});

const classWeight: Shape<ClassWeight> = (value, path) =>
  typeof value === 'string' ? oneOf<string>('none', 'balanced')(value, path) : mapOf(number)(value, path);

const tableSpec = object<TableSpec>({
  target: listOf(text),
  targets: variant<Targets>('kind', {
    classes: object({ kind: oneOf('classes'), labels: listOf(text) }),
    values: object({ kind: oneOf('values'), names: listOf(text) }),
  }),
  columns: listOf(
    object<ColumnSpec>({
      name: text,
      role: oneOf(...columnRoles),
      format: cellFormat,
      distinct: count,
      has_missing: flag,
      unreadable: count,
    }),
  ),
  class_weight: classWeight,
  encoding: optional(oneOf(...encodings)),
  rows: object<RowCounts>({
    train: positive,
    validation: count,
    test: count,
    left_out: count,
    without_target: count,
  }),
});

const arraysSplit = object<ArraysSplit>({ validation: number });
const tableSplit = object<TableSplit>({
  by: oneOf(...splitKinds),
  column: nullable(text),
  validation: number,
  test: number,
});

const specOfFormat2 = object<StoredSpec>({
  ...specFields,
  format_version: oneOf(2),
  dataset: object<StoredSpec['dataset']>({
    name: text,
    version: optional(nullable(positive)),
    sha256: nullable(text),
  }),
  task: oneOf<Task>('classification', 'regression'),
  split: (value, path) => (isWithBy(value) ? tableSplit : arraysSplit)(value, path),
  table: optional(tableSpec),
  network,
  loss: oneOf(...losses),
  checkpoint: checkpointPolicy,
  priority: whole,
  time_limit_seconds: nullable(number),
  webhook,
  idempotency_key: nullable(text),
  trace_context: traceContext,
});

function isWithBy(split: unknown): boolean {
  return typeof split === 'object' && split !== null && 'by' in split;
}

export const runSpec = inEachFormat<SpecOfFormat1 | StoredSpec>({ 1: specOfFormat1, 2: specOfFormat2 });

/** Its code may be one of a newer version of the service. */
const jobError = object<JobError>({ code: text as Shape<JobError['code']>, message: text });

const engineChoice = object<EngineChoice>({ name: text, device: text, reason: text });

const progress = object<JobProgress>({
  member: optional(positive),
  members: optional(positive),
  epoch: count,
  epochs: count,
  step: count,
  steps: count,
  fraction: number,
  samples_per_second: nullable(number),
  eta_seconds: nullable(number),
  train_loss: nullable(number),
  train_accuracy: nullable(number),
  evaluated: optional(number),
});

/** Each field is one of `figureNames`; a newer version of the service may know more. */
const figures: Shape<Figures> = mapOf(number);

const splitSummary = object<SplitSummary>({
  rows: positive,
  figures,
  weights: optional(object<SplitWeights>({ sum: number, effective_rows: number })),
  intervals: mapOf(listOf(number)),
  baselines: object<SplitSummary['baselines']>({ constant: figures, linear: optional(figures) }),
});

const evaluationSummary = object<EvaluationSummary>({
  validation: optional(splitSummary),
  test: optional(splitSummary),
});

const epochMetrics = object<EpochMetrics>({
  member: optional(positive),
  epoch: positive,
  step: count,
  train_loss: number,
  train_accuracy: optional(number),
  train_rmse: optional(number),
  validation_loss: optional(number),
  validation_accuracy: optional(number),
  validation_rmse: optional(number),
  test_loss: optional(number),
  test_accuracy: optional(number),
  test_rmse: optional(number),
});

const outcomes = object<Omit<EpochOutcomes, 'member' | 'epoch'>>({
  split: oneOf('validation', 'test'),
  rows: positive,
  labels: optional(listOf(text)),
  confusion: optional(listOf(listOf(count))),
  values: optional(
    listOf(
      object<ValueOutcomes>({
        name: text,
        edges: listOf(number),
        counts: listOf(count),
        pairs: listOf(listOf(number)),
      }),
    ),
  ),
});

const stopped = object<Stopped>({
  member: optional(positive),
  reason: oneOf('patience', 'epochs'),
  epoch: positive,
  best_epoch: nullable(positive),
});

const publishedVersion = {
  version: positive,
  step: count,
  served: optional(flag),
  held: optional(flag),
  pinned_to: optional(nullable(positive)),
  reasons: optional(listOf(text)),
};

const endStatus = oneOf('succeeded', 'failed', 'cancelled');

const resultFields = {
  status: endStatus,
  error: nullable(jobError),
  finished_at: time,
  summary: object<RunSummary>({
    attempts: count,
    last_error: nullable(jobError),
    started_at: nullable(time),
    engine: nullable(engineChoice),
    resumed_from_step: nullable(count),
    progress,
    metrics: nullable(epochMetrics),
    best_epoch: optional(nullable(positive)),
    best_metrics: optional(nullable(epochMetrics)),
    stopped: optional(nullable(stopped)),
    version: nullable(positive),
    evaluation: optional(evaluationSummary),
    publication: optional(nullable(object<PublishedVersion>(publishedVersion))),
  }),
};

export const runResult = inEachFormat<ResultOfFormat1 | RunResult>({
  1: object<ResultOfFormat1>({ ...resultFields, format_version: oneOf(1) }),
  2: object<RunResult>({ ...resultFields, format_version: oneOf(2) }),
});

export const runEnding = object<{ ending: 'succeeded' | 'cancelled' }>({
  ending: oneOf('succeeded', 'cancelled'),
});

export const runClosing = object<{ last_seq: number }>({ last_seq: positive });

export const termClaim = object<{ claimed_at: string; claimed_by: string }>({
  claimed_at: time,
  claimed_by: text,
});

export const pauseRequest = object<{ asked_at: string }>({ asked_at: time });

/** Where the events of a term end, and what holds there. */
export interface TermEnd {
  bytes: number;
  /** Of the last event in it; null: it has none. Older documents do not say. */
  last_seq?: number | null;
  /** To which the term brought the run; null: none of its events is a status. Older documents do not say. */
  status?: JobStatus | null;
  /** When that was measured. Older documents do not say. */
  measured_at?: string;
}

const statusInLog = oneOf<JobStatus>('queued', 'running', 'paused');

export const termEnd = object<TermEnd>({
  bytes: count,
  last_seq: optional(nullable(positive)),
  status: optional(nullable(statusInLog)),
  measured_at: optional(time),
});

const head = <Type extends string>(type: Type) => ({ seq: positive, time: text, type: oneOf(type) });

/** A line of the log. No line says that a run has ended: its result does. */
export const loggedEvent = variant<RunEvent>('type', {
  status: variant<RunEvent>('status', {
    queued: object({ ...head('status'), status: oneOf('queued'), error: nullable(jobError) }),
    running: object({ ...head('status'), status: oneOf('running'), attempt: positive }),
    paused: object({ ...head('status'), status: oneOf('paused') }),
  }),
  started: object({ ...head('started'), engine: engineChoice, resumed_from_step: nullable(count) }),
  progress: object({ ...head('progress'), progress }),
  metrics: object<Extract<RunEvent, { type: 'metrics' }>>({
    ...head('metrics'),
    metrics: epochMetrics,
    best_epoch: optional(nullable(positive)),
  }),
  outcomes: object<Extract<RunEvent, { type: 'outcomes' }>>({
    ...head('outcomes'),
    member: optional(positive),
    epoch: positive,
    outcomes: optional(outcomes),
  }),
  stopped: object({ ...head('stopped'), stopped }),
  checkpoint: object({ ...head('checkpoint'), step: count }),
  evaluated: object({ ...head('evaluated'), step: count, evaluation: evaluationSummary }),
  published: object<Extract<RunEvent, { type: 'published' }>>({ ...head('published'), ...publishedVersion }),
  log: object({ ...head('log'), level: oneOf('warn', 'error'), message: text }),
  missing: object({
    ...head('missing'),
    first_seq: positive,
    status: nullable(statusInLog),
    message: text,
  }),
});
