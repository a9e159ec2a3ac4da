/** A sweep and its trials as the API shows them; derived from documents, stored nowhere. */
import type { EndStatus, JobError, JobStatus } from '../runs/run-events.js';
import type { Rung } from '../runs/run-spec.js';
import { parameterImportance, type ParameterImportance } from '../search/importance.js';
import type { Parameters } from '../search/space.js';
import { bestTrial, budgetOf, secondsSpent, wishesOf, type RunStanding, type SweepState } from './plan.js';
import type { SweepSpec, TrialOutcome } from './sweep-documents.js';
import type { StoredTrial } from './sweep-store.js';

export const sweepStatuses = ['running', 'paused', 'succeeded', 'failed', 'cancelled'] as const;
export type SweepStatus = (typeof sweepStatuses)[number];

export const trialStatuses = [
  'queued',
  'running',
  'paused',
  'succeeded',
  'stopped',
  'failed',
  'cancelled',
] as const;
export type TrialStatus = (typeof trialStatuses)[number];

type ShownSpec = Pick<
  SweepSpec,
  | 'parameters'
  | 'method'
  | 'metric'
  | 'goal'
  | 'max_trials'
  | 'max_seconds'
  | 'parallel'
  | 'early_stop'
  | 'seed'
  | 'model'
  | 'job'
  | 'created_at'
>;

export interface Sweep extends ShownSpec {
  id: string;
  object: 'sweep';
  status: SweepStatus;
  /** How many trials have each status. */
  trials: Record<TrialStatus, number>;
  progress: SweepProgress;
  /** So far; null: no trial has a value. */
  best: BestTrial | null;
  /** The job that trains the best trial again and publishes it; null: not yet, or none does. */
  job_id: string | null;
  /** What it has published. */
  version: number | null;
  error: JobError | null;
  finished_at: string | null;
}

export interface SweepProgress {
  trials_ended: number;
  /** Without pauses. */
  seconds: number;
  /** Of the trials or of the time, whichever is further. */
  fraction: number;
}

export interface BestTrial {
  trial: number;
  value: number;
  parameters: Parameters;
  job_id: string;
}

export interface Trial {
  object: 'trial';
  trial: number;
  status: TrialStatus;
  parameters: Parameters;
  /** null: it has not ended, or has none. */
  value: number | null;
  best_epoch: number | null;
  epochs_done: number;
  rungs: Rung[];
  /** Of its last attempt. */
  job_id: string;
  attempts: number;
  error: JobError | null;
  created_at: string;
  finished_at: string | null;
}

/** A page of sweeps, newest first. */
export interface SweepList {
  object: 'list';
  data: Sweep[];
  has_more: boolean;
}

/** A page of trials, in order. */
export interface TrialList {
  object: 'list';
  data: Trial[];
  has_more: boolean;
}

/** Which parameters decide how good a trial is. */
export interface SweepImportance {
  object: 'importance';
  /** The most important first; [] before ten trials have a value. */
  parameters: ParameterImportance[];
}

export function importanceOf({ spec, trials }: SweepState): SweepImportance {
  const tried = trials.map(({ parameters, outcome }, index) => ({
    trial: index + 1,
    parameters,
    value: outcome?.value ?? null,
  }));
  return { object: 'importance', parameters: parameterImportance(spec.parameters, spec.goal, tried) ?? [] };
}

export function sweepOf(id: string, state: SweepState, now: Date): Sweep {
  const { spec, changes, endings, results } = state;
  const result = results.get(changes.length) ?? null;
  const trials = trialsOf(state);
  return {
    id,
    object: 'sweep',
    ...shownOf(spec),
    ...budgetOf(state),
    status: statusOf(state, result?.status ?? null),
    trials: countTrials(trials),
    progress: progressOf(state, trials, now),
    best: bestOf(state),
    job_id: endings.get(changes.length)?.run_id ?? null,
    version: result?.version ?? null,
    error: result?.error ?? null,
    finished_at: result?.finished_at ?? null,
  };
}

function shownOf({
  job,
  model,
  parameters,
  method,
  metric,
  goal,
  parallel,
  early_stop,
  seed,
  created_at,
}: SweepSpec): Omit<ShownSpec, 'max_trials' | 'max_seconds'> {
  return { job, model, parameters, method, metric, goal, parallel, early_stop, seed, created_at };
}

export function trialsOf({ trials, runs }: SweepState): Trial[] {
  return trials.map((stored, index) => trialOf(index + 1, stored, runs));
}

function trialOf(trial: number, stored: StoredTrial, runs: SweepState['runs']): Trial {
  const { parameters, rungs, runIds, outcome, created_at } = stored;
  const job_id = runIds.at(-1) ?? '';
  return {
    object: 'trial',
    trial,
    status: outcome?.status ?? statusOfRun(runs.get(job_id)),
    parameters,
    value: outcome?.value ?? null,
    best_epoch: outcome?.best_epoch ?? null,
    epochs_done: outcome?.epochs_done ?? 0,
    rungs,
    job_id,
    attempts: runIds.length,
    error: outcome?.error ?? null,
    created_at,
    finished_at: outcome?.finished_at ?? null,
  };
}

/** A run that has ended counts as running until its outcome is kept. */
function statusOfRun(
  run: RunStanding = { status: 'missing' },
): TrialOutcome['status'] | Exclude<JobStatus, EndStatus> {
  if (run.status === 'missing') return 'queued';
  return run.status === 'ended' ? 'running' : run.status;
}

function statusOf(state: SweepState, ended: EndStatus | null): SweepStatus {
  if (ended !== null) return ended;
  const { isCancelled, isPaused } = wishesOf(state);
  return isCancelled ? 'cancelled' : isPaused ? 'paused' : 'running';
}

function countTrials(trials: readonly Trial[]): Record<TrialStatus, number> {
  const count = (status: TrialStatus): number => trials.filter((trial) => trial.status === status).length;
  return Object.fromEntries(trialStatuses.map((status) => [status, count(status)])) as Record<
    TrialStatus,
    number
  >;
}

function progressOf(state: SweepState, trials: readonly Trial[], now: Date): SweepProgress {
  const { max_trials, max_seconds } = budgetOf(state);
  const ended = trials.filter(({ finished_at }) => finished_at !== null).length;
  const seconds = secondsSpent(state, now);
  const isOver = state.endings.has(state.changes.length);
  const done = Math.max(ended / max_trials, max_seconds === null ? 0 : seconds / max_seconds);
  return {
    trials_ended: ended,
    seconds: Math.round(seconds * 10) / 10,
    fraction: isOver ? 1 : Math.min(1, done),
  };
}

function bestOf(state: SweepState): BestTrial | null {
  const trial = bestTrial(state);
  const stored = trial === null ? undefined : state.trials[trial - 1];
  const value = stored?.outcome?.value ?? null;
  if (trial === null || stored === undefined || value === null) return null;
  return { trial, value, parameters: stored.parameters, job_id: stored.runIds.at(-1) ?? '' };
}
