/** Real training processes, on an engine that needs no GPU: that one keeps a device open is all that a GPU would add. */
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { mnistInfo } from '../../../src/data/builtin/mnist.js';
import { resolveSpec } from '../../../src/jobs/intake/resolve-spec.js';
import type { JobRequest } from '../../../src/jobs/runs/job-request.js';
import { createRunStore, type RunStore } from '../../../src/jobs/runs/run-store.js';
import type { Observation } from '../../../src/jobs/training/messages.js';
import { TrainingProcesses, type TrainingOutcome } from '../../../src/jobs/worker/training-processes.js';
import { createRegistry } from '../../../src/model/registry/registry.js';
import { createFileStorage } from '../../../src/storage/file-storage.js';
import { childrenOf } from '../../child-processes.js';
import { temporaryFolder } from '../../storage/temporary-storage.js';

const never = new AbortController().signal;

interface Scene {
  store: RunStore;
  create: (request: JobRequest) => Promise<string>;
  train: (
    processes: TrainingProcesses,
    runId: string,
    options?: { stop?: AbortSignal; kill?: AbortSignal; observe?: (observation: Observation) => void },
  ) => Promise<TrainingOutcome>;
  /** SHA-256 of the version that a run published. */
  published: (model: string) => Promise<string | undefined>;
}

async function openScene(): Promise<Scene> {
  const dataDir = await temporaryFolder();
  const storage = await createFileStorage(dataDir);
  const store = createRunStore(storage);
  const settings = { logLevel: 'silent', logFormat: 'json', threads: 1, memoryLimitBytes: 2 ** 30 } as const;
  return {
    store,
    create(request) {
      const job: JobRequest = { network: { hidden: [{ units: 8 }] }, batch_size: 512, engine: 'wasm' };
      const limits = { trainingMemoryLimitBytes: Infinity };
      return store.create(resolveSpec({ epochs: 1, ...job, ...request }, mnistInfo, limits, new Date(0)));
    },
    async train(processes, runId, { stop = never, kill = never, observe = () => undefined } = {}) {
      const run = { runId, term: await store.claim(runId), traceId: null };
      const task = { ...run, dataDir, storeTarget: { kind: 'folder' }, ...settings } as const;
      return processes.run(task, { stop, kill }, observe);
    },
    async published(model) {
      const registry = createRegistry(storage, pino({ level: 'silent' }));
      return (await registry.versions(model)).at(0)?.file.sha256;
    },
  };
}

function openProcesses(options: { idleMs: number }): TrainingProcesses {
  const processes = new TrainingProcesses({
    log: pino({ level: 'silent' }),
    ...options,
    isWorthKeeping: () => true,
  });
  onTestFinished(() => processes.close());
  return processes;
}

/** The processes that this one started. */
function children(): Promise<number[]> {
  return childrenOf(process.pid);
}

test('a process that is kept trains later runs with the bits of a new one, also when they were stopped', async () => {
  const { create, train, published } = await openScene();
  const kept = openProcesses({ idleMs: 60_000 });
  const job: JobRequest = { epochs: 12, seed: 3 };
  expect(await train(kept, await create({ seed: 2, network: { hidden: [{ units: 9 }] } }))).toEqual({
    kind: 'finished',
  });
  const [first] = await children();

  const id = await create({ ...job, model: 'stopped' });
  const stop = new AbortController();
  const stopAtEpoch = ({ kind }: Observation): void => {
    if (kind === 'epoch') stop.abort();
  };
  expect(await train(kept, id, { stop: stop.signal, observe: stopAtEpoch })).toEqual({ kind: 'handed_back' });
  expect(await train(kept, id)).toEqual({ kind: 'finished' });
  expect(await children()).toEqual([first]);

  const fresh = openProcesses({ idleMs: 0 });
  expect(await train(fresh, await create({ ...job, model: 'whole' }))).toEqual({ kind: 'finished' });
  expect(await children()).toEqual([first]);
  expect(await published('stopped')).toBe(await published('whole'));
  expect(await published('whole')).toBeDefined();
});

test('a process that was killed or whose run failed is not used again', async () => {
  const { store, create, train, published } = await openScene();
  const kept = openProcesses({ idleMs: 60_000 });
  const killed = await create({ epochs: 1_000, model: 'killed' });
  const killAtEpoch = async ({ kind }: Observation): Promise<void> => {
    if (kind === 'epoch') for (const pid of await children()) process.kill(pid, 'SIGKILL');
  };
  expect(await train(kept, killed, { observe: (observation) => void killAtEpoch(observation) })).toEqual({
    kind: 'crashed',
    reason: 'SIGKILL',
  });
  expect(await children()).toEqual([]);

  const cancel = new AbortController();
  const cancelAtEpoch = ({ kind }: Observation): void => {
    if (kind === 'epoch') cancel.abort();
  };
  expect(await train(kept, killed, { kill: cancel.signal, observe: cancelAtEpoch })).toEqual({
    kind: 'taken_over',
  });
  expect(await children()).toEqual([]);

  // A learning rate at which the numbers overflow.
  const diverging = await create({ optimizer: { type: 'sgd', learning_rate: 1e30 }, model: 'diverging' });
  expect(await train(kept, diverging)).toEqual({ kind: 'finished' });
  expect(await store.readResult(diverging)).toMatchObject({ status: 'failed' });
  expect(await children()).toEqual([]);

  expect(await train(kept, await create({ model: 'later' }))).toEqual({ kind: 'finished' });
  const [waiting] = await children();
  process.kill(waiting, 'SIGKILL');
  await expect.poll(children).toEqual([]);
  expect(await train(kept, await create({ model: 'after' }))).toEqual({ kind: 'finished' });
  expect(await published('after')).toBe(await published('later'));
});

test('a process waits no longer than it may, and not at all when the worker stops', async () => {
  const { create, train } = await openScene();
  const short = openProcesses({ idleMs: 1 });
  expect(await train(short, await create({}))).toEqual({ kind: 'finished' });
  await expect.poll(children).toEqual([]);

  const closed = openProcesses({ idleMs: 60_000 });
  expect(await train(closed, await create({}))).toEqual({ kind: 'finished' });
  expect(await children()).toHaveLength(1);
  await closed.close();
  expect(await children()).toEqual([]);
});
