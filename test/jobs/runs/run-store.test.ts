import { rm, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RunEvent, RunResult } from '../../../src/jobs/runs/run-events.js';
import { endRun } from '../../../src/jobs/runs/end-run.js';
import { logStart } from '../../../src/jobs/runs/run-log.js';
import { createRunReader } from '../../../src/jobs/runs/run-reader.js';
import { createRunStore, type RunStore } from '../../../src/jobs/runs/run-store.js';
import { emptySummary } from '../../../src/jobs/runs/summarize-events.js';
import { createFileStorage } from '../../../src/storage/file-storage.js';
import { temporaryFolder, temporaryStorage } from '../../storage/temporary-storage.js';
import { churn, specOn } from '../small-table.js';
import { smallSpec } from '../training/small-mnist.js';

describe('ids', () => {
  test('sort by creation, within a millisecond too', async () => {
    let now = 1_000;
    const store = createRunStore(await temporaryStorage(), { now: () => new Date(now) });
    const spec = await smallSpec();
    const ids: string[] = [];
    for (let i = 0; i < 20; i++) {
      if (i % 5 === 0) now++;
      ids.push(await store.create(spec));
    }
    expect(ids).toEqual(ids.toSorted());
    expect(await store.ids()).toEqual(ids);
    expect(new Set(ids).size).toBe(20);
  });

  test.each(['job_1', '../../etc/passwd', 'job_../../../../../../etc/passwd', ''])(
    'that could be none find nothing: %s',
    async (id) => {
      const store = createRunStore(await temporaryStorage());
      expect(await store.readSpec(id)).toBeNull();
      expect(await store.readResult(id)).toBeNull();
    },
  );
});

