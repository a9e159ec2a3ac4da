/** What a worker and the process that trains a run for it say to each other. */
import type { TrainingResources } from '../../model/engines/engine.js';
import type { StoreTarget } from '../../storage/open-storage.js';
import type { EpochMetrics, JobError, RunResult } from '../runs/documents.js';

export type TrainingEnd =
  /** The run has ended, well or badly. */
  | { kind: 'finished' }
  /** It was let go of, as the signal asked. */
  | { kind: 'handed_back' }
  /** Another has it in hand. */
  | { kind: 'taken_over' }
  /** It goes on from its last checkpoint when the storage does. */
  | { kind: 'storage_failed'; error: JobError };

/** All that the process needs to know; it reads no settings of its own. */
export interface TrainingTask extends TrainingResources {
  runId: string;
  /** In which it may write. */
  term: number;
  /** Absolute. */
  dataDir: string;
  storeTarget: StoreTarget;
  logLevel: string;
  logFormat: 'json' | 'pretty';
  /** For its log lines; null: the run is not traced. */
  traceId: string | null;
}

/** Something that is over, with how long it took. */
export type Observation =
  | { kind: 'progress'; samplesPerSecond: number | null; trainLoss: number | null }
  /** Since the one before, or since the run was taken up; with its evaluation. */
  | { kind: 'epoch'; tookMs: number; metrics: EpochMetrics }
  | { kind: 'checkpoint'; tookMs: number; step: number }
  | { kind: 'publication'; tookMs: number; step: number; version: number }
  | { kind: 'end'; status: RunResult['status']; error: JobError | null };

export type Observe = (observation: Observation) => void;

/** From the worker to the process. */
export type StopMessage = 'stop';

/** From the process to the worker: what it has seen, as of a time in milliseconds, and at last how it ends. */
export type MessageToWorker = { at: number; observation: Observation } | { end: TrainingEnd };
