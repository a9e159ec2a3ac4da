/** What one may do with a job that is there: cancel, pause, resume, remove. docs/jobs.md has the table. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { TrainyardError } from '../errors.js';
import type { EndStatus, Job, StatusChange } from './contracts.js';
import { cancelRun } from './end-run.js';
import type { IdempotencyKeys } from './idempotency.js';
import type { TrainingQueue } from './queue/training-queue.js';
import type { RunReader, RunState } from './run-state.js';
import type { RunStore } from './run-store.js';
import { engineOf } from './run-summary.js';
import { notFound, type ShowJob } from './show-job.js';
import type { Webhooks } from './webhooks/webhooks.js';

export interface Lifecycle {
  /**
   * Ends the run at once, whatever works on it. Once more does no harm.
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
   * Removes all that is kept of a run that has ended, save the versions that it published.
   * @throws TrainyardError JOB_NOT_FOUND, JOB_NOT_ENDED
   */
  remove(id: string): Promise<void>;
}

const lookEveryMs = 50;

export function createLifecycle(options: {
  store: RunStore;
  runs: RunReader;
  idempotencyKeys: Pick<IdempotencyKeys, 'forget'>;
  queue: Pick<TrainingQueue, 'add' | 'remove'>;
  show: ShowJob;
  webhooks: Pick<Webhooks, 'enqueueOutstanding'>;
  log: Pick<Logger, 'warn'>;
  /** How long a pause waits for the checkpoint. */
  pauseWithinMs?: number;
  now?: () => Date;
}): Lifecycle {
  const { store, runs, idempotencyKeys, queue, show, webhooks, log } = options;
  const { pauseWithinMs = 8_000, now = () => new Date() } = options;

  async function stateOf(id: string): Promise<RunState> {
    return (await runs.read(id)) ?? notFound(id);
  }

  /** Takes the run in hand and tells the change, if it still is as the caller found it; whoever had it is not heard. */
  async function change(id: string, from: (state: RunState) => boolean, to: StatusChange): Promise<void> {
    const term = await store.claim(id);
    if (!from(await stateOf(id))) return;
    try {
      await (await store.writeEvents(id, term)).appendLast(to);
    } catch (error) {
      // Then the run is not as it was, and the caller looks again.
      if (!(error instanceof TrainyardError && error.code === 'RUN_TAKEN_OVER')) throw error;
    }
  }

  /** What comes after the files say how it is. What fails of it is made up for: by the next sweep, or on delivery. */
  async function followUp({ id, spec, summary }: RunState, enqueued: boolean): Promise<void> {
    try {
      if (enqueued) await queue.add(id, { engine: engineOf(spec, summary), priority: spec.priority });
      else await queue.remove(id);
      if (spec.webhook !== null) await webhooks.enqueueOutstanding(id);
    } catch (err) {
      log.warn({ err, job: id }, 'the queue could not be told yet how the job is');
    }
  }

  return {
    async cancel(id) {
      const { spec, result } = await stateOf(id);
      if (result === null) {
        const ending = await store.decideEnding(id, 'cancelled');
        if (ending === 'cancelled') await cancelRun(store, id, spec, now());
      }
      const state = await stateOf(id);
      if (state.status === 'cancelled') {
        await followUp(state, false);
        return await show(state);
      }
      if (state.result !== null) throw hasEnded(state, state.result.status, 'cancelled');
      throw new TrainyardError('JOB_FINISHING', `The job ${id} is publishing what it has learnt.`);
    },

    async pause(id) {
      const giveUpAt = performance.now() + pauseWithinMs;
      for (;;) {
        const state = await stateOf(id);
        if (state.result !== null) throw hasEnded(state, state.result.status, 'paused');
        if (state.status === 'paused') {
          await followUp(state, false);
          return await show(state);
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
        if (performance.now() > giveUpAt) return await show(state);
        await sleep(lookEveryMs);
      }
    },

    async resume(id) {
      for (;;) {
        const state = await stateOf(id);
        if (state.result !== null) throw hasEnded(state, state.result.status, 'resumed');
        if (state.status !== 'paused') {
          await followUp(state, true);
          return await show(state);
        }
        await change(id, ({ status }) => status === 'paused', {
          type: 'status',
          status: 'queued',
          error: null,
        });
      }
    },

    async remove(id) {
      const state = await stateOf(id);
      const { spec, result, status } = state;
      if (result === null) {
        const message = `The job ${id} is ${status}. Cancel it first, or wait for its end.`;
        throw new TrainyardError('JOB_NOT_ENDED', message);
      }
      if (spec.idempotency_key !== null) await idempotencyKeys.forget(spec.idempotency_key);
      await store.remove(id);
    },
  };
}

function hasEnded({ id }: RunState, status: EndStatus, verb: string): TrainyardError {
  return new TrainyardError(
    'JOB_ENDED',
    `The job ${id} has ${status === 'cancelled' ? 'been ' : ''}${status} and cannot be ${verb}.`,
  );
}
