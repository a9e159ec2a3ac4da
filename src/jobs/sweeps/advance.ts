/**
 * Takes a sweep as far as it can go now. Any process may do so at any time: what is written is written once, and the process that
 * comes second goes on from what the first one wrote. A process that is killed between two writes loses nothing.
 */
import type { Logger } from 'pino';
import { TrainyardError } from '../../errors.js';
import { isStorageFailure } from '../../storage/storage.js';
import type { JobRequest } from '../runs/job-request.js';
import type { RunSpec } from '../runs/run-spec.js';
import type { RunStore } from '../runs/run-store.js';
import type { Lifecycle } from '../intake/lifecycle.js';
import type { Producer } from '../intake/producer.js';
import { planSweep, type Action, type SweepState } from './plan.js';
import { readSweep, type SweepParts } from './read-sweep.js';
import { bestRequest, trialRequest } from './trial-request.js';

export interface AdvanceParts extends SweepParts {
  runStore: Pick<RunStore, 'readEvents' | 'newRunId'>;
  producer: Pick<Producer, 'submitAs'>;
  lifecycle: Pick<Lifecycle, 'cancel'>;
  /** Refuses what the schema of a job refuses. */
  checkRequest: (request: JobRequest) => void;
  log: Pick<Logger, 'info' | 'warn'>;
  now: () => Date;
}

/**
 * Resolves to where the sweep stands then; null: there is no such sweep.
 * @throws TrainyardError SWEEP_CORRUPT, STORAGE_UNAVAILABLE, STORAGE_FULL
 */
export async function advanceSweep(parts: AdvanceParts, id: string): Promise<SweepState | null> {
  for (;;) {
    const state = await readSweep(parts, id);
    if (state === null) return null;
    let isFurther = false;
    for (const action of planSweep(state, parts.now())) {
      isFurther = (await perform(parts, id, state, action)) || isFurther;
    }
    if (!isFurther) return state;
  }
}

/** Whether another look may find more to do. */
async function perform(parts: AdvanceParts, id: string, state: SweepState, action: Action): Promise<boolean> {
  const { store, runStore, log, now } = parts;
  const created_at = now().toISOString();
  switch (action.type) {
    case 'add_trial': {
      const { trial, parameters, rungs } = action;
      const run_id = runStore.newRunId();
      if (await store.addTrial(id, trial, { parameters, rungs, run_id, created_at })) {
        log.info({ sweep: id, trial, job: run_id }, 'trial proposed');
      }
      return true;
    }
    case 'create_run':
      return createTrialRun(parts, id, state, action);
    case 'retry':
      await store.addRetry(id, action.trial, { run_id: runStore.newRunId(), created_at });
      return true;
    case 'end_trial':
      await store.addOutcome(id, action.trial, { ...action.outcome, finished_at: created_at });
      return true;
    case 'cancel_run':
      return cancelRun(parts, action.runId);
    case 'add_ending': {
      const publishes = action.ending.best_trial !== null && state.spec.job.publish !== 'none';
      const isWanted = publishes && !state.changes.some(({ type }) => type === 'cancel');
      const run_id = isWanted ? (action.runId ?? runStore.newRunId()) : null;
      await store.addEnding(id, action.changes, { ...action.ending, run_id, created_at });
      return true;
    }
    case 'create_best_run':
      return createBestRun(parts, id, state, action);
    case 'add_result':
      if (await store.addResult(id, action.changes, { ...action.result, finished_at: created_at })) {
        log.info({ sweep: id, ...action.result }, 'sweep ended');
      }
      return false;
  }
}

async function createTrialRun(
  parts: AdvanceParts,
  id: string,
  { spec, trials }: SweepState,
  { trial, runId }: Extract<Action, { type: 'create_run' }>,
): Promise<boolean> {
  const stored = trials[trial - 1];
  if (stored === undefined) return true;
  const { rungs, parameters } = stored;
  const origin = { sweep_id: id, trial, ...(rungs.length > 0 && { rungs }) };
  const refusal = await submitUnlessRefused(parts, runId, () => trialRequest(spec, parameters), origin);
  if (refusal === null) return true;
  // Its values fit neither the data nor each other. Another try would end the same way.
  const { code, message } = refusal;
  await parts.store.addOutcome(id, trial, {
    status: 'failed',
    value: null,
    best_epoch: null,
    epochs_done: 0,
    curve: [],
    error: { code, message },
    finished_at: parts.now().toISOString(),
  });
  return true;
}

async function createBestRun(
  parts: AdvanceParts,
  id: string,
  { spec, trials, changes }: SweepState,
  { trial, runId }: Extract<Action, { type: 'create_best_run' }>,
): Promise<boolean> {
  const { parameters = {} } = trials[trial - 1] ?? {};
  const refusal = await submitUnlessRefused(parts, runId, () => bestRequest(spec, parameters), {
    sweep_id: id,
  });
  if (refusal === null) return false;
  const error = { code: refusal.code, message: refusal.message };
  const finished_at = parts.now().toISOString();
  await parts.store.addResult(id, changes.length, { status: 'failed', version: null, error, finished_at });
  return false;
}

/** Why the request can never be trained; null: the job is stored. */
async function submitUnlessRefused(
  { producer, checkRequest }: AdvanceParts,
  runId: string,
  requestOf: () => JobRequest,
  origin: Pick<RunSpec, 'sweep_id' | 'trial' | 'rungs'>,
): Promise<TrainyardError | null> {
  try {
    const request = requestOf();
    checkRequest(request);
    await producer.submitAs(runId, request, origin);
    return null;
  } catch (error) {
    if (error instanceof TrainyardError && !mayPass(error)) return error;
    throw error;
  }
}

/** Whether the failure says nothing about the request. */
function mayPass(error: TrainyardError): boolean {
  return (
    isStorageFailure(error) ||
    ['QUEUE_UNAVAILABLE', 'SHUTTING_DOWN', 'DATASET_NOT_READY'].includes(error.code)
  );
}

async function cancelRun({ lifecycle, log }: AdvanceParts, runId: string): Promise<boolean> {
  try {
    await lifecycle.cancel(runId);
    return true;
  } catch (error) {
    // It ends by itself, or is gone.
    if (!(error instanceof TrainyardError) || isStorageFailure(error)) throw error;
    log.info({ job: runId, reason: error.message }, 'a job of a sweep could not be cancelled');
    return false;
  }
}
