import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../../src/jobs/runs/run-events.js';
import { createEventFeed } from '../../../src/jobs/views/event-feed.js';
import { until } from '../queue/conformance.js';
import { sceneWithQueue } from '../scene.js';

const log = pino({ level: 'silent' });
const { scene } = sceneWithQueue();

describe('a listener to a run', () => {
  test('gets every event once, in order, to the last, whenever it joined', async () => {
    const { feed, submit, takeUp, append, end } = await scene();
    const id = await submit();
    const heard = { start: [] as RunEvent[], middle: [] as RunEvent[], late: [] as RunEvent[] };
    await feed.follow(id, 0, (events) => heard.start.push(...events));
    const term = await takeUp(id);
    await append(id, term, { type: 'checkpoint', step: 1 });
    await until(() => heard.start.length === 3);
    await feed.follow(id, 2, (events) => heard.middle.push(...events));
    await append(id, term, { type: 'checkpoint', step: 2 }, { type: 'checkpoint', step: 3 });
    await end(id, 'succeeded');
    await until(() => heard.start.at(-1)?.type === 'done' && heard.middle.at(-1)?.type === 'done');
    await feed.follow(id, 4, (events) => heard.late.push(...events));
    const seqs = (events: RunEvent[]) => events.map(({ seq }) => seq);
    expect(seqs(heard.start)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(seqs(heard.middle)).toEqual([3, 4, 5, 6, 7]);
    expect(seqs(heard.late)).toEqual([5, 6, 7]);
    // The same objects, so that the text of an event is made once.
    expect(heard.middle[0]).toBe(heard.start[2]);
  });

  test('gets nothing after it has left, while others still do', async () => {
    const { feed, submit, takeUp, append } = await scene();
    const id = await submit();
    const heard = { left: 0, stayed: 0 };
    const leave = await feed.follow(id, 0, ({ length }) => (heard.left += length));
    await feed.follow(id, 0, ({ length }) => (heard.stayed += length));
    leave();
    leave();
    await append(id, await takeUp(id), { type: 'checkpoint', step: 1 });
    await until(() => heard.stayed === 3);
    expect(heard.left).toBe(1);
  });

  test('still gets events after the storage has failed', async () => {
    const { store, submit, takeUp } = await scene();
    const id = await submit();
    let failures = 3;
    const failing = {
      readSpec: (id: string) => store.readSpec(id),
      readEvents: (...args: Parameters<typeof store.readEvents>) =>
        args[1].seq > 0 && failures-- > 0 ? Promise.reject(new Error('EIO')) : store.readEvents(...args),
    };
    const feed = createEventFeed({ store: failing, log, lookEveryMs: 5 });
    const heard: number[] = [];
    await feed.follow(id, 0, (events) => heard.push(...events.map(({ seq }) => seq)));
    await takeUp(id);
    await until(() => heard.length === 2);
    expect(failures).toBeLessThanOrEqual(0);
    feed.stop();
  });

  test('is told that there is no such job', async () => {
    const { feed } = await scene();
    await expect(feed.follow('job_none', 0, () => undefined)).rejects.toMatchObject({
      code: 'JOB_NOT_FOUND',
    });
  });
});
