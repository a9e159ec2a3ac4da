import { describe, expect, test } from 'vitest';
import { TrainyardError } from '../../../src/errors.js';
import type { RunEvent, RunEventBody } from '../../../src/jobs/runs/run-events.js';
import { createRunLog, logStart, type LogPosition, type RunLog } from '../../../src/jobs/runs/run-log.js';
import { statusAfter } from '../../../src/jobs/runs/summarize-events.js';
import type { Storage } from '../../../src/storage/storage.js';
import { temporaryStorage } from '../../storage/temporary-storage.js';

const id = `job_${'0'.repeat(26)}`;
const told = (step: number): RunEventBody => ({ type: 'checkpoint', step });

async function scene(): Promise<{ storage: Storage; log: RunLog }> {
  const storage = await temporaryStorage();
  return { storage, log: createRunLog(storage, () => new Date(0)) };
}

/** A holder of the next term, who has read what was told before. */
async function hold(log: RunLog) {
  const term = await log.claim(id);
  const { next } = await log.read(id, logStart);
  return { term, writer: await log.write(id, term, next.seq) };
}

/** The steps told past that position. */
async function steps(log: RunLog, from: LogPosition = logStart) {
  const { events, next } = await log.read(id, from);
  return { steps: events.map((event) => (event.type === 'checkpoint' ? event.step : null)), next };
}

describe('events', () => {
  test('are numbered from 1 without gaps, over one holder after the other', async () => {
    const { log } = await scene();
    const first = await hold(log);
    await first.writer.append(told(10), told(20));
    const second = await hold(log);
    await second.writer.append(told(30));
    expect((await log.read(id, logStart)).events).toEqual([
      { seq: 1, time: '1970-01-01T00:00:00.000Z', type: 'checkpoint', step: 10 },
      { seq: 2, time: '1970-01-01T00:00:00.000Z', type: 'checkpoint', step: 20 },
      { seq: 3, time: '1970-01-01T00:00:00.000Z', type: 'checkpoint', step: 30 },
    ]);
  });

  test('are read on from where the last reading ended, over terms that told nothing', async () => {
    const { log } = await scene();
    expect(await steps(log)).toEqual({ steps: [], next: logStart });
    await (await hold(log)).writer.append(told(1));
    const first = await steps(log);
    await hold(log);
    const between = await steps(log, first.next);
    expect(between.steps).toEqual([]);
    await (await hold(log)).writer.append(told(2));
    expect((await steps(log, between.next)).steps).toEqual([2]);
    expect((await steps(log, first.next)).steps).toEqual([2]);
    expect((await steps(log)).steps).toEqual([1, 2]);
  });

  test('cut off by a crash are not read, whether the same holder goes on or another', async () => {
    const { storage, log } = await scene();
    const { term, writer } = await hold(log);
    await writer.append(told(1));
    const tear = () =>
      storage.append(`runs/${id}/events/00000${term}.jsonl`, Buffer.from('{"seq":2,"time":"19'));
    await tear();
    expect((await steps(log)).steps).toEqual([1]);
    await (await log.write(id, term, 1)).append(told(2));
    expect((await steps(log)).steps).toEqual([1, 2]);
    await tear();
    await (await hold(log)).writer.append(told(3));
    const { events } = await log.read(id, logStart);
    expect(events).toMatchObject([
      { seq: 1, step: 1 },
      { seq: 2, step: 2 },
      { seq: 3, step: 3 },
    ]);
  });
});

