/** The parts of a process that take in and show jobs, on a store of their own and the real embedded queue. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { createDatasetStore } from '../../src/data/store.js';
import { openJobs } from '../../src/composition/jobs.js';
import { openRuns } from '../../src/composition/runs.js';
import type { Lifecycle } from '../../src/jobs/intake/lifecycle.js';
import type { Producer } from '../../src/jobs/intake/producer.js';
import { openEmbeddedQueue } from '../../src/jobs/queue/embedded.js';
import type { Queues } from '../../src/jobs/queue/queues.js';
import type { TrainingQueue } from '../../src/jobs/queue/training-queue.js';
import type { JobRequest } from '../../src/jobs/runs/job-request.js';
import type { RunEventBody, RunResult } from '../../src/jobs/runs/run-events.js';
import { endRun } from '../../src/jobs/runs/end-run.js';
import type { RunIndex } from '../../src/jobs/runs/run-index.js';
import type { RunStore } from '../../src/jobs/runs/run-store.js';
import type { EventFeed } from '../../src/jobs/views/event-feed.js';
import type { JobQueries } from '../../src/jobs/views/job-queries.js';
import type { Storage } from '../../src/storage/storage.js';
import { createPrometheusMetrics } from '../../src/telemetry/prometheus.js';
import { temporaryStorage } from '../storage/temporary-storage.js';

export interface Scene {
  storage: Storage;
  store: RunStore;
  producer: Producer;
  jobs: JobQueries;
  lifecycle: Lifecycle;
  feed: EventFeed;
  index: RunIndex;
  /** The warnings and the errors. */
  logLines: { msg: string; job?: string }[];
  /** Resolves to the id of the new job. */
  submit: (request?: JobRequest) => Promise<string>;
  /** Claims the run and marks it as running, as a worker does; resolves to the term. */
  takeUp: (runId: string, attempt?: number) => Promise<number>;
  append: (runId: string, term: number, ...events: RunEventBody[]) => Promise<void>;
  /** Whether the queue refuses every call. */
  setAway: (away: boolean) => void;
  end: (runId: string, status: RunResult['status'], error?: RunResult['error']) => Promise<void>;
}

/** The tests of a file share one queue. Each scene has a store of its own. */
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
      const { queue, setAway } = fragile(queues.training);
      const metrics = createPrometheusMetrics({ queueCounts: () => queues.counts() });
      const runs = openRuns({
        storage,
        queues: { training: queue, webhooks: queues.webhooks },
        metrics,
        secret: undefined,
        allowPrivate: false,
        log,
        lookEveryMs: 10,
      });
      const { producer, lifecycle, queries, index, stop } = openJobs(runs, {
        datasets: createDatasetStore(storage),
        queue,
        metrics,
        trainingMemoryLimitBytes: 2 ** 30,
        maxQueuedJobs,
        log,
        lookEveryMs: 0,
        recoverEveryMs: 50,
        pauseWithinMs: 1_000,
      });
      onTestFinished(stop);
      onTestFinished(runs.stop);

      const { store, feed } = runs;
      const append: Scene['append'] = async (runId, term, ...events) => {
        await (await store.writeEvents(runId, term)).append(...events);
      };
      return {
        storage,
        store,
        producer,
        jobs: queries,
        lifecycle,
        feed,
        index,
        logLines,
        submit: async (request = {}) => (await producer.submit(request)).job.id,
        async takeUp(runId, attempt = 1) {
          const term = await store.claim(runId);
          await append(runId, term, { type: 'status', status: 'running', attempt });
          return term;
        },
        append,
        setAway,
        async end(runId, status, error = null) {
          const spec = await store.readSpec(runId);
          if (spec === null) throw new Error(`There is no run ${runId}`);
          await endRun(store, runId, spec, { status, error, now: new Date(0) });
        },
      };
    },
  };
}

type QueueOfJobs = Pick<TrainingQueue, 'add' | 'remove' | 'placeOf' | 'count' | 'queueOf'>;

/** A queue whose calls fail while it is away. */
function fragile(training: QueueOfJobs): { queue: QueueOfJobs; setAway: Scene['setAway'] } {
  let away = false;
  const unlessAway = <Args extends unknown[], Answer>(call: (...args: Args) => Promise<Answer>) => {
    return (...args: Args) => (away ? Promise.reject(new Error('away')) : call(...args));
  };
  return {
    queue: {
      add: unlessAway((...args: Parameters<TrainingQueue['add']>) => training.add(...args)),
      remove: unlessAway((id: string) => training.remove(id)),
      placeOf: unlessAway((id: string) => training.placeOf(id)),
      count: unlessAway(() => training.count()),
      queueOf: unlessAway((engine: string) => training.queueOf(engine)),
    },
    setAway: (isAway) => (away = isAway),
  };
}