describe('documents', () => {
  test('come back as they were written', async () => {
    const store = createRunStore(await temporaryStorage());
    const spec = await smallSpec({ metadata: { team: 'vision' } });
    expect(await store.readSpec(await store.create(spec))).toEqual(spec);
  });

  test('a spec that is older than its newer fields has what was meant then', async () => {
    const storage = await temporaryStorage();
    const store = createRunStore(storage);
    const { dataset, ...spec } = await smallSpec({ checkpoint: {}, loss: 'one_hot_mse' });
    const { checkpoint, priority, time_limit_seconds, webhook, idempotency_key, trace_context, ...older } =
      spec;
    const { task, split, ...oldest } = older;
    const id = await store.create(await smallSpec());
    const stored = { ...oldest, format_version: 1, dataset: dataset.name, loss: 'mse' };
    await storage.put(`runs/${id}/spec.json`, Buffer.from(JSON.stringify(stored)));
    const newer = { checkpoint, priority, time_limit_seconds, webhook, idempotency_key, trace_context };
    const pin = { dataset: { name: dataset.name, version: null, sha256: null } };
    expect(await store.readSpec(id)).toEqual({ ...oldest, ...newer, ...pin, task, split });
  });

  test('of two endings the first to be decided holds', async () => {
    const store = createRunStore(await temporaryStorage());
    const id = await store.create(await smallSpec());
    expect(await store.readEnding(id)).toBeNull();
    expect(await store.decideEnding(id, 'cancelled')).toBe('cancelled');
    expect(await store.decideEnding(id, 'succeeded')).toBe('cancelled');
    expect(await store.readEnding(id)).toBe('cancelled');
  });

  test('are gone when the run is removed', async () => {
    const storage = await temporaryStorage();
    const store = createRunStore(storage);
    const id = await store.create(await smallSpec());
    await store.claim(id);
    await store.remove(id);
    expect(await store.readSpec(id)).toBeNull();
    expect(await store.ids()).toEqual([]);
    expect(await storage.list(`runs/${id}`)).toEqual([]);
  });

  test('a spec that is older than dropout has none', async () => {
    const storage = await temporaryStorage();
    const store = createRunStore(storage);
    const spec = await smallSpec();
    const id = await store.create(spec);
    const network = { ...spec.network, hidden: [{ units: 8, activation: 'relu' }] };
    const { dataset } = spec;
    const older = { ...spec, format_version: 1, dataset: dataset.name, network };
    await storage.put(`runs/${id}/spec.json`, Buffer.from(JSON.stringify(older)));
    expect(await store.readSpec(id)).toEqual({
      ...spec,
      dataset: { ...dataset, version: null, sha256: null },
    });
  });

  test('of a run that is older than versions of datasets name none', async () => {
    const storage = await temporaryStorage();
    const store = createRunStore(storage);
    const spec = await smallSpec();
    const id = await store.create(spec);
    const { name, sha256 } = spec.dataset;
    const older = { name, sha256 };
    await storage.put(`runs/${id}/spec.json`, Buffer.from(JSON.stringify({ ...spec, dataset: older })));
    expect(await store.readSpec(id)).toEqual({ ...spec, dataset: { ...older, version: null } });
  });

  test('of a run on a table say what is wrong with them', async () => {
    const storage = await temporaryStorage();
    const store = createRunStore(storage);
    const spec = await specOn(churn());
    const id = await store.create(spec);
    expect(await store.readSpec(id)).toEqual(spec);
    const damaged = structuredClone(spec);
    if (damaged.table) Object.assign(damaged.table.columns[2].format, { decimal: 7 });
    await storage.put(`runs/${id}/spec.json`, Buffer.from(JSON.stringify(damaged)));
    await expect(store.readSpec(id)).rejects.toThrow('/table/columns/2/format/decimal is not . or ,');
  });

  test('the first result stands, and it alone is told', async () => {
    const ended: RunResult['status'][] = [];
    const store = createRunStore(await temporaryStorage(), { onEnd: ({ status }) => ended.push(status) });
    const spec = await smallSpec();
    const id = await store.create(spec);
    const result = (status: RunResult['status']): RunResult => ({
      format_version: 2,
      status,
      error: null,
      finished_at: new Date(0).toISOString(),
      summary: emptySummary(spec),
    });
    expect(await store.readResult(id)).toBeNull();
    const written = await Promise.all(
      (['succeeded', 'failed', 'cancelled'] as const).map((status) => store.writeResult(id, result(status))),
    );
    expect(written.filter(Boolean)).toHaveLength(1);
    expect((await store.readResult(id))?.status).toBe(
      ['succeeded', 'failed', 'cancelled'][written.indexOf(true)],
    );
    expect(ended).toEqual([(await store.readResult(id))?.status]);
  });

  const reads = {
    'spec.json': (store: RunStore, id: string) => store.readSpec(id),
    'result.json': (store: RunStore, id: string) => store.readResult(id),
    'ending.json': (store: RunStore, id: string) => store.readEnding(id),
    'closing.json': (store: RunStore, id: string) => store.readEvents(id, logStart),
    'terms/000001.end.json': (store: RunStore, id: string) => store.readEvents(id, logStart),
  };
  const files = Object.keys(reads) as (keyof typeof reads)[];

  /** A run that has ended, all of whose documents are there. */
  async function endedRun() {
    const folder = await temporaryFolder();
    const storage = await createFileStorage(folder);
    const store = createRunStore(storage);
    const spec = await smallSpec();
    const id = await store.create(spec);
    await (await store.writeEvents(id, await store.claim(id))).append({ type: 'checkpoint', step: 5 });
    await store.decideEnding(id, 'succeeded');
    await endRun(store, id, spec, { status: 'succeeded', error: null, now: new Date(0) });
    await store.readEvents(id, logStart);
    return { folder, storage, store, id };
  }

  test.each(
    files.flatMap((file) =>
      [
        '',
        '{"format_version":1',
        'null',
        '[]',
        '{"format_version":3}',
        '{"format_version":2}',
        '{"format_version":1}',
      ].map((content) => [file, content] as const),
    ),
  )('that cannot be read are refused, not guessed, and named: %s that is %j', async (file, content) => {
    const { storage, store, id } = await endedRun();
    await reads[file](store, id);
    await storage.put(`runs/${id}/${file}`, Buffer.from(content));
    await expect(reads[file](store, id)).rejects.toMatchObject({
      code: 'RUN_CORRUPT',
      message: expect.stringContaining(`runs/${id}/${file}`) as string,
    });
  });

  test.each(files)('whose file cannot be read are damaged, and the store is not away: %s', async (file) => {
    const { folder, store, id } = await endedRun();
    const path = join(folder, 'runs', id, file);
    await rm(path);
    await symlink(basename(path), path);
    await expect(reads[file](store, id)).rejects.toMatchObject({
      code: 'RUN_CORRUPT',
      message: expect.stringContaining(`runs/${id}/${file} cannot be read`) as string,
    });
    expect(await store.ids()).toEqual([id]);
  });

  test.each(['spec.json', 'result.json'])('that show a run make it damaged as a whole: %s', async (file) => {
    const { storage, store, id } = await endedRun();
    const runs = createRunReader(store);
    expect(await runs.read(id)).toMatchObject({ status: 'succeeded' });
    await storage.put(`runs/${id}/${file}`, Buffer.from(''));
    await expect(runs.read(id)).rejects.toMatchObject({ code: 'RUN_CORRUPT' });
  });

  test('tell which field is damaged, however deep it lies', async () => {
    const storage = await temporaryStorage();
    const store = createRunStore(storage);
    const spec = await smallSpec();
    const id = await store.create(spec);
    for (const [damaged, field] of [
      [{ ...spec, epochs: '3' }, '/epochs is not a whole number from 1'],
      [{ ...spec, network: { ...spec.network, hidden: [{ units: 0 }] } }, '/network/hidden/0/units'],
      [{ ...spec, optimizer: { ...spec.optimizer, type: 'none' } }, '/optimizer/type is not adam or adamw'],
      [{ ...spec, metadata: { team: 1 } }, '/metadata/team is not text'],
      [{ ...spec, created_at: 'yesterday' }, '/created_at is not a time'],
      [{ ...spec, checkpoint: null }, '/checkpoint is not an object'],
    ] as const) {
      await storage.put(`runs/${id}/spec.json`, Buffer.from(JSON.stringify(damaged)));
      await expect(store.readSpec(id)).rejects.toMatchObject({
        message: expect.stringContaining(`runs/${id}/spec.json is damaged: ${field}`) as string,
      });
    }
  });
});

