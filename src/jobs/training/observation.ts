/** What the process that trains a run lets its worker see, so that metrics and traces are the worker's business alone. */
import type { EpochMetrics, JobError, RunResult } from '../contracts.js';

/** Something that is over, with how long it took. */
export type Observation =
  | { kind: 'progress'; samplesPerSecond: number | null; trainLoss: number | null }
  /** Since the one before, or since the run was taken up; with its evaluation. */
  | { kind: 'epoch'; tookMs: number; metrics: EpochMetrics }
  | { kind: 'checkpoint'; tookMs: number; step: number }
  | { kind: 'publication'; tookMs: number; step: number; version: number }
  | { kind: 'end'; status: RunResult['status']; error: JobError | null };

export type Observe = (observation: Observation) => void;
