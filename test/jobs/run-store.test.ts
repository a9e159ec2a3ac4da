import { describe, expect, test } from 'vitest';
import type { RunEvent, RunResult, RunSpec } from '../../src/jobs/contracts.js';
import { endRun } from '../../src/jobs/end-run.js';
import { logStart } from '../../src/jobs/run-log.js';
import { createRunStore } from '../../src/jobs/run-store.js';
import { emptySummary } from '../../src/jobs/run-summary.js';
import { temporaryStorage } from '../storage/temporary-storage.js';
import { smallSpec } from './training/small-mnist.js';

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
    const { checkpoint, priority, time_limit_seconds, webhook, idempotency_key, trace_context, ...older } =
      await smallSpec({
        checkpoint: {},
      });
    const id = await store.create({ ...older } as RunSpec);
    const newer = { checkpoint, priority, time_limit_seconds, webhook, idempotency_key, trace_context };
    expect(await store.readSpec(id)).toEqual({ ...older, ...newer });
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
    const older = { ...spec, network: { ...spec.network, hidden: [{ units: 8, activation: 'relu' }] } };
    await storage.put(`runs/${id}/spec.json`, Buffer.from(JSON.stringify(older)));
    expect(await store.readSpec(id)).toEqual(spec);
  });

  test('the first result stands, and it alone is told', async () => {
    const ended: RunResult['status'][] = [];
    const store = createRunStore(await temporaryStorage(), { onEnd: ({ status }) => ended.push(status) });
    const spec = await smallSpec();
    const id = await store.create(spec);
    const result = (status: RunResult['status']): RunResult => ({
      format_version: 1,
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

  test.each([
    ['{"format_version":1', 'is not JSON'],
    ['{"format_version":2}', 'format version 1'],
    ['null', 'format version 1'],
  ])('that cannot be read are refused, not guessed: %s', async (content, problem) => {
    const storage = await temporaryStorage();
    const store = createRunStore(storage);
    const id = await store.create(await smallSpec());
    await storage.put(`runs/${id}/spec.json`, Buffer.from(content));
    await expect(store.readSpec(id)).rejects.toMatchObject({
      code: 'RUN_CORRUPT',
      message: expect.stringContaining(problem) as string,
    });
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

  test('that come after the end are no part of it, though they are told by who still has the run in hand', async () => {
    const store = createRunStore(await temporaryStorage());
    const spec = await smallSpec();
    const id = await store.create(spec);
    // One that is slow to end the run, while the next has it in hand already.
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

  test('of a run that is not there are none', async () => {
    const store = createRunStore(await temporaryStorage());
    expect((await store.readEvents(`job_${'0'.repeat(26)}`, logStart)).events).toEqual([]);
  });
});
