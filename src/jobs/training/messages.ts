/** The messages between a worker and a process that trains runs for it. */
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

/** All that the process needs to know of a run; it reads no settings of its own. */
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

/** From the worker to the process. A process trains one run at a time; 'stop' is for the one that it trains, if any. */
export type MessageToProcess = { task: TrainingTask } | 'stop';

/** How an attempt ends. */
export interface EndMessage {
  end: TrainingEnd;
  /** Whether the process may train another run: this one succeeded or was released. */
  isSound: boolean;
  /** Whether it has opened a device that the next run would find open. */
  holdsDevice: boolean;
}

/** From the process to the worker: observations with their time in milliseconds, and at last how the attempt ends. */
export type MessageToWorker = { at: number; observation: Observation } | EndMessage;
