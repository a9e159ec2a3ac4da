/** A store, the real embedded queue, and what stands on them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { createDatasetStore } from '../../src/data/dataset-store.js';
import { endRun } from '../../src/jobs/end-run.js';
import { createJobView, type JobView } from '../../src/jobs/job-view.js';
import { createProducer, type Producer } from '../../src/jobs/producer.js';
import { openEmbeddedQueue } from '../../src/jobs/queue/embedded.js';
import type { Queues } from '../../src/jobs/queue/queues.js';
import type { TrainingQueue } from '../../src/jobs/queue/training-queue.js';
import { createRunStore, type RunStore } from '../../src/jobs/run-store.js';
import type { RunResult } from '../../src/jobs/contracts.js';
import type { Storage } from '../../src/storage/storage.js';
import { temporaryStorage } from '../storage/temporary-storage.js';

const log = pino({ level: 'silent' });

export interface Scene {
  storage: Storage;
  store: RunStore;
  producer: Producer;
  jobs: JobView;
  /** Makes that the queue does not answer producer and view. */
  setAway: (away: boolean) => void;
  end: (runId: string, status: RunResult['status'], error?: RunResult['error']) => Promise<void>;
}

/** One queue for the tests of a file, as a new one takes seconds; each scene has a store of its own. */
export function sceneWithQueue(): { queue: () => TrainingQueue; scene: () => Promise<Scene> } {
  let folder: string;
  let queues: Queues;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trainyard-scene-'));
    queues = await openEmbeddedQueue(folder, log);
  });
  afterAll(async () => {
    await queues.close();
    await rm(folder, { recursive: true });
  });

  const scene = async (): Promise<Scene> => {
    const storage = await temporaryStorage();
    const store = createRunStore(storage);
    const queue = queues.training;
    let away = false;
    const fragile: Pick<TrainingQueue, 'add' | 'placeOf'> = {
      add: (id) => (away ? Promise.reject(new Error('away')) : queue.add(id)),
      placeOf: (id) => (away ? Promise.reject(new Error('away')) : queue.placeOf(id)),
    };
    const datasets = createDatasetStore();
    const producer = createProducer({
      store,
      queue: fragile,
      datasetInfo: (name) => datasets.info(name),
      trainingMemoryLimitBytes: 2 ** 30,
      log,
      sweepIntervalMs: 50,
    });
    onTestFinished(() => producer.stop());
    return {
      storage,
      store,
      producer,
      jobs: createJobView(store, fragile, log),
      setAway: (isAway) => (away = isAway),
      async end(runId, status, error = null) {
        const spec = await store.readSpec(runId);
        if (spec === null) throw new Error(`There is no run ${runId}`);
        await endRun(store, runId, spec, { status, error, now: new Date(0) });
      },
    };
  };
  return { queue: () => queues.training, scene };
}
