/**
 * Sweeps on a store of their own, whose trials are trained in the process of the test. Processes can be killed at any write, and
 * the trials end in any order. Only the queue is replaced, by a list.
 */
import { pino } from 'pino';
import { checkJobRequest } from '../../../src/api/sweeps/check-job-request.js';
import { openJobs } from '../../../src/composition/jobs.js';
import { openRuns } from '../../../src/composition/runs.js';
import { createIdempotencyKeys } from '../../../src/jobs/intake/idempotency.js';
import type { TrainingQueue } from '../../../src/jobs/queue/training-queue.js';
import { createRunStore, type RunStore } from '../../../src/jobs/runs/run-store.js';
import type { RunSpec } from '../../../src/jobs/runs/run-spec.js';
import { createSweepStore, type SweepStore } from '../../../src/jobs/sweeps/sweep-store.js';
import { createSweeps, type Sweeps } from '../../../src/jobs/sweeps/sweeps.js';
import type { SweepRequest } from '../../../src/jobs/sweeps/resolve-sweep.js';
import { trainRun } from '../../../src/jobs/training/train-run.js';
import { engines } from '../../../src/model/engines/select.js';
import { createRegistry } from '../../../src/model/registry/registry.js';
import type { Storage } from '../../../src/storage/storage.js';
import { createPrometheusMetrics } from '../../../src/telemetry/prometheus.js';
import { temporaryStorage } from '../../storage/temporary-storage.js';
import { churn, type SmallTable } from '../small-table.js';

export const log = pino({ level: 'silent' });

const { info, datasets }: SmallTable = churn();

/** Two epochs on 200 rows take some milliseconds. */
export const smallSweep: SweepRequest = {
  job: { dataset: info.name, network: { hidden: [{ units: 4 }] }, epochs: 2, engine: 'reference' },
  parameters: {
    'optimizer.learning_rate': { min: 0.001, max: 1, scale: 'log' },
    batch_size: { values: [16, 32, 64] },
  },
  max_trials: 6,
  parallel: 2,
};

/** A process that takes sweeps further. */
export interface SweepProcess {
  sweeps: Sweeps;
  store: SweepStore;
  runStore: RunStore;
  storage: Storage;
  /** Takes all sweeps further, once. */
  look: () => Promise<void>;
}

/** On the storage, which other processes may share. */
export function processOn(storage: Storage, now: () => Date = () => new Date()): SweepProcess {
  const metrics = createPrometheusMetrics({ queueCounts: () => Promise.resolve([]) });
  const runs = openRuns({
    storage,
    queues: { training: emptyQueue, webhooks: { add: () => Promise.resolve() } },
    metrics,
    secret: undefined,
    allowPrivate: false,
    log,
  });
  const { producer, lifecycle } = openJobs(runs, {
    datasets,
    queue: emptyQueue,
    metrics,
    trainingMemoryLimitBytes: 2 ** 30,
    maxQueuedJobs: 1,
    log,
    lookEveryMs: 0,
  });
  const store = createSweepStore(storage);
  const options = {
    store,
    runs: runs.reader,
    runStore: runs.store,
    producer,
    lifecycle,
    idempotencyKeys: createIdempotencyKeys(storage),
    checkRequest: checkJobRequest,
    log,
    now,
  };
  return {
    sweeps: createSweeps(options),
    store,
    runStore: runs.store,
    storage,
    async look() {
      const process = createSweeps(options);
      await process.start();
      await process.stop();
    },
  };
}

/** Runs are found in the store; the tests take them from there. */
const emptyQueue: Pick<TrainingQueue, 'add' | 'remove' | 'placeOf' | 'count' | 'queueOf'> = {
  add: () => Promise.resolve(),
  remove: () => Promise.resolve(false),
  placeOf: () => Promise.resolve('waiting'),
  count: () => Promise.resolve(0),
  queueOf: () => Promise.resolve({ name: 'training', waiting: 0, workers: 0 }),
};

export async function sceneOf(): Promise<SweepProcess> {
  return processOn(await temporaryStorage());
}

/** The runs that have not ended, oldest first. */
export async function waitingRuns(storage: Storage): Promise<{ id: string; spec: RunSpec }[]> {
  const store = createRunStore(storage);
  const waiting: { id: string; spec: RunSpec }[] = [];
  for (const id of await store.ids()) {
    const spec = await store.readSpec(id);
    if (spec !== null && (await store.readResult(id)) === null) waiting.push({ id, spec });
  }
  return waiting;
}

export async function trainOn(storage: Storage, runId: string): Promise<void> {
  const store = createRunStore(storage);
  await trainRun({
    runId,
    term: await store.claim(runId),
    storage,
    store,
    registry: createRegistry(storage, log),
    datasets,
    engines,
    log,
    observe: () => undefined,
    signal: new AbortController().signal,
    threads: 1,
    memoryLimitBytes: 2 ** 30,
    now: () => new Date(),
    nowMs: () => performance.now(),
  });
}

/**
 * Trains what waits and takes the sweeps further, until nothing waits. `pick` chooses which of the waiting runs ends next: with
 * one worker the oldest, with several any of as many.
 */
export async function runToTheEnd(
  process: SweepProcess,
  pick: (waiting: number, turn: number) => number = () => 0,
): Promise<void> {
  for (let turn = 0; ; turn++) {
    await process.look();
    const waiting = await waitingRuns(process.storage);
    const next = waiting.at(waiting.length === 0 ? 0 : pick(waiting.length, turn));
    if (next === undefined) return;
    await trainOn(process.storage, next.id);
  }
}