describe('events that are lost', () => {
  const file = `runs/${id}/events/000001.jsonl`;

  /** Leaves of the log what `keep` says. */
  async function damage(storage: Storage, keep: (lines: string[]) => string): Promise<void> {
    const lines = String(await storage.read(file)).split('\n');
    await storage.put(file, Buffer.from(keep(lines)));
  }

  const shown = (events: RunEvent[]) =>
    events.map((event) => [event.seq, event.type === 'missing' ? `from ${event.first_seq}` : event.type]);

  test.each<[string, (lines: string[]) => string]>([
    ['taken out', ([one, , , four]) => `${one}\n${four}\n`],
    ['cut', ([one, two, , four]) => `${one}\n${two.slice(0, 20)}\n${four}\n`],
    ['overwritten', ([one, two, , four]) => `${one}\n${'\0'.repeat(two.length)}\n{}\n${four}\n`],
    ['joined', ([one, two, three, four]) => `${one}\n${two}${three}\n${four}\n`],
  ])('in the middle, %s, are missed where they were, by each reader once', async (_, keep) => {
    const { storage, log } = await scene();
    const { writer } = await hold(log);
    const before = (await steps(log)).next;
    await writer.append(told(1), told(2), told(3), told(4));
    await damage(storage, keep);
    const { events, next } = await log.read(id, before);
    expect(shown(events)).toEqual([
      [1, 'checkpoint'],
      [3, 'from 2'],
      [4, 'checkpoint'],
    ]);
    expect(events[1]).toMatchObject({ message: `Events 2 to 3 are missing: ${file} is damaged.` });
    expect((await log.read(id, next)).events).toEqual([]);
    await writer.append(told(5));
    expect(shown((await log.read(id, next)).events)).toEqual([[5, 'checkpoint']]);
  });

  test.each<[string, (lines: string[]) => string, number]>([
    ['all of them', () => '', 1],
    ['the last ones', ([one]) => `${one}\n`, 2],
    ['the last one, in part', ([one, two, three]) => `${one}\n${two}\n${three.slice(0, 30)}`, 3],
    ['the last one, overwritten', ([one, two, three]) => `${one}\n${two}\n${' '.repeat(three.length)}\n`, 3],
  ])('of a term that has ended are missed, and its status holds: %s', async (_, keep, first) => {
    const { storage, log } = await scene();
    const { writer } = await hold(log);
    await writer.append({ type: 'status', status: 'running', attempt: 1 }, told(1));
    await writer.appendLast({ type: 'status', status: 'paused' });
    const whole = (await log.read(id, logStart)).next;
    await damage(storage, keep);
    const { events, next } = await log.read(id, logStart);
    expect(events.at(-1)).toMatchObject({ seq: 3, type: 'missing', first_seq: first, status: 'paused' });
    expect(statusAfter(events)).toBe('paused');
    expect(next).toEqual(whole);
    expect((await log.read(id, next)).events).toEqual([]);
    // Who goes on numbers on, and what is missing is told once.
    await (await hold(log)).writer.append(told(2));
    expect(shown((await log.read(id, next)).events)).toEqual([[4, 'checkpoint']]);
    expect(shown((await log.read(id, logStart)).events).slice(-2)).toEqual([
      [3, `from ${first}`],
      [4, 'checkpoint'],
    ]);
  });

  test('show by the bytes alone where the end of the term is older than what else it says', async () => {
    const { storage, log } = await scene();
    await (await hold(log)).writer.append(told(1), told(2));
    await log.claim(id);
    await log.read(id, logStart);
    const end = `runs/${id}/terms/000001.end.json`;
    const { bytes } = JSON.parse(String(await storage.read(end))) as { bytes: number };
    await storage.put(end, Buffer.from(JSON.stringify({ format_version: 1, bytes })));
    expect((await steps(log)).steps).toEqual([1, 2]);
    await damage(storage, ([one]) => `${one}\n`);
    expect(shown((await log.read(id, logStart)).events)).toEqual([
      [1, 'checkpoint'],
      [2, 'from 2'],
    ]);
  });
});

