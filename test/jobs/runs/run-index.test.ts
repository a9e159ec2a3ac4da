import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { TrainyardError } from '../../../src/errors.js';
import type { JobFilter } from '../../../src/jobs/runs/run-index.js';
import type { JobStatus } from '../../../src/jobs/runs/run-events.js';
import type { RunSpec } from '../../../src/jobs/runs/run-spec.js';
import { cancelRun, endRun } from '../../../src/jobs/runs/end-run.js';
import { createRunIndex, type RunIndex } from '../../../src/jobs/runs/run-index.js';
import { createRunReader, type RunReader } from '../../../src/jobs/runs/run-reader.js';
import { createRunStore, type RunStore } from '../../../src/jobs/runs/run-store.js';
import { resolveSpec } from '../../../src/jobs/intake/resolve-spec.js';
import type { Storage } from '../../../src/storage/storage.js';
import { mnistInfo as mnist } from '../../../src/data/builtin/mnist.js';
import { temporaryStorage } from '../../storage/temporary-storage.js';

function specOf(request: { model?: string; metadata?: Record<string, string> } = {}): RunSpec {
  return resolveSpec(request, mnist, { trainingMemoryLimitBytes: 2 ** 30 }, new Date(0));
}

/** As a process has it that works on the storage. */
interface Process {
  storage: Storage;
  store: RunStore;
  runs: RunReader;
  index: RunIndex;
  logLines: { msg: string; job: string; folder?: string }[];
}

/** `lookEveryMs` 0: it looks at what others do each time that it is asked. */
function processOn(storage: Storage, { lookEveryMs = 0 } = {}): Process {
  const logLines: Process['logLines'] = [];
  const log = pino(
    {},
    { write: (line: string) => void logLines.push(JSON.parse(line) as Process['logLines'][number]) },
  );
  const store = createRunStore(storage);
  const runs = createRunReader(store);
  return { storage, store, runs, index: createRunIndex({ store, runs, log, lookEveryMs }), logLines };
}

async function found(index: RunIndex, filter: JobFilter = {}, limit = 100): Promise<string[]> {
  return (await index.page({ limit, filter })).runs.map(({ id }) => id);
}

async function startTraining({ store }: Process, id: string): Promise<void> {
  const events = await store.writeEvents(id, await store.claim(id));
  await events.append({ type: 'status', status: 'running', attempt: 1 });
}

async function pause({ store }: Process, id: string): Promise<void> {
  await (await store.writeEvents(id, await store.claim(id))).append({ type: 'status', status: 'paused' });
}

async function end({ store }: Process, id: string, status: 'succeeded' | 'failed'): Promise<void> {
  const spec = await store.readSpec(id);
  if (spec === null) throw new Error(`There is no run ${id}`);
  await store.claim(id);
  await endRun(store, id, spec, { status, error: null, now: new Date(0) });
}