describe('events', () => {
  test('begin with the queueing and end with the end, whoever reads and from where', async () => {
    let now = 0;
    const store = createRunStore(await temporaryStorage(), { now: () => new Date(now) });
    const spec = await smallSpec();
    const id = await store.create(spec);
    const opening = { seq: 1, time: spec.created_at, type: 'status', status: 'queued', error: null };
    const first = await store.readEvents(id, logStart);
    expect(first.events).toEqual([opening]);

    now = 1_000;
    const writer = await store.writeEvents(id, await store.claim(id));
    await writer.append({ type: 'status', status: 'running', attempt: 1 }, { type: 'checkpoint', step: 5 });
    const second = await store.readEvents(id, first.next);
    expect(second.events.map(({ seq, type }) => [seq, type])).toEqual([
      [2, 'status'],
      [3, 'checkpoint'],
    ]);

    const error = { code: 'TRAINING_DIVERGED', message: 'NaN' } as const;
    await endRun(store, id, spec, { status: 'failed', error, now: new Date(2_000) });
    const time = '1970-01-01T00:00:02.000Z';
    const closing = [
      { seq: 4, time, type: 'status', status: 'failed', error },
      { seq: 5, time, type: 'done', status: 'failed', version: null, error },
    ];
    const third = await store.readEvents(id, second.next);
    expect(third.events).toEqual(closing);
    expect((await store.readEvents(id, third.next)).events).toEqual([]);
    expect((await store.readEvents(id, logStart)).events).toEqual([opening, ...second.events, ...closing]);
  });

  test('that come after the end are no part of it, though a process that still owns the run appends them', async () => {
    const store = createRunStore(await temporaryStorage());
    const spec = await smallSpec();
    const id = await store.create(spec);
    // One process is slow to end the run, while the next owns it already.
    await store.claim(id);
    const writer = await store.writeEvents(id, await store.claim(id));
    await writer.append({ type: 'checkpoint', step: 1 });
    const before = await store.readEvents(id, logStart);
    await endRun(store, id, spec, { status: 'succeeded', error: null, now: new Date(0) });
    await writer.append({ type: 'checkpoint', step: 2 });
    const after = await store.readEvents(id, before.next);
    await expect(writer.append({ type: 'checkpoint', step: 666 })).rejects.toMatchObject({
      code: 'RUN_TAKEN_OVER',
    });
    const types = (events: RunEvent[]) => events.map(({ seq, type }) => [seq, type]);
    const all = [
      [1, 'status'],
      [2, 'checkpoint'],
      [3, 'checkpoint'],
      [4, 'status'],
      [5, 'done'],
    ];
    expect(types((await store.readEvents(id, logStart)).events)).toEqual(all);
    expect(types([...before.events, ...after.events])).toEqual(all);
  });

  test('that an ended run has lost are missed before its end', async () => {
    const storage = await temporaryStorage();
    const store = createRunStore(storage);
    const spec = await smallSpec();
    const id = await store.create(spec);
    const writer = await store.writeEvents(id, await store.claim(id));
    await writer.append({ type: 'checkpoint', step: 5 }, { type: 'checkpoint', step: 10 });
    await endRun(store, id, spec, { status: 'succeeded', error: null, now: new Date(0) });
    const whole = (await store.readEvents(id, logStart)).events;
    await storage.put(`runs/${id}/events/000001.jsonl`, Buffer.from(''));
    const { events } = await store.readEvents(id, logStart);
    expect(events).toMatchObject([
      { seq: 1, type: 'status' },
      { seq: 3, type: 'missing', first_seq: 2, message: expect.stringContaining(id) as string },
      { seq: 4, type: 'status', status: 'succeeded' },
      { seq: 5, type: 'done' },
    ]);
    expect(events.slice(2)).toEqual(whole.slice(3));
  });

  test('of a run that is not there are none', async () => {
    const store = createRunStore(await temporaryStorage());
    expect((await store.readEvents(`job_${'0'.repeat(26)}`, logStart)).events).toEqual([]);
  });
});
