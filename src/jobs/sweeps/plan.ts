/**
 * What is to be done next for a sweep: a pure function of its documents, of where its runs stand, and of the time. Any process may
 * carry out what it says, and carry it out twice.
 *
 * Trial n is proposed once the trials 1 … n − parallel have ended, from exactly their outcomes and from the parameters of the
 * trials after those. So the same seed gives the same trials however many workers there are and whichever ends first.
 */
import type { JobError, JobStatus } from '../runs/run-events.js';
import type { Rung } from '../runs/run-spec.js';
import { propose } from '../search/propose.js';
import { rungBounds } from '../search/rungs.js';
import type { Parameters } from '../search/space.js';
import type { SweepEnding, SweepResult, TrialOutcome } from './sweep-documents.js';
import type { StoredTrial, SweepDocuments } from './sweep-store.js';

/** Where a run stands; missing: it is not stored yet, or was deleted. */
export type RunStanding =
  | { status: 'missing' }
  | { status: Exclude<JobStatus, 'succeeded' | 'failed' | 'cancelled'> }
  | { status: 'ended'; outcome: Omit<TrialOutcome, 'finished_at'>; version: number | null };

export interface SweepState extends SweepDocuments {
  /** Of the last attempt of each trial that has not ended, and of the job that trains the best one again. */
  runs: ReadonlyMap<string, RunStanding>;
}

export type Action =
  | { type: 'add_trial'; trial: number; parameters: Parameters; rungs: Rung[] }
  | { type: 'create_run'; trial: number; runId: string }
  | { type: 'retry'; trial: number }
  | { type: 'end_trial'; trial: number; outcome: Omit<TrialOutcome, 'finished_at'> }
  | { type: 'cancel_run'; runId: string }
  /** `runId`: of the job that trained the same trial for an earlier ending. */
  | {
      type: 'add_ending';
      changes: number;
      ending: Pick<SweepEnding, 'best_trial' | 'error'>;
      runId: string | null;
    }
  | { type: 'create_best_run'; trial: number; runId: string }
  | { type: 'add_result'; changes: number; result: Omit<SweepResult, 'finished_at'> };

/** Where all the first trials fail, the rest would too. */
const firstFailuresThatEnd = 5;

/** What would come out the same again: the numbers are a function of the spec, and so, nearly, is the time that they take. */
const failsAgain: readonly JobError['code'][] = ['TRAINING_DIVERGED', 'TIME_LIMIT_EXCEEDED'];

const mostAttempts = 2;

const cancelledOutcome: Omit<TrialOutcome, 'finished_at'> = {
  status: 'cancelled',
  value: null,
  best_epoch: null,
  epochs_done: 0,
  curve: [],
  error: null,
};

export function planSweep(state: SweepState, now: Date): Action[] {
  if (state.results.has(state.changes.length)) return [];
  const { isPaused, isCancelled } = wishesOf(state);
  const isOutOfTime = secondsLeft(state, now) <= 0;
  const best = bestTrial(state);
  const ends = isCancelled || (isOutOfTime && best !== null);
  const pending = state.trials.flatMap((each, index) =>
    each.outcome === null ? planTrial(index + 1, each, state.runs, ends) : [],
  );
  if (pending.length > 0) return pending;
  const ending = state.endings.get(state.changes.length);
  if (ending !== undefined) return planAfter(ending, state, isCancelled);
  if (isPaused && !isCancelled) return [];
  const next = isCancelled || isOutOfTime ? null : nextTrial(state);
  if (next !== null && next !== 'later') return [next];
  const areAllOver = state.trials.every(({ outcome }) => outcome !== null);
  if (next === 'later' || !areAllOver) return [];
  const error = best === null && !isCancelled ? whyNone(state) : null;
  return [
    {
      type: 'add_ending',
      changes: state.changes.length,
      ending: { best_trial: best, error },
      runId: earlierRunOf(state, best),
    },
  ];
}

function planTrial(
  trial: number,
  { runIds }: StoredTrial,
  runs: SweepState['runs'],
  ends: boolean,
): Action[] {
  const runId = runIds.at(-1) ?? '';
  const run = runs.get(runId) ?? { status: 'missing' };
  if (run.status === 'missing') {
    return [
      ends ? { type: 'end_trial', trial, outcome: cancelledOutcome } : { type: 'create_run', trial, runId },
    ];
  }
  if (run.status !== 'ended') return ends ? [{ type: 'cancel_run', runId }] : [];
  const { outcome } = run;
  const isWorthAnother =
    outcome.status === 'failed' && !failsAgain.includes(outcome.error?.code ?? 'INTERNAL');
  return isWorthAnother && runIds.length < mostAttempts && !ends
    ? [{ type: 'retry', trial }]
    : [{ type: 'end_trial', trial, outcome }];
}

/** null: none is left to do. later: one may be once a trial has ended. */
function nextTrial(state: SweepState): Extract<Action, { type: 'add_trial' }> | 'later' | null {
  const { spec, trials } = state;
  const trial = trials.length + 1;
  if (trial > budgetOf(state).max_trials) return null;
  const seen = trials.slice(0, Math.max(0, trial - spec.parallel));
  if (seen.some(({ outcome }) => outcome === null)) return 'later';
  const failures = seen.filter(({ outcome }) => outcome?.status === 'failed');
  if (failures.length >= firstFailuresThatEnd && failures.length === seen.length) return null;
  const given = trial === 1 ? spec.first_trial : null;
  const parameters =
    given ??
    propose({
      ...spec,
      space: spec.parameters,
      trial,
      history: seen.map(({ parameters: tried, outcome }, index) => ({
        trial: index + 1,
        parameters: tried,
        value: outcome?.value ?? null,
      })),
      pending: trials.slice(seen.length).map(({ parameters: tried }, index) => ({
        trial: seen.length + index + 1,
        parameters: tried,
      })),
    });
  if (parameters === null) return null;
  return { type: 'add_trial', trial, parameters, rungs: rungsAfter(state, seen) };
}