describe('a term', () => {
  test('is claimed by one of many', async () => {
    const { log } = await scene();
    const terms = await Promise.all(Array.from({ length: 8 }, () => log.claim(id)));
    expect(terms.sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await log.newestTerm(id)).toEqual({ term: 8, pauseAsked: false });
  });

  test('that is over refuses its holder, with the code for it', async () => {
    const { log } = await scene();
    const first = await hold(log);
    await first.writer.refuseIfTakenOver();
    const second = await hold(log);
    await expect(first.writer.append(told(1))).rejects.toMatchObject({ code: 'RUN_TAKEN_OVER' });
    await expect(first.writer.refuseIfTakenOver()).rejects.toMatchObject({ code: 'RUN_TAKEN_OVER' });
    await second.writer.append(told(2));
    expect((await steps(log)).steps).toEqual([2]);
  });

  test('asked to pause says so, and the next one is not asked', async () => {
    const { log } = await scene();
    const { term } = await hold(log);
    await log.askToPause(id, term);
    await log.askToPause(id, term);
    expect(await log.newestTerm(id)).toEqual({ term: 1, pauseAsked: true });
    await hold(log);
    expect(await log.newestTerm(id)).toEqual({ term: 2, pauseAsked: false });
    expect(await log.wasAskedToPause(id, term)).toBe(true);
  });
});

describe('a holder that wakes up too late', () => {
  /** Past the look whether it still holds the run: what a process does that was stopped right there. */
  const writeLate = (storage: Storage, term: number, seq: number, step: number) =>
    storage.append(
      `runs/${id}/events/00000${term}.jsonl`,
      Buffer.from(`${JSON.stringify({ seq, time: '', type: 'checkpoint', step })}\n`),
    );

  test('is heard by nobody once its term was found over', async () => {
    const { storage, log } = await scene();
    await (await hold(log)).writer.append(told(1));
    const before = await steps(log);
    const second = await hold(log);
    await writeLate(storage, 1, 2, 666);
    expect((await steps(log)).steps).toEqual([1]);
    expect((await steps(log, before.next)).steps).toEqual([]);
    await second.writer.append(told(2));
    await writeLate(storage, 1, 3, 666);
    for (const from of [logStart, before.next]) {
      expect((await steps(log, from)).steps).not.toContain(666);
    }
    expect((await steps(log)).steps).toEqual([1, 2]);
  });

  test('is heard by all in time before the next, if it was quicker than anyone who looked', async () => {
    const { storage, log } = await scene();
    await (await hold(log)).writer.append(told(1));
    const reader = await steps(log);
    const term = await log.claim(id);
    await writeLate(storage, 1, 2, 2);
    const { next } = await log.read(id, logStart);
    await (await log.write(id, term, next.seq)).append(told(3));
    await writeLate(storage, 1, 3, 666);
    expect((await steps(log)).steps).toEqual([1, 2, 3]);
    expect((await steps(log, reader.next)).steps).toEqual([2, 3]);
  });

  test('changes nothing for readers of any moment, however its writes and the claims fall', async () => {
    // Each letter is a step of the story: a and b hold terms one after the other, l is a late write of the first
    // holder, r a reader that goes on from where it was.
    for (const story of ['abrlrb', 'arbllr', 'alrbrl', 'rarlbr', 'arlrbrlbr', 'alblbr']) {
      const { storage, log } = await scene();
      const reader: number[] = [];
      let position = logStart;
      let writer: Awaited<ReturnType<typeof hold>> | null = null;
      let step = 0;
      for (const act of story) {
        if (act === 'a' || act === 'b') {
          if (act === 'a' || writer?.term === 1) writer = await hold(log);
          await writer?.writer.append(told(++step));
        } else if (act === 'l') {
          const { next } = await log.read(id, logStart);
          await writeLate(storage, 1, next.seq + 1, ++step);
        } else {
          const { events, next } = await log.read(id, position);
          reader.push(...events.map(({ seq }) => seq));
          position = next;
        }
      }
      const { events } = await log.read(id, position);
      reader.push(...events.map(({ seq }) => seq));
      const all = (await log.read(id, logStart)).events.map(({ seq }) => seq);
      expect(reader, story).toEqual(all);
    }
  });

  test('is not needed for reading where the storage takes no writes', async () => {
    const { storage, log } = await scene();
    await (await hold(log)).writer.append(told(1));
    await log.claim(id);
    const full = { ...storage, create: () => Promise.reject(storageFull()) };
    expect((await steps(createRunLog(full, () => new Date(0)))).steps).toEqual([1]);
  });
});

function storageFull(): Error {
  return new TrainyardError('STORAGE_FULL', 'no space left');
}
