/** What a client may do with an existing job: cancel, pause, resume, remove. docs/jobs.md has the table. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { TrainyardError, type ErrorCode } from '../../errors.js';
import type { EndStatus, StatusChange } from '../runs/run-events.js';
import type { Job } from '../views/job.js';
import { cancelRun } from '../runs/end-run.js';
import type { IdempotencyKeys } from './idempotency.js';
import type { TrainingQueue } from '../queue/training-queue.js';
import type { RunIndex } from '../runs/run-index.js';
import type { RunReader, RunState } from '../runs/run-reader.js';
import type { RunStore } from '../runs/run-store.js';
import { engineOf } from '../runs/summarize-events.js';
import { jobNotFound, type RunToJob } from '../views/run-to-job.js';
import type { Webhooks } from '../webhooks/webhooks.js';

export interface Lifecycle {
  /**
   * Ends the run at once, even while a worker trains it. Repeating it does no harm.
   * @throws TrainyardError JOB_NOT_FOUND, JOB_ENDED, JOB_FINISHING
   */
  cancel(id: string): Promise<Job>;
  /**
   * A run that is being trained checkpoints first: the job is still `running` if that takes longer than some seconds.
   * @throws TrainyardError JOB_NOT_FOUND, JOB_ENDED
   */
  pause(id: string): Promise<Job>;
  /**
   * Puts a paused run back in line; any other that has not ended is left as it is.
   * @throws TrainyardError JOB_NOT_FOUND, JOB_ENDED
   */
  resume(id: string): Promise<Job>;
  /**
   * Removes all that is kept of a run that has ended or is damaged, but not the versions that it published.
   * @throws TrainyardError JOB_NOT_FOUND, JOB_NOT_ENDED
   */
  remove(id: string): Promise<void>;
}

const lookEveryMs = 50;

export function createLifecycle(options: {
  store: RunStore;
  runs: RunReader;
  index: Pick<RunIndex, 'changed'>;
  idempotencyKeys: Pick<IdempotencyKeys, 'forget'>;
  queue: Pick<TrainingQueue, 'add' | 'remove' | 'placeOf'>;
  runToJob: RunToJob;
  webhooks: Pick<Webhooks, 'enqueueOutstanding'>;
  log: Pick<Logger, 'warn'>;
  /** How long a pause waits for the checkpoint. */
  pauseWithinMs?: number;
  now?: () => Date;
}): Lifecycle {
  const { store, runs, index, idempotencyKeys, queue, runToJob, webhooks, log } = options;
  const { pauseWithinMs = 8_000, now = () => new Date() } = options;

  async function stateOf(id: string): Promise<RunState> {
    return (await runs.read(id)) ?? jobNotFound(id);
  }

  /** Takes the run from its owner, and appends the change if the run still is as the caller found it. */
  async function change(id: string, from: (state: RunState) => boolean, to: StatusChange): Promise<void> {
    const term = await store.claim(id);
    if (!from(await stateOf(id))) return;
    try {
      await (await store.writeEvents(id, term)).appendLast(to);
    } catch (error) {
      // The run has changed meanwhile, and the caller looks again.
      if (!hasCode(error, 'RUN_TAKEN_OVER')) throw error;
    }
  }

  /** Brings queue and webhook in line with the files. The next search for forgotten runs or delivery makes up for what fails here. */
  async function followUp({ id, spec, summary }: RunState, enqueued: boolean): Promise<void> {
    try {
      if (enqueued) await queue.add(id, { engine: engineOf(spec, summary), priority: spec.priority });
      else await queue.remove(id);
      if (spec.webhook !== null) await webhooks.enqueueOutstanding(id);
    } catch (err) {
      log.warn(
        { err, job: id },
        'the queue does not have the job as it is now; the next search for forgotten jobs puts that right',
      );
    }
  }

  async function cancel(id: string): Promise<Job> {
    const { spec, result } = await stateOf(id);
    if (result === null) {
      const ending = await store.decideEnding(id, 'cancelled');
      if (ending === 'cancelled') await cancelRun(store, id, spec, now());
    }
    const state = await stateOf(id);
    if (state.status === 'cancelled') {
      await followUp(state, false);
      return await runToJob(state);
    }
    if (state.result !== null) throw hasEnded(state, state.result.status, 'cancelled');
    throw new TrainyardError('JOB_FINISHING', `The job ${id} is publishing what it has learnt.`);
  }

  async function pause(id: string): Promise<Job> {
    const giveUpAt = performance.now() + pauseWithinMs;
    for (;;) {
      const state = await stateOf(id);
      if (state.result !== null) throw hasEnded(state, state.result.status, 'paused');
      if (state.status === 'paused') {
        await followUp(state, false);
        return await runToJob(state);
      }
      if (state.status === 'queued') {
        await change(id, ({ status, result }) => status !== 'paused' && result === null, {
          type: 'status',
          status: 'paused',
        });
        continue;
      }
      const { term, pauseAsked } = await store.newestTerm(id);
      if (!pauseAsked) await store.askToPause(id, term);
      if (performance.now() > giveUpAt) return await runToJob(state);
      await sleep(lookEveryMs);
    }
  }

  async function resume(id: string): Promise<Job> {
    for (;;) {
      const state = await stateOf(id);
      if (state.result !== null) throw hasEnded(state, state.result.status, 'resumed');
      if (state.status !== 'paused') {
        await followUp(state, true);
        return await runToJob(state);
      }
      await change(id, ({ status }) => status === 'paused', {
        type: 'status',
        status: 'queued',
        error: null,
      });
    }
  }

  async function remove(id: string): Promise<void> {
    const state = await nullIfDamaged(stateOf(id));
    if (state === null) await releaseDamaged(id);
    else if (state.result === null) {
      const message = `The job ${id} is ${state.status}. Cancel it first, or wait for its end.`;
      throw new TrainyardError('JOB_NOT_ENDED', message);
    }
    const key = (await nullIfDamaged(store.readSpec(id)))?.idempotency_key ?? null;
    if (key !== null) await idempotencyKeys.forget(key);
    await store.remove(id);
  }

  /** A damaged run may still be trained from what was read of it before. */
  async function releaseDamaged(id: string): Promise<void> {
    if ((await queue.placeOf(id)) === 'active') {
      await store.claim(id);
      const message = `A worker still trains the damaged job ${id}, and was asked to stop. Try again in some seconds.`;
      throw new TrainyardError('JOB_NOT_ENDED', message);
    }
    await queue.remove(id);
  }

  /** Has the next list show the outcome, even where the action failed half way. */
  const thenListed =
    <Done>(act: (id: string) => Promise<Done>) =>
    async (id: string): Promise<Done> => {
      try {
        const done = await act(id);
        index.changed(id);
        return done;
      } catch (error) {
        // Clients may ask for ids that never existed.
        if (!hasCode(error, 'JOB_NOT_FOUND')) index.changed(id);
        throw error;
      }
    };

  return {
    cancel: thenListed(cancel),
    pause: thenListed(pause),
    resume: thenListed(resume),
    remove: thenListed(remove),
  };
}

async function nullIfDamaged<Found>(found: Promise<Found>): Promise<Found | null> {
  try {
    return await found;
  } catch (error) {
    if (hasCode(error, 'RUN_CORRUPT')) return null;
    throw error;
  }
}

function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof TrainyardError && error.code === code;
}

function hasEnded({ id }: RunState, status: EndStatus, verb: string): TrainyardError {
  return new TrainyardError(
    'JOB_ENDED',
    `The job ${id} has ${status === 'cancelled' ? 'been ' : ''}${status} and cannot be ${verb}.`,
  );
}
