/** Runs that are trained in the process of the test, can be stopped at any look and die at any write. */
import { pino } from 'pino';
import type { Dataset } from '../../../src/data/dataset.js';
import type { EpochMetrics, RunEvent } from '../../../src/jobs/runs/run-events.js';
import type { JobRequest } from '../../../src/jobs/runs/job-request.js';
import type { RunSpec } from '../../../src/jobs/runs/run-spec.js';
import { createRunStore, type RunStore } from '../../../src/jobs/runs/run-store.js';
import { logStart } from '../../../src/jobs/runs/run-log.js';
import type { Observe, TrainingEnd } from '../../../src/jobs/training/messages.js';
import type { TrainingDatasets } from '../../../src/jobs/training/load-data.js';
import { trainRun } from '../../../src/jobs/training/train-run.js';
import type { EngineEntry } from '../../../src/model/engines/engine.js';
import { engines as all } from '../../../src/model/engines/select.js';
import { readCheckpoint } from '../../../src/model/files/checkpoint.js';
import { createRegistry } from '../../../src/model/registry/registry.js';
import type { Storage } from '../../../src/storage/storage.js';
import { temporaryStorage } from '../../storage/temporary-storage.js';
import { smallMnist, smallSpec } from './small-mnist.js';

export const log = pino({ level: 'silent' });

export interface Scene {
  storage: Storage;
  store: RunStore;
  runId: string;
  spec: RunSpec;
  /** The same run in a copy of its storage. */
  in(copy: Storage): Scene;
  /** One attempt; on another storage, if one is given. */
  train(options?: {
    on?: Storage;
    signal?: Pick<AbortSignal, 'aborted'>;
    observe?: Observe;
    nowMs?: () => number;
    engines?: readonly EngineEntry[];
  }): Promise<TrainingEnd['kind']>;
}

export async function sceneOf(request: JobRequest = {}): Promise<Scene> {
  return sceneWith(await smallSpec(request), smallMnist);
}

export async function sceneWith(spec: RunSpec, load: () => Promise<Dataset>, on?: Storage): Promise<Scene> {
  const isNoTable = () => Promise.reject(new Error('The dataset is no table'));
  return sceneOn(spec, { load, info: isNoTable, openTable: isNoTable }, on);
}

export async function sceneOn(spec: RunSpec, datasets: TrainingDatasets, on?: Storage): Promise<Scene> {
  const storage = on ?? (await temporaryStorage());
  return sceneOfRun(await createRunStore(storage).create(spec), spec, datasets, storage);
}

function sceneOfRun(runId: string, spec: RunSpec, datasets: TrainingDatasets, storage: Storage): Scene {
  const store = createRunStore(storage);
  return {
    storage,
    store,
    runId,
    spec,
    in: (copy) => sceneOfRun(runId, spec, datasets, copy),
    async train(options = {}) {
      const { on = storage, signal = new AbortController().signal } = options;
      const { observe = () => undefined, nowMs = clockOf({ stepMs: 1 }), engines = all } = options;
      const end = await trainRun({
        runId,
        term: await store.claim(runId),
        storage: on,
        store: createRunStore(on),
        registry: createRegistry(on, log),
        datasets,
        engines,
        log,
        observe,
        signal,
        threads: 1,
        memoryLimitBytes: 2 ** 30,
        now: () => new Date(),
        nowMs,
      });
      return end.kind;
    },
  };
}

/** A clock that moves by so much each time it is read: what a run writes depends on its steps, not on the machine. */
export function clockOf({ stepMs }: { stepMs: number }): () => number {
  let nowMs = 0;
  return () => (nowMs += stepMs);
}

export async function curveOf(scene: Scene): Promise<EpochMetrics[]> {
  return (await eventsOf(scene)).flatMap((event) => (event.type === 'metrics' ? [event.metrics] : []));
}

export async function eventsOf({ store, runId }: Scene): Promise<RunEvent[]> {
  return (await store.readEvents(runId, logStart)).events;
}

/** All of a run's outcome that may not depend on when it was interrupted. */
export async function outcomeOf(scene: Scene) {
  const { storage, store, runId, spec } = scene;
  const result = await store.readResult(runId);
  const registry = createRegistry(storage, log);
  const versions = await registry.versions(spec.model);
  const last = await readCheckpoint(storage, store.checkpointsOf(runId), spec.steps);
  return {
    status: result?.status,
    error: result?.error,
    metrics: result?.summary.metrics,
    versions: versions.map(({ version, step, metrics, file }) => ({
      version,
      step,
      metrics,
      sha256: file.sha256,
    })),
    milestones: (await eventsOf(scene)).flatMap<EpochMetrics | [string, number]>((event) => {
      if (event.type === 'metrics') return [event.metrics];
      return event.type === 'checkpoint' || event.type === 'published' ? [[event.type, event.step]] : [];
    }),
    checkpoint:
      last && [...last.state.parameters, ...last.state.optimizer].map(([name, { data }]) => [name, ...data]),
  };
}

/** An outcome whatever checkpoints there were on the way. */
export function epochsOnly(outcome: Awaited<ReturnType<typeof outcomeOf>>) {
  const { milestones } = outcome;
  return { ...outcome, milestones: milestones.filter((m) => !Array.isArray(m) || m[0] === 'published') };
}

/** Asks to stop when it is looked at for that many times; the run looks before each call of its engine, and all along while it evaluates. */
export function stopAtLook(count: number): Pick<AbortSignal, 'aborted'> {
  let looks = 0;
  return {
    get aborted() {
      return ++looks >= count;
    },
  };
}

/** The same for the first attempts; later ones may end, which takes many looks while the run evaluates. */
export function stopWhileAttempt(attempt: number, count: number): Pick<AbortSignal, 'aborted'> {
  return stopAtLook(attempt < 60 ? count : Infinity);
}

/** `appends`: which of the writes add to the end of what there is. */
export async function countWrites(scene: Scene): Promise<{ writes: number; appends: Set<number> }> {
  const appends = new Set<number>();
  let writes = 0;
  await scene.train({
    on: watchWrites(scene, (kind) => {
      if (kind === 'append') appends.add(writes);
      writes++;
    }),
  });
  return { writes, appends };
}

/** The storage of the scene; `onWrite` is called before each write. */
export function watchWrites(
  { storage }: Scene,
  onWrite: (kind: 'put' | 'create' | 'append' | 'remove') => void,
): Storage {
  return {
    ...storage,
    put: (...args) => (onWrite('put'), storage.put(...args)),
    create: (...args) => (onWrite('create'), storage.create(...args)),
    append: (...args) => (onWrite('append'), storage.append(...args)),
    remove: (...args) => (onWrite('remove'), storage.remove(...args)),
  };
}

/** Lets that many writes through and then none, as a process that is killed; a torn append leaves half of itself. */
export function dyingStorage(storage: Storage, survived: number, torn: boolean): Storage {
  let left = survived;
  const orDie = async <Done>(write: () => Promise<Done>, partly?: () => Promise<Done>): Promise<Done> => {
    if (left-- > 0) return write();
    if (torn && left === -1) await partly?.();
    throw new Error('died');
  };
  return {
    ...storage,
    put: (key, content) => orDie(() => storage.put(key, content)),
    create: (key, content) => orDie(() => storage.create(key, content)),
    append: (key, content) =>
      orDie(
        () => storage.append(key, content),
        () => storage.append(key, content.subarray(0, content.length / 2)),
      ),
    remove: (key) => orDie(() => storage.remove(key)),
  };
}
