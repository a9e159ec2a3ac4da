/**
 * The documents of a run, as they lie in the run store and cross the wire: snake_case, ISO 8601 times.
 * A run is what the store keeps; a job is what the API shows of it.
 */
import type { ErrorCode } from '../errors.js';
import type { NetworkSpec } from '../model/network.js';
import type { AdamSpec } from '../model/optimizer.js';

export type PublishPolicy = 'final' | 'best' | 'every_checkpoint';

/** spec.json: all that decides a run, every default resolved. Written before the run is enqueued, never changed. */
export interface RunSpec {
  format_version: 1;
  model: string;
  dataset: string;
  network: NetworkSpec;
  loss: 'cross_entropy';
  optimizer: AdamSpec;
  epochs: number;
  batch_size: number;
  seed: number;
  /** 'auto' or the name of an engine. */
  engine: string;
  publish: PublishPolicy;
  metadata: Record<string, string>;
  created_at: string;
}

/** Means over an epoch's training samples (before each update) and over the test split (after the epoch). */
export interface EpochMetrics {
  epoch: number;
  step: number;
  train_loss: number;
  train_accuracy: number;
  test_loss: number;
  test_accuracy: number;
}

export interface JobProgress {
  /** The epoch under way, from 1; the last one when all are done. 0 before the first step. */
  epoch: number;
  epochs: number;
  /** Steps done. */
  step: number;
  steps: number;
  /** step / steps. */
  fraction: number;
  samples_per_second: number | null;
  eta_seconds: number | null;
  /** Mean over the epoch so far. */
  train_loss: number | null;
}

export interface EngineChoice {
  name: string;
  device: string;
  /** Why this engine was chosen. */
  reason: string;
}

export interface JobError {
  code: ErrorCode;
  message: string;
}

/** One line of events.jsonl. `seq` counts from 1 without gaps within a run. */
export type RunEvent = { seq: number; time: string } & RunEventBody;

export type RunEventBody =
  | { type: 'started'; attempt: number; engine: EngineChoice; resumed_from_step: number | null }
  | { type: 'progress'; progress: JobProgress }
  | { type: 'checkpoint'; step: number }
  | { type: 'metrics'; metrics: EpochMetrics }
  | { type: 'published'; version: number; step: number }
  | { type: 'handed_back'; step: number }
  | { type: 'log'; level: 'warn' | 'error'; message: string };

/** result.json: how a run ended. The first writer's stands. */
export interface RunResult {
  status: 'succeeded' | 'failed' | 'cancelled';
  /** The model version that this run published, if any. */
  version: number | null;
  metrics: EpochMetrics | null;
  error: JobError | null;
  finished_at: string;
}

export type JobStatus = 'queued' | 'running' | 'paused' | 'succeeded' | 'failed' | 'cancelled';

/** What the API shows of a run; derived from the run's files and the queue, stored nowhere. */
export interface Job {
  id: string;
  object: 'job';
  status: JobStatus;
  model: string;
  version: number | null;
  dataset: string;
  spec: Omit<RunSpec, 'format_version' | 'model' | 'dataset' | 'metadata' | 'created_at'>;
  progress: JobProgress;
  metrics: EpochMetrics | null;
  engine: EngineChoice | null;
  attempts: number;
  resumed_from_step: number | null;
  error: JobError | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  metadata: Record<string, string>;
}
