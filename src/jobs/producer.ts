/**
 * Takes in runs and sees that the queue knows every one that has not ended. A run is accepted once its spec is stored;
 * the queue may forget it (a wiped Redis, a crash between store and queue), and then it is enqueued again.
 */
import type { Logger } from 'pino';
import type { DatasetInfo } from '../data/dataset.js';
import { TrainyardError } from '../errors.js';
import type { Job, JobRequest } from './contracts.js';
import { newJob } from './job-view.js';
import type { TrainingQueue } from './queue/training-queue.js';
import { readRunState } from './run-state.js';
import type { RunStore } from './run-store.js';
import { defaults, resolveSpec } from './spec.js';

export interface Producer {
  /**
   * Stores the run and enqueues it. An accepted run ends, whatever becomes of the queue.
   * @throws TrainyardError DATASET_NOT_FOUND, ENGINE_UNAVAILABLE, NETWORK_TOO_LARGE; nothing is stored then
   */
  submit(request: JobRequest): Promise<Job>;
  /** Enqueues the unfinished runs that the queue does not know; now and from time to time. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createProducer(options: {
  store: RunStore;
  queue: Pick<TrainingQueue, 'add' | 'placeOf'>;
  /** @throws TrainyardError DATASET_NOT_FOUND */
  datasetInfo: (name: string) => DatasetInfo;
  trainingMemoryLimitBytes: number;
  log: Logger;
  sweepIntervalMs?: number;
  now?: () => Date;
}): Producer {
  const { store, queue, datasetInfo, log, sweepIntervalMs = 15_000, now = () => new Date() } = options;
  /** Runs that need not be looked at again: they have ended, or cannot be read. */
  const settled = new Set<string>();
  let sweeping = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  async function sweep(): Promise<void> {
    try {
      for (const id of await store.ids()) {
        if (!settled.has(id)) await enqueueIfForgotten(id);
      }
    } catch (err) {
      log.warn({ err }, 'cannot look for runs that the queue has lost; trying again later');
    }
  }

  async function enqueueIfForgotten(id: string): Promise<void> {
    try {
      const state = await readRunState(store, queue, id);
      if (state.result !== null) {
        settled.add(id);
      } else if (state.place === null) {
        await queue.add(id);
        log.info({ job: id }, 'the queue did not know this run; it is enqueued again');
      }
    } catch (err) {
      if (!(err instanceof TrainyardError && err.code === 'RUN_CORRUPT')) throw err;
      settled.add(id);
      log.error({ err, job: id }, 'this run cannot be read and is left alone');
    }
  }

  return {
    async submit(request) {
      const dataset = datasetInfo(request.dataset ?? defaults.dataset);
      const spec = resolveSpec(request, dataset, options, now());
      const id = await store.create(spec);
      try {
        await queue.add(id);
      } catch (err) {
        // The run is stored, and so it is accepted: the sweep enqueues it when the queue is back.
        log.warn({ err, job: id }, 'the run is stored but could not be enqueued yet');
      }
      return newJob(id, spec);
    },

    async start() {
      sweeping = sweep();
      await sweeping;
      timer = setInterval(() => void (sweeping = sweeping.then(sweep)), sweepIntervalMs).unref();
    },

    async stop() {
      clearInterval(timer);
      await sweeping;
    },
  };
}
