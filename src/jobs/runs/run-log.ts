/**
 * The events of a run, and which process may append them. To own a run, a process claims its next term; only the owner of
 * the newest term counts. An owner that wakes late harms nothing: each term has files of its own, and no reader reads what
 * is appended to a term after its end.
 *
 *     runs/{id}/terms/000003.json         term 3 is claimed
 *     runs/{id}/terms/000003.pause.json   its owner is asked to pause
 *     runs/{id}/terms/000003.end.json     where its events end; written when the term ends, or is first found to be over
 *     runs/{id}/events/000003.jsonl       its events
 *
 * Lost events are not passed over: a reader gets a `missing` event in their place. They show as a gap in the numbers, or at
 * the end of their term, which says how many bytes and which last event there must be.
 *
 * A reader first reads the events of a term and then checks whether the term is over. All that it has read was therefore
 * there when the next term was claimed, and lies before the end, which is measured later.
 */
import { hostname } from 'node:os';
import { TrainyardError } from '../../errors.js';
import { isStorageFailure, type Storage } from '../../storage/storage.js';
import type { RunEvent, RunEventBody } from './run-events.js';
import { decodeDocument, encodeDocument } from './json-document.js';
import { missingEvents, parseEvents, withMissing } from './event-lines.js';
import { termEnd, type TermEnd } from './event-shapes.js';
import { statusIn } from './summarize-events.js';
import { numberedName } from '../../storage/numbered-blobs.js';

/** How far a reader has come. */
export interface LogPosition {
  /** Of the last event read. */
  seq: number;
  term: number;
  /** Within the events of the term. */
  byte: number;
}

export const logStart: LogPosition = Object.freeze({ seq: 0, term: 0, byte: 0 });

export interface LogRead {
  events: RunEvent[];
  next: LogPosition;
}

export interface RunLog {
  /** The next term, which the caller owns from now on: no earlier owner can append any more. */
  claim(runId: string): Promise<number>;
  /** The newest term, 0 before the first one, and whether its owner is asked to pause. */
  newestTerm(runId: string): Promise<{ term: number; pauseAsked: boolean }>;
  askToPause(runId: string, term: number): Promise<void>;
  /** Whether the owner of that term was asked to pause. */
  wasAskedToPause(runId: string, term: number): Promise<boolean>;
  /** The events past that position. */
  read(runId: string, from: LogPosition): Promise<LogRead>;
  /** For the owner of the term. `lastSeq` is that of the last event before. */
  write(runId: string, term: number, lastSeq: number): Promise<TermWriter>;
}

export interface TermWriter {
  /** @throws TrainyardError RUN_TAKEN_OVER, STORAGE_FULL, STORAGE_UNAVAILABLE; do not use it after that */
  append(...bodies: RunEventBody[]): Promise<void>;
  /** The same, and ends the term: later events belong to another one. */
  appendLast(body: RunEventBody): Promise<void>;
  /** @throws TrainyardError RUN_TAKEN_OVER when there is a newer term */
  refuseIfTakenOver(): Promise<void>;
}

const newline = '\n'.charCodeAt(0);

