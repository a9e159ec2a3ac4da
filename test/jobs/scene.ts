/** A store, the real embedded queue, and what stands on them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { createDatasetStore } from '../../src/data/store.js';
import type { JobRequest, RunEventBody, RunResult } from '../../src/jobs/runs/documents.js';
import { endRun } from '../../src/jobs/runs/end-run.js';
import { createEventFeed, type EventFeed } from '../../src/jobs/views/event-feed.js';
import { createIdempotencyKeys } from '../../src/jobs/intake/idempotency.js';
import { createJobQueries, type JobQueries } from '../../src/jobs/views/job-queries.js';
import { createLifecycle, type Lifecycle } from '../../src/jobs/intake/lifecycle.js';
import { createProducer, type Producer } from '../../src/jobs/intake/producer.js';
import { openEmbeddedQueue } from '../../src/jobs/queue/embedded.js';
import type { Queues } from '../../src/jobs/queue/queues.js';
import type { TrainingQueue } from '../../src/jobs/queue/training-queue.js';
import { createRunIndex, type RunIndex } from '../../src/jobs/runs/run-index.js';
import { createRunReader } from '../../src/jobs/runs/run-reader.js';
import { createRunStore, type RunStore } from '../../src/jobs/runs/run-store.js';
import { createRunToJob } from '../../src/jobs/views/run-to-job.js';
import { createWebhooks } from '../../src/jobs/webhooks/webhooks.js';
import type { Storage } from '../../src/storage/storage.js';
import { temporaryStorage } from '../storage/temporary-storage.js';

export interface Scene {
  storage: Storage;
  store: RunStore;
  producer: Producer;
  jobs: JobQueries;
  lifecycle: Lifecycle;
  feed: EventFeed;
  index: RunIndex;
  /** What was logged as an error or a warning. */
  logLines: { msg: string; job?: string }[];
  /** The id of a new job. */
  submit: (request?: JobRequest) => Promise<string>;
  /** As a worker does that takes the run up; its term. */
  takeUp: (runId: string, attempt?: number) => Promise<number>;
  /** In a term. */
  tell: (runId: string, term: number, ...events: RunEventBody[]) => Promise<void>;
  /** Makes that the queue does not answer. */
  setAway: (away: boolean) => void;
  end: (runId: string, status: RunResult['status'], error?: RunResult['error']) => Promise<void>;
}

/** One queue for the tests of a file, as a new one takes seconds; each scene has a store of its own. */
export function sceneWithQueue(): {
  queue: () => TrainingQueue;
  scene: (limits?: { maxQueuedJobs?: number }) => Promise<Scene>;
} {
  let folder: string;
  let queues: Queues;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trainyard-scene-'));
    queues = await openEmbeddedQueue(folder, pino({ level: 'silent' }));
  });
  afterAll(async () => {
    await queues.close();
    await rm(folder, { recursive: true });
  });

  return {
    queue: () => queues.training,

    async scene({ maxQueuedJobs = Infinity } = {}) {
      const logLines: Scene['logLines'] = [];
      const log = pino(
        { level: 'warn' },
        { write: (line: string) => void logLines.push(JSON.parse(line) as Scene['logLines'][number]) },
      );
      const storage = await temporaryStorage();
      const store = createRunStore(storage);
      const runs = createRunReader(store);
      const index = createRunIndex({ store, runs, log, lookEveryMs: 0 });
      const feed = createEventFeed({ store, log, lookEveryMs: 10 });
      let away = false;
      const fragile = <Args extends unknown[], Answer>(ask: (...args: Args) => Promise<Answer>) => {
        return (...args: Args) => (away ? Promise.reject(new Error('away')) : ask(...args));
      };
      const { training } = queues;
      const queue = {
        add: fragile((...args: Parameters<TrainingQueue['add']>) => training.add(...args)),
        remove: fragile((id: string) => training.remove(id)),
        placeOf: fragile((id: string) => training.placeOf(id)),
        count: fragile(() => training.count()),
        queueOf: fragile((engine: string) => training.queueOf(engine)),
      };
      const runToJob = createRunToJob(queue);
      const webhooks = createWebhooks({
        storage,
        store,
        runs,
        feed,
        queue: queues.webhooks,
        runToJob,
        secret: undefined,
        allowPrivate: false,
        log,
      });
      const idempotencyKeys = createIdempotencyKeys(storage);
      const datasets = createDatasetStore();
      const producer = createProducer({
        store,
        runs,
        index,
        idempotencyKeys,
        queue,
        runToJob,
        webhooks,
        datasetInfo: (name) => datasets.info(name),
        trainingMemoryLimitBytes: 2 ** 30,
        maxQueuedJobs,
        log,
        sweepIntervalMs: 50,
      });
      onTestFinished(() => producer.stop());
      onTestFinished(() => feed.stop());

      const tell: Scene['tell'] = async (runId, term, ...events) => {
        await (await store.writeEvents(runId, term)).append(...events);
      };
      return {
        storage,
        store,
        producer,
        jobs: createJobQueries({ storage, store, runs, index, runToJob }),
        lifecycle: createLifecycle({
          store,
          runs,
          index,
          idempotencyKeys,
          queue,
          runToJob,
          webhooks,
          log,
          pauseWithinMs: 1_000,
        }),
        feed,
        index,
        logLines,
        submit: async (request = {}) => (await producer.submit(request)).job.id,
        async takeUp(runId, attempt = 1) {
          const term = await store.claim(runId);
          await tell(runId, term, { type: 'status', status: 'running', attempt });
          return term;
        },
        tell,
        setAway: (isAway) => (away = isAway),
        async end(runId, status, error = null) {
          const spec = await store.readSpec(runId);
          if (spec === null) throw new Error(`There is no run ${runId}`);
          await endRun(store, runId, spec, { status, error, now: new Date(0) });
        },
      };
    },
  };
}
