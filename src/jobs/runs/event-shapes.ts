/** The shapes of a run's events, its result and its marks, for what is read of them; run-events.ts has their types. */
import type { EvaluationSummary, SplitSummary, SplitWeights } from '../../model/evaluation/evaluation.js';
import type { Figures } from '../../model/evaluation/figures.js';
import type {
  AdapterUsed,
  EngineChoice,
  EpochMetrics,
  JobError,
  JobProgress,
  JobStatus,
  PublishedVersion,
  RunEvent,
  RunResult,
  RunSummary,
  Stopped,
} from './run-events.js';
import type { Reproduction } from './reproduction.js';
import type { ResultOfFormat1 } from './older-documents.js';
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
  type Shape,
} from '../../lib/json-shape.js';
import type { EpochOutcomes, ValueOutcomes } from './outcomes.js';

/** Its code may be one of a newer version of the service. */
const jobError = object<JobError>({ code: text as Shape<JobError['code']>, message: text });

const adapterUsed = object<AdapterUsed>({
  name: text,
  vendor: text,
  driver: text,
  software: flag,
  limits: object<AdapterUsed['limits']>({
    buffer_bytes: count,
    binding_bytes: count,
    workgroup_bytes: count,
    workgroup_threads: count,
  }),
});

const engineChoice = object<EngineChoice>({
  name: text,
  device: text,
  adapter: optional(adapterUsed),
  reason: text,
});

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
  reason: oneOf('patience', 'epochs', 'rung'),
  epoch: positive,
  best_epoch: nullable(positive),
  bound: optional(number),
});

const publishedVersion = {
  version: positive,
  step: count,
  served: optional(flag),
  held: optional(flag),
  pinned_to: optional(nullable(positive)),
  reasons: optional(listOf(text)),
};

const reproduction = {
  model: text,
  version: positive,
  equal: flag,
  sha256: text,
  expected_sha256: text,
  largest_difference: optional(nullable(number)),
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
    reproduction: optional(object<Reproduction>(reproduction)),
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
  reproduced: object<Extract<RunEvent, { type: 'reproduced' }>>({ ...head('reproduced'), ...reproduction }),
  log: object({ ...head('log'), level: oneOf('warn', 'error'), message: text }),
  missing: object({
    ...head('missing'),
    first_seq: positive,
    status: nullable(statusInLog),
    message: text,
  }),
});
