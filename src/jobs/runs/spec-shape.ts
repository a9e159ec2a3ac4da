/** The shape of spec.json in each of its formats; run-spec.ts has its types. */
import type { Targets } from '../../data/dataset.js';
import { splitKinds, type TableSplit } from '../../data/splits.js';
import { pictureFits, type PictureInput } from '../../lib/picture-input.js';
import type { CellFormat } from '../../lib/cells/cell-format.js';
import type { Augmentation } from '../../model/augmentation/amounts.js';
import type { MistakeCosts } from '../../model/evaluation/evaluation.js';
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
  publishPolicies,
  type ArraysSplit,
  type CheckpointPolicy,
  type ClassWeight,
  type ColumnSpec,
  type RowCounts,
  type Rung,
  type SourcePin,
  type TableSpec,
  webhookEvents,
} from './run-spec.js';
import type { ReproducedPin } from './reproduction.js';
import type { SpecOfFormat1, StoredSpec } from './older-documents.js';
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
const rowCounts = object<RowCounts>({
  train: positive,
  validation: count,
  test: count,
  left_out: count,
  without_target: count,
});
const pictureInput = object<PictureInput>({
  width: positive,
  height: positive,
  channels: oneOf(1, 3),
  fit: oneOf(...pictureFits),
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
  reproduce: optional(
    object<ReproducedPin>({
      model: text,
      version: positive,
      sha256: text,
      job_id: text,
      step: count,
      device: nullable(text),
    }),
  ),
  image: optional(pictureInput),
  rows: optional(rowCounts),
  optimizer,
  augment: optional(augmentation),
  label_smoothing: optional(number),
  ensemble: optional(positive),
  epochs: positive,
  monitor: optional(oneOf(...monitors)),
  patience: optional(positive),
  min_epochs: optional(positive),
  rungs: optional(listOf(object<Rung>({ epoch: positive, bound: number }))),
  sweep_id: optional(text),
  trial: optional(positive),
  calibrated: optional(oneOfTrue),
  threshold: optional(thresholdRequest),
  positive: optional(text),
  batch_size: positive,
  seed: whole,
  engine: text,
  publish: oneOf(...publishPolicies),
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
  bins: optional(positive),
  rows: rowCounts,
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
