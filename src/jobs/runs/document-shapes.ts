/** The shapes of a run's documents, for what is read of them; contracts.ts has their types. */
import { losses } from '../../model/network/losses.js';
import { activations, type StoredNetworkSpec } from '../../model/network/network.js';
import type { AdamSpec, OptimizerSpec, RmspropSpec, SgdSpec } from '../../model/network/optimizers.js';
import type { TraceContext } from '../../telemetry/trace-context.js';
import {
  type CheckpointPolicy,
  type EngineChoice,
  type EpochMetrics,
  type JobError,
  type JobProgress,
  type JobStatus,
  type RunEvent,
  type RunResult,
  type RunSpec,
  type RunSummary,
  webhookEvents,
} from './documents.js';
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

/** The fields that a spec may lack, as it may be older than they are. */
export type NewerSpecFields =
  'checkpoint' | 'priority' | 'time_limit_seconds' | 'webhook' | 'idempotency_key' | 'trace_context';

export type StoredRunSpec = Omit<RunSpec, NewerSpecFields | 'network'> &
  Partial<Pick<RunSpec, NewerSpecFields>> & { network: StoredNetworkSpec };

const version1 = oneOf(1);

const network = object<StoredNetworkSpec>({
  inputs: positive,
  hidden: listOf(
    object<StoredNetworkSpec['hidden'][number]>({
      units: positive,
      activation: oneOf(...activations),
      dropout: optional(number),
    }),
  ),
  outputs: positive,
});

const adam = (type: AdamSpec['type']): Shape<OptimizerSpec> =>
  object<AdamSpec>({
    type: oneOf(type),
    learning_rate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    weight_decay: number,
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
  }),
  rmsprop: object<RmspropSpec>({
    type: oneOf('rmsprop'),
    learning_rate: number,
    alpha: number,
    epsilon: number,
    weight_decay: number,
  }),
});

export const runSpec = object<StoredRunSpec>({
  format_version: version1,
  model: text,
  dataset: text,
  network,
  loss: oneOf(...losses),
  optimizer,
  epochs: positive,
  batch_size: positive,
  seed: whole,
  engine: text,
  publish: oneOf('final', 'best', 'every_checkpoint'),
  checkpoint: optional(
    object<CheckpointPolicy>({
      every_steps: nullable(positive),
      every_seconds: nullable(number),
      keep: positive,
    }),
  ),
  priority: optional(whole),
  time_limit_seconds: optional(nullable(number)),
  webhook: optional(nullable(object({ url: text, events: listOf(oneOf(...webhookEvents)) }))),
  metadata: mapOf(text),
  idempotency_key: optional(nullable(text)),
  trace_context: optional(nullable(object<TraceContext>({ traceparent: text, tracestate: optional(text) }))),
  steps: positive,
  created_at: time,
});

/** Its code may be one of a newer version of the service. */
const jobError = object<JobError>({ code: text as Shape<JobError['code']>, message: text });

const engineChoice = object<EngineChoice>({ name: text, device: text, reason: text });

const progress = object<JobProgress>({
  epoch: count,
  epochs: count,
  step: count,
  steps: count,
  fraction: number,
  samples_per_second: nullable(number),
  eta_seconds: nullable(number),
  train_loss: nullable(number),
  train_accuracy: nullable(number),
});

const epochMetrics = object<EpochMetrics>({
  epoch: positive,
  step: count,
  train_loss: number,
  train_accuracy: number,
  test_loss: number,
  test_accuracy: number,
});

const endStatus = oneOf('succeeded', 'failed', 'cancelled');

export const runResult = object<RunResult>({
  format_version: version1,
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
    version: nullable(positive),
  }),
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
  /** To which the term brought the run; null: it told of no status. Older documents do not say. */
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

/** A line of the log. That a run has ended is told by its result, and by no line. */
export const loggedEvent = variant<RunEvent>('type', {
  status: variant<RunEvent>('status', {
    queued: object({ ...head('status'), status: oneOf('queued'), error: nullable(jobError) }),
    running: object({ ...head('status'), status: oneOf('running'), attempt: positive }),
    paused: object({ ...head('status'), status: oneOf('paused') }),
  }),
  started: object({ ...head('started'), engine: engineChoice, resumed_from_step: nullable(count) }),
  progress: object({ ...head('progress'), progress }),
  metrics: object({ ...head('metrics'), metrics: epochMetrics }),
  checkpoint: object({ ...head('checkpoint'), step: count }),
  published: object({ ...head('published'), version: positive, step: count }),
  log: object({ ...head('log'), level: oneOf('warn', 'error'), message: text }),
  missing: object({
    ...head('missing'),
    first_seq: positive,
    status: nullable(statusInLog),
    message: text,
  }),
});
