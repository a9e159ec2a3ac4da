import { describe, expect, test } from 'vitest';
import type { RunResult } from '../../src/jobs/contracts.js';
import { createRunStore } from '../../src/jobs/run-store.js';
import { emptySummary } from '../../src/jobs/run-summary.js';
import { temporaryStorage } from '../storage/temporary-storage.js';
import { smallSpec } from './training/small-mnist.js';

const handedBack = (step: number) => ({ type: 'handed_back', step }) as const;

describe('ids', () => {
  test('sort by creation, within a millisecond too', async () => {
    let now = 1_000;
    const store = createRunStore(await temporaryStorage(), () => new Date(now));
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

  test('a spec that is older than dropout has none', async () => {
    const storage = await temporaryStorage();
    const store = createRunStore(storage);
    const spec = await smallSpec();
    const id = await store.create(spec);
    const older = { ...spec, network: { ...spec.network, hidden: [{ units: 8, activation: 'relu' }] } };
    await storage.put(`runs/${id}/spec.json`, Buffer.from(JSON.stringify(older)));
    expect(await store.readSpec(id)).toEqual(spec);
  });

  test('the first result stands', async () => {
    const store = createRunStore(await temporaryStorage());
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
  test('are numbered from 1 without gaps, over one writer after the other', async () => {
    const store = createRunStore(await temporaryStorage(), () => new Date(0));
    const id = await store.create(await smallSpec());
    await (await store.openEventLog(id)).append(handedBack(1), handedBack(2));
    await (await store.openEventLog(id)).append(handedBack(3));
    const { events } = await store.readEvents(id, 0);
    expect(events).toEqual(
      [1, 2, 3].map((seq) => ({ seq, time: '1970-01-01T00:00:00.000Z', type: 'handed_back', step: seq })),
    );
  });

  test('are read on from where the last reading ended', async () => {
    const store = createRunStore(await temporaryStorage());
    const id = await store.create(await smallSpec());
    expect(await store.readEvents(id, 0)).toEqual({ events: [], nextByte: 0 });
    const log = await store.openEventLog(id);
    await log.append(handedBack(1));
    const first = await store.readEvents(id, 0);
    await log.append(handedBack(2));
    const second = await store.readEvents(id, first.nextByte);
    expect(second.events).toMatchObject([{ seq: 2, step: 2 }]);
    expect(await store.readEvents(id, second.nextByte)).toEqual({ events: [], nextByte: second.nextByte });
  });

  test('a line that a crash cut off is not read, and the next writer goes on after it', async () => {
    const storage = await temporaryStorage();
    const store = createRunStore(storage);
    const id = await store.create(await smallSpec());
    await (await store.openEventLog(id)).append(handedBack(1));
    await storage.append(`runs/${id}/events.jsonl`, Buffer.from('{"seq":2,"time":"19'));
    expect((await store.readEvents(id, 0)).events).toHaveLength(1);
    await (await store.openEventLog(id)).append(handedBack(2));
    expect((await store.readEvents(id, 0)).events).toMatchObject([
      { seq: 1, step: 1 },
      { seq: 2, step: 2 },
    ]);
  });
});
