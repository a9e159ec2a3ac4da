/** The events of a run and what they add up to, as they lie in the run store and cross the wire. */
import type { ErrorCode } from '../../errors.js';
import type { EvaluationSummary } from '../../model/evaluation/evaluation.js';
import type { EpochOutcomes } from './outcomes.js';
import type { Reproduction } from './reproduction.js';

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
  /**
   * patience: no epoch was better for as many epochs as the spec says. epochs: all were done. rung: no epoch reached the bound of
   * the rung at the last one.
   */
  reason: 'patience' | 'epochs' | 'rung';
  /** The last one. */
  epoch: number;
  /** By the validation split; null without one. */
  best_epoch: number | null;
  /** Of that rung. */
  bound?: number;
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

/** Of WebGPU: a GPU, or a program that stands in for one. */
export interface AdapterUsed {
  name: string;
  vendor: string;
  driver: string;
  /** Whether it computes on the CPU. */
  software: boolean;
  limits: {
    buffer_bytes: number;
    binding_bytes: number;
    workgroup_bytes: number;
    workgroup_threads: number;
  };
}

export interface EngineChoice {
  name: string;
  device: string;
  /** Left out by engines that do not compute by WebGPU. */
  adapter?: AdapterUsed;
  /** Why this engine was chosen. */
  reason: string;
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
  /** In place of a publication, where the run trains a version again. */
  | ({ type: 'reproduced' } & Reproduction)
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
  /** Left out where the run does not train a version again, or has not done so yet. */
  reproduction?: Reproduction;
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
