/** The messages between a worker and the process that trains a run for it. */
import type { TrainingResources } from '../../model/engines/engine.js';
import type { StoreTarget } from '../../storage/open-storage.js';
import type { EpochMetrics, JobError, RunResult } from '../runs/run-events.js';

export type TrainingEnd =
  /** The run has ended, well or badly. */
  | { kind: 'finished' }
  /** It was released, as the signal asked. */
  | { kind: 'handed_back' }
  /** Another process owns it. */
  | { kind: 'taken_over' }
  /** It continues from its last checkpoint when the storage works again. */
  | { kind: 'storage_failed'; error: JobError };

/** All that the process needs to know; it reads no settings of its own. */
export interface TrainingTask extends TrainingResources {
  runId: string;
  /** In which the process owns the run. */
  term: number;
  /** Absolute. */
  dataDir: string;
  storeTarget: StoreTarget;
  logLevel: string;
  logFormat: 'json' | 'pretty';
  /** For its log lines; null: the run is not traced. */
  traceId: string | null;
}

/** What the process has just done; `tookMs` is how long that took. */
export type Observation =
  | { kind: 'progress'; samplesPerSecond: number | null; trainLoss: number | null }
  /** Since the epoch before, or since the run was taken up; its evaluation is part of it. */
  | { kind: 'epoch'; tookMs: number; metrics: EpochMetrics }
  | { kind: 'checkpoint'; tookMs: number; step: number }
  | { kind: 'evaluation'; tookMs: number; step: number }
  | { kind: 'publication'; tookMs: number; step: number; version: number; served?: boolean }
  | { kind: 'end'; status: RunResult['status']; error: JobError | null };

export type Observe = (observation: Observation) => void;

/** From the worker to the process. */
export type StopMessage = 'stop';

/** From the process to the worker: observations with their time in milliseconds, and at last how the attempt ends. */
export type MessageToWorker = { at: number; observation: Observation } | { end: TrainingEnd };