export function createRunLog(storage: Storage, now: () => Date): RunLog {
  const termKey = (runId: string, term: number, kind = ''): string =>
    `runs/${runId}/terms/${numberedName(term)}${kind}.json`;
  const eventsKey = (runId: string, term: number): string =>
    `runs/${runId}/events/${numberedName(term)}.jsonl`;

  async function termsOf(runId: string): Promise<{ claimed: number[]; names: string[] }> {
    const names = await storage.list(`runs/${runId}/terms`);
    return {
      claimed: names.flatMap((name) => /^(\d{6,})\.json$/.exec(name)?.slice(1).map(Number) ?? []),
      names,
    };
  }

  async function newestTerm(runId: string): Promise<{ term: number; pauseAsked: boolean }> {
    const { claimed, names } = await termsOf(runId);
    const term = Math.max(0, ...claimed);
    return { term, pauseAsked: names.includes(`${numberedName(term)}.pause.json`) };
  }

  /** A line without its end is still being written, or was cut off by a crash. */
  async function wholeLines(runId: string, term: number, from: number): Promise<Buffer> {
    const bytes = await storage.read(eventsKey(runId, term), { from });
    return bytes === null ? Buffer.alloc(0) : bytes.subarray(0, bytes.lastIndexOf(newline) + 1);
  }

  /** Of the events of a term that is over. */
  async function endOf(runId: string, term: number): Promise<TermEnd> {
    const key = termKey(runId, term, '.end');
    const known = await storage.read(key);
    if (known !== null) return decodeDocument(known, key, termEnd);
    const lines = await wholeLines(runId, term, 0);
    const events = parseEvents(lines);
    const measured: TermEnd = {
      bytes: lines.length,
      last_seq: events.at(-1)?.seq ?? null,
      status: statusIn(events),
      measured_at: now().toISOString(),
    };
    try {
      if (await storage.create(key, encodeDocument(measured))) return measured;
    } catch (error) {
      // While the storage refuses writes, an earlier owner cannot append either.
      if (isStorageFailure(error)) return measured;
      throw error;
    }
    const first = await storage.read(key);
    return first === null ? measured : decodeDocument(first, key, termEnd);
  }

  /** The events of a term that is over, past that position, and where they end. */
  async function lastEvents(runId: string, { seq, term, byte }: LogPosition): Promise<LogRead> {
    const end = await endOf(runId, term);
    const lines =
      end.bytes > byte
        ? (await wholeLines(runId, term, byte)).subarray(0, end.bytes - byte)
        : Buffer.alloc(0);
    const file = eventsKey(runId, term);
    const events = withMissing(parseEvents(lines), seq, file);
    const firstSeq = (events.at(-1)?.seq ?? seq) + 1;
    const isCut = byte + lines.length < end.bytes;
    // Older ends do not say which event was the last.
    const lastSeq = end.last_seq === undefined && isCut ? firstSeq : (end.last_seq ?? 0);
    if (lastSeq >= firstSeq) {
      const { status, measured_at: time = now().toISOString() } = end;
      events.push(missingEvents({ firstSeq, lastSeq, time, status, file }));
    }
    return {
      events,
      next: { seq: events.at(-1)?.seq ?? seq, term, byte: Math.max(byte, end.bytes) },
    };
  }

  return {
    async claim(runId) {
      for (;;) {
        const term = (await newestTerm(runId)).term + 1;
        const claim = {
          claimed_at: now().toISOString(),
          claimed_by: `${hostname()}:${process.pid}`,
        };
        if (await storage.create(termKey(runId, term), encodeDocument(claim))) return term;
      }
    },

    newestTerm,

    async askToPause(runId, term) {
      const request = { asked_at: now().toISOString() };
      await storage.create(termKey(runId, term, '.pause'), encodeDocument(request));
    },

    async wasAskedToPause(runId, term) {
      return (await storage.read(termKey(runId, term, '.pause'))) !== null;
    },

    async read(runId, from) {
      const events: RunEvent[] = [];
      let position = from;
      for (;;) {
        const { seq, term, byte } = position;
        const lines = await wholeLines(runId, term, byte);
        const { claimed, names } = await termsOf(runId);
        const nextTerm = Math.min(...claimed.filter((other) => other > term));
        if (nextTerm === Infinity && !names.includes(`${numberedName(term)}.end.json`)) {
          const more = withMissing(parseEvents(lines), seq, eventsKey(runId, term));
          events.push(...more);
          return { events, next: { seq: more.at(-1)?.seq ?? seq, term, byte: byte + lines.length } };
        }
        const last = term > 0 ? await lastEvents(runId, position) : { events: [], next: position };
        events.push(...last.events);
        if (nextTerm === Infinity) return { events, next: last.next };
        position = { seq: last.next.seq, term: nextTerm, byte: 0 };
      }
    },

    async write(runId, term, lastSeq) {
      const key = eventsKey(runId, term);
      let seq = lastSeq;
      const written = await storage.read(key);
      // Ends the line that this term's writer was killed in. Readers skip that line.
      if (written !== null && written.length > 0 && written.at(-1) !== newline) {
        await storage.append(key, Buffer.from('\n'));
      }
      const refuseIfTakenOver = async (): Promise<void> => {
        const { term: newest } = await newestTerm(runId);
        if (newest <= term) return;
        throw new TrainyardError(
          'RUN_TAKEN_OVER',
          `Term ${newest} of job ${runId} has begun; this was ${term}.`,
        );
      };
      const append = async (...bodies: RunEventBody[]): Promise<void> => {
        await refuseIfTakenOver();
        const time = now().toISOString();
        const lines = bodies.map((body) => `${JSON.stringify({ seq: ++seq, time, ...body })}\n`);
        await storage.append(key, Buffer.from(lines.join('')));
      };
      return {
        refuseIfTakenOver,
        append,
        async appendLast(body) {
          await append(body);
          await endOf(runId, term);
        },
      };
    },
  };
}