describe('whatever happens to runs, in this process and in another,', () => {
  const models = ['a', 'b'] as const;
  const owners = ['ada', 'bob'] as const;
  const statuses: readonly JobStatus[] = ['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'];
  const changes = [
    'train',
    'pause',
    'requeue',
    'succeed',
    'fail',
    'cancel',
    'remove',
    'damage',
    'mend',
  ] as const;

  const step = fc.record({
    change: fc.constantFrom('create' as const, 'create' as const, ...changes),
    /** Which of the runs, as far as there are so many. */
    of: fc.nat(5),
    /** Whether this process does it, and so tells its index. */
    isOwn: fc.boolean(),
    file: fc.constantFrom('spec.json', 'result.json'),
    model: fc.constantFrom(...models),
    owner: fc.constantFrom(...owners),
  });
  const query = fc.record(
    {
      status: fc.constantFrom(...statuses),
      model: fc.constantFrom(...models),
      metadata: fc.record({ owner: fc.constantFrom(...owners) }),
    },
    { requiredKeys: [] },
  );
  type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

  /** How the files were before they were damaged. */
  type Whole = Map<string, Buffer | null>;

  async function take(process: Process, whole: Whole, { change, of, isOwn, file, model, owner }: Step) {
    const { storage, store, index } = process;
    if (change === 'create') {
      const id = await store.create(specOf({ model, metadata: { owner } }));
      if (isOwn) index.changed(id);
      return;
    }
    const ids = await store.ids();
    const id = ids.at(of % Math.max(1, ids.length));
    if (id === undefined) return;
    const key = `runs/${id}/${file}`;
    if (change === 'damage') {
      if (!whole.has(key)) whole.set(key, await storage.read(key));
      await storage.put(key, Buffer.from('{'));
      return;
    }
    if (change === 'mend') {
      const before = whole.get(key);
      if (before === null) await storage.remove(key);
      else if (before !== undefined) await storage.put(key, before);
      whole.delete(key);
      return;
    }
    // What happens to a damaged run is another matter.
    if ([...whole.keys()].some((damaged) => damaged.includes(id))) return;
    const state = await process.runs.read(id);
    if (state === null) return;
    if (change === 'remove') await store.remove(id);
    else if (state.result !== null) return;
    else if (change === 'train') await startTraining(process, id);
    else if (change === 'pause') await pause(process, id);
    else if (change === 'cancel') await cancelRun(store, id, state.spec, new Date(0));
    else if (change === 'requeue') {
      // A worker puts back what it trains. Whoever changes a run that waits claims a term of its own first.
      if (state.status !== 'running') return;
      const { term } = await store.newestTerm(id);
      await (await store.writeEvents(id, term)).append({ type: 'status', status: 'queued', error: null });
    } else await end(process, id, change === 'succeed' ? 'succeeded' : 'failed');
    if (isOwn) index.changed(id);
  }

  async function bruteForce(storage: Storage, { status, model, metadata }: JobFilter): Promise<string[]> {
    const { store, runs } = processOn(storage);
    const fitting: string[] = [];
    for (const id of await store.ids()) {
      const run = await runs.read(id).catch(() => null);
      if (run === null) continue;
      if (status !== undefined && run.status !== status) continue;
      if (model !== undefined && run.spec.model !== model) continue;
      if (metadata !== undefined && run.spec.metadata.owner !== metadata.owner) continue;
      fitting.unshift(id);
    }
    return fitting;
  }

  test('a page of any filter is what reading every run finds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(step, query, fc.integer({ min: 1, max: 4 })), { minLength: 4, maxLength: 14 }),
        async (history) => {
          const storage = await temporaryStorage();
          const here = processOn(storage);
          const other = { ...processOn(storage), index: here.index };
          const whole: Whole = new Map();
          for (const [each, filter, limit] of history) {
            await take(each.isOwn ? here : other, whole, each);
            // As the search for forgotten runs does, which looks at damaged runs again.
            if (each.change === 'mend') await here.index.unsettled();
            const expected = await bruteForce(storage, filter);
            const first = await here.index.page({ limit, filter });
            expect(first.runs.map(({ id }) => id)).toEqual(expected.slice(0, limit));
            expect(first.hasMore).toBe(expected.length > limit);
            const after = expected.at(limit - 1);
            if (after !== undefined) {
              const second = await here.index.page({ after, limit, filter });
              expect(second.runs.map(({ id }) => id)).toEqual(expected.slice(limit, 2 * limit));
            }
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});

test('jobs on a version of a dataset are found until they have ended', async () => {
  const process = processOn(await temporaryStorage());
  const { store, index } = process;
  const on = (name: string, version: number | null): Promise<string> =>
    store.create({ ...specOf(), dataset: { name, version, sha256: null } });
  const [first, second, , , ended] = [
    await on('churn', 2),
    await on('churn', 2),
    await on('churn', 1),
    await on('other', 2),
    await on('churn', 2),
  ];
  await endRun(store, ended, specOf(), { status: 'failed', error: null, now: new Date(0) });
  const filter = { dataset: 'churn', dataset_version: 2 };
  expect(await found(index, filter)).toEqual([ended, second, first]);
  expect(await found(index, { ...filter, ended: false })).toEqual([second, first]);
  await endRun(store, first, specOf(), { status: 'cancelled', error: null, now: new Date(0) });
  expect(await found(index, { ...filter, ended: false })).toEqual([second]);
  expect(await found(index, { ...filter, ended: true })).toEqual([ended, first]);
});

describe('what this process has done', () => {
  /** It looks at what others do only once. */
  const blind = { lookEveryMs: 3_600_000 };

  test('shows at once, whatever was looked at before', async () => {
    const process = processOn(await temporaryStorage(), blind);
    const { store, index } = process;
    expect(await found(index)).toEqual([]);
    expect(await found(index, { status: 'queued' })).toEqual([]);
    const id = await store.create(specOf());
    index.changed(id);
    expect(await found(index)).toEqual([id]);
    expect(await found(index, { status: 'queued' })).toEqual([id]);
    await pause(process, id);
    index.changed(id);
    expect(await found(index, { status: 'paused' })).toEqual([id]);
    expect(await found(index, { status: 'queued' })).toEqual([]);
    await store.remove(id);
    index.changed(id);
    expect(await found(index)).toEqual([]);
    expect(await found(index, { model: 'mnist-mlp' })).toEqual([]);
  });

  test('shows when a listing that is older than it comes in later', async () => {
    const { store, index } = processOn(await temporaryStorage());
    let release = (): void => undefined;
    vi.spyOn(store, 'ids').mockReturnValueOnce(new Promise((resolve) => (release = () => resolve([]))));
    const page = found(index);
    const id = await store.create(specOf());
    index.changed(id);
    release();
    expect(await page).toEqual([id]);
    expect(await found(index, { status: 'queued' })).toEqual([id]);
  });

  test('is not hidden by a reading that is older than it and comes in later', async () => {
    const process = processOn(await temporaryStorage(), blind);
    const { store, runs, index } = process;
    const id = await store.create(specOf());
    expect(await found(index, { status: 'queued' })).toEqual([id]);
    const before = await runs.read(id);
    let release = (): void => undefined;
    vi.spyOn(runs, 'read').mockReturnValueOnce(new Promise((resolve) => (release = () => resolve(before))));
    const old = index.read(id);
    await pause(process, id);
    index.changed(id);
    release();
    await old;
    expect(await found(index, { status: 'paused' })).toEqual([id]);
  });
});

describe('a question about all runs', () => {
  test('reads those that have ended once, and of those that wait only their terms', async () => {
    const process = processOn(await temporaryStorage());
    const { store, runs, index } = process;
    const ids: string[] = [];
    for (let i = 0; i < 12; i++) ids.push(await store.create(specOf()));
    for (const id of ids.slice(0, 8)) await end(process, id, id === ids[3] ? 'failed' : 'succeeded');
    await pause(process, ids[8] ?? '');
    const read = vi.spyOn(runs, 'read');
    const look = vi.spyOn(store, 'newestTerm');
    expect(await found(index, { status: 'failed' })).toEqual([ids[3]]);
    expect(new Set(read.mock.calls.map(([id]) => id)).size).toBe(12);
    read.mockClear();
    look.mockClear();
    expect(await found(index, { status: 'failed' })).toEqual([ids[3]]);
    // The one that is shown.
    expect(read.mock.calls).toEqual([[ids[3]]]);
    expect(new Set(look.mock.calls.map(([id]) => id))).toEqual(new Set(ids.slice(8)));
  });

  test('waits until all are read, of which so many at a time, and a page of all runs does not', async () => {
    const { store, runs, index } = processOn(await temporaryStorage());
    const ids: string[] = [];
    for (let i = 0; i < 40; i++) ids.push(await store.create(specOf()));
    const newest = ids.at(-1);
    const [underWay, release] = [new Set<string>(), [] as (() => void)[]];
    let most = 0;
    const read = runs.read.bind(runs);
    const slow = vi.spyOn(runs, 'read').mockImplementation(async (id) => {
      underWay.add(id);
      most = Math.max(most, underWay.size);
      if (id !== newest) await new Promise<void>((resolve) => release.push(resolve));
      underWay.delete(id);
      return read(id);
    });
    onTestFinished(() => slow.mockRestore());
    let isAnswered = false;
    const filtered = found(index, { status: 'queued' }).finally(() => (isAnswered = true));
    expect(await found(index, {}, 0)).toEqual([]);
    while (release.length < 16) await new Promise(setImmediate);
    expect(await index.read(newest ?? '')).toMatchObject({ id: newest });
    expect(isAnswered).toBe(false);
    const letGo = setInterval(() => release.splice(0).forEach((each) => each()), 1);
    onTestFinished(() => clearInterval(letGo));
    expect(await filtered).toEqual(ids.reverse());
    expect(most).toBeLessThanOrEqual(41);
  });

  test('is refused when the service stops meanwhile', async () => {
    const { store, index } = processOn(await temporaryStorage());
    await store.create(specOf());
    index.stop();
    await expect(found(index, { status: 'queued' })).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  });
});

describe('a damaged run', () => {
  test('is left out, counted, and logged once with its folder', async () => {
    const { storage, store, index, logLines } = processOn(await temporaryStorage());
    const [good, bad] = [await store.create(specOf()), await store.create(specOf())];
    await storage.put(`runs/${bad}/spec.json`, Buffer.alloc(0));
    for (let round = 0; round < 3; round++) {
      expect(await found(index)).toEqual([good]);
      expect(await found(index, { status: 'queued' })).toEqual([good]);
      expect((await index.unsettled()).map(({ id }) => id)).toEqual([good]);
      expect(index.damagedCount()).toBe(1);
    }
    expect(logLines).toHaveLength(1);
    expect(logLines[0]).toMatchObject({ level: 50, job: bad, folder: `runs/${bad}` });
  });

  test.each([
    ['is not JSON', '{'],
    ['is of another format version', '{"format_version":3}'],
    ['has nothing in it but its version', '{"format_version":1}'],
  ])('is one whose spec %s', async (_, content) => {
    const { storage, store, index } = processOn(await temporaryStorage());
    const [good, bad] = [await store.create(specOf()), await store.create(specOf())];
    await storage.put(`runs/${bad}/spec.json`, Buffer.from(content));
    expect(await found(index)).toEqual([good]);
    expect(index.damagedCount()).toBe(1);
  });

  test('is one that cannot be read for whatever reason, while the store answers', async () => {
    const { store, runs, index } = processOn(await temporaryStorage());
    const [good, bad] = [await store.create(specOf()), await store.create(specOf())];
    const read = runs.read.bind(runs);
    const refused = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    vi.spyOn(runs, 'read').mockImplementation((id) => (id === bad ? Promise.reject(refused) : read(id)));
    expect(await found(index, { status: 'queued' })).toEqual([good]);
    expect(index.damagedCount()).toBe(1);
  });

  test('that ended well is noticed when it is to be shown', async () => {
    const process = processOn(await temporaryStorage());
    const { storage, store, index } = process;
    const id = await store.create(specOf());
    await end(process, id, 'succeeded');
    expect(await found(index, { status: 'succeeded' })).toEqual([id]);
    await storage.put(`runs/${id}/result.json`, Buffer.from('{'));
    expect(await found(index, { status: 'succeeded' })).toEqual([]);
    expect(index.damagedCount()).toBe(1);
  });

  test('is there again when it was repaired and a search has looked', async () => {
    const { storage, store, index } = processOn(await temporaryStorage());
    const id = await store.create(specOf());
    const key = `runs/${id}/spec.json`;
    const whole = (await storage.read(key)) ?? Buffer.alloc(0);
    await storage.put(key, Buffer.from('{'));
    expect(await found(index)).toEqual([]);
    await storage.put(key, whole);
    expect(await index.unsettled()).toMatchObject([{ id, status: 'queued', hasEnded: false }]);
    expect(index.damagedCount()).toBe(0);
    expect(await found(index)).toEqual([id]);
  });

  test('is no longer counted when it is gone', async () => {
    const { storage, store, index } = processOn(await temporaryStorage());
    const id = await store.create(specOf());
    await storage.put(`runs/${id}/spec.json`, Buffer.from('{'));
    expect(await found(index)).toEqual([]);
    await storage.remove(`runs/${id}`);
    expect(await found(index)).toEqual([]);
    expect(index.damagedCount()).toBe(0);
  });
});

test('a store that does not answer is said to be away, and damages no run', async () => {
  const { store, runs, index, logLines } = processOn(await temporaryStorage());
  const id = await store.create(specOf());
  const away = new TrainyardError('STORAGE_UNAVAILABLE', 'The object store does not do its work.');
  const read = vi.spyOn(runs, 'read').mockRejectedValue(away);
  for (const filter of [{}, { model: 'mnist-mlp' }, { status: 'queued' }] satisfies JobFilter[]) {
    await expect(found(index, filter)).rejects.toThrow(away);
  }
  await expect(index.unsettled()).rejects.toThrow(away);
  read.mockRestore();
  vi.spyOn(store, 'ids').mockRejectedValueOnce(away);
  await expect(found(index)).rejects.toThrow(away);
  expect(await found(index, { status: 'queued' })).toEqual([id]);
  expect([index.damagedCount(), logLines.length]).toEqual([0, 0]);
});

describe('of runs that have ended', () => {
  test('only those with a webhook are unsettled, until they are settled', async () => {
    const process = processOn(await temporaryStorage());
    const { store, index } = process;
    const silent = await store.create(specOf());
    const webhook = { url: 'https://example.com/', events: ['job.succeeded' as const] };
    const heard = await store.create({ ...specOf(), webhook });
    for (const id of [silent, heard]) await end(process, id, 'succeeded');
    const unsettled = async () => (await index.unsettled()).map(({ id }) => id);
    expect(await unsettled()).toEqual([heard]);
    index.settle(heard);
    expect(await unsettled()).toEqual([]);
    // It is read again for a page.
    const { runs } = await index.page({ limit: 10, filter: { status: 'succeeded' } });
    expect(runs.map(({ id }) => id)).toEqual([heard, silent]);
    expect(await unsettled()).toEqual([]);
  });
});