function rungsAfter({ spec }: SweepState, seen: readonly StoredTrial[]): Rung[] {
  if (spec.early_stop === null) return [];
  return rungBounds({
    earlyStop: spec.early_stop,
    goal: spec.goal,
    maxEpochs: spec.max_epochs,
    curves: seen.map(({ outcome }) => outcome?.curve ?? []),
  });
}

/** No trial is left to do. */
function planAfter(ending: SweepEnding, state: SweepState, isCancelled: boolean): Action[] {
  const changes = state.changes.length;
  const { best_trial: trial, run_id: runId, error } = ending;
  const conclude = (result: Omit<SweepResult, 'finished_at'>): Action[] => [
    { type: 'add_result', changes, result },
  ];
  if (isCancelled) {
    const underWay = [...state.endings.values()].flatMap(({ run_id }) => {
      const run = run_id === null ? undefined : state.runs.get(run_id);
      const isUnderWay = run !== undefined && run.status !== 'missing' && run.status !== 'ended';
      return isUnderWay && run_id !== null ? [run_id] : [];
    });
    if (underWay.length > 0) return underWay.map((id) => ({ type: 'cancel_run', runId: id }));
    return conclude({ status: 'cancelled', version: null, error: null });
  }
  if (trial === null) return conclude({ status: 'failed', version: null, error });
  if (runId === null) return conclude({ status: 'succeeded', version: null, error: null });
  const run = state.runs.get(runId) ?? { status: 'missing' };
  if (run.status === 'missing') return [{ type: 'create_best_run', trial, runId }];
  if (run.status !== 'ended') return [];
  const { status, error: why } = run.outcome;
  const hasSucceeded = status === 'succeeded' || status === 'stopped';
  return conclude({ status: hasSucceeded ? 'succeeded' : status, version: run.version, error: why });
}

/** The number of the trial with the best value, the earliest of equals; null: none has a value. */
export function bestTrial({ spec, trials }: SweepDocuments): number | null {
  const sign = spec.goal === 'minimize' ? 1 : -1;
  let best: { trial: number; value: number } | null = null;
  for (const [index, { outcome }] of trials.entries()) {
    const value = outcome?.value ?? null;
    if (value === null) continue;
    if (best === null || sign * (value - best.value) < 0) best = { trial: index + 1, value };
  }
  return best?.trial ?? null;
}

function whyNone({ trials }: SweepDocuments): JobError {
  const first = trials.find(({ outcome }) => outcome?.error != null)?.outcome?.error;
  if (first != null) return first;
  return { code: 'SWEEP_WITHOUT_RESULT', message: 'All trials were cancelled before one had a result.' };
}

/** The job that trained this trial for an earlier ending need not be repeated. */
function earlierRunOf({ endings }: SweepDocuments, best: number | null): string | null {
  if (best === null) return null;
  return [...endings.values()].findLast(({ best_trial }) => best_trial === best)?.run_id ?? null;
}

/** What clients have asked for. */
export function wishesOf({ changes }: Pick<SweepDocuments, 'changes'>): {
  isPaused: boolean;
  isCancelled: boolean;
} {
  const last = changes.findLast(({ type }) => type === 'pause' || type === 'resume');
  return { isPaused: last?.type === 'pause', isCancelled: changes.some(({ type }) => type === 'cancel') };
}

export function budgetOf({ spec, changes }: Pick<SweepDocuments, 'spec' | 'changes'>): {
  max_trials: number;
  max_seconds: number | null;
} {
  let { max_trials, max_seconds } = spec;
  for (const change of changes) {
    if (change.type !== 'budget') continue;
    max_trials = change.max_trials ?? max_trials;
    max_seconds = change.max_seconds === undefined ? max_seconds : change.max_seconds;
  }
  return { max_trials, max_seconds };
}

function secondsLeft(state: SweepDocuments, now: Date): number {
  const { max_seconds } = budgetOf(state);
  return max_seconds === null ? Infinity : max_seconds - secondsSpent(state, now);
}

/** For how long the sweep has searched: without pauses, and without the time after an end until it was taken up again. */
export function secondsSpent({ spec, changes, endings }: SweepDocuments, now: Date): number {
  let spentMs = 0;
  let sinceMs: number | null = Date.parse(spec.created_at);
  const stopAt = (time: string): void => {
    if (sinceMs !== null) spentMs += Math.max(0, Date.parse(time) - sinceMs);
    sinceMs = null;
  };
  for (let done = 0; done <= changes.length; done++) {
    const change = changes[done - 1];
    if (change?.type === 'pause' || change?.type === 'cancel') stopAt(change.created_at);
    else if (change !== undefined && !wishesOf({ changes: changes.slice(0, done) }).isPaused) {
      sinceMs ??= Date.parse(change.created_at);
    }
    const ending = endings.get(done);
    if (ending !== undefined) stopAt(ending.created_at);
  }
  stopAt(now.toISOString());
  return spentMs / 1_000;
}
