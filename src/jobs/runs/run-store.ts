/**
 * The run store: the truth about every run, as documents that are written once, and a log of events.
 *
 *     runs/{id}/spec.json          what to train; written before the run is enqueued
 *     runs/{id}/terms/, events/    what happened, and which process owns the run: see run-log.ts
 *     runs/{id}/checkpoints/       see model/files/checkpoint.ts
 *     runs/{id}/ending.json        whether it is to succeed or to be cancelled, once that is decided
 *     runs/{id}/result.json        how it ended; the first writer's stands
 *     runs/{id}/closing.json       the last event before the end
 *
 * Ids sort by the time of creation, so that a listing of the folder is a listing by age.
 */
import { monotonicFactory } from 'ulid';
import { isStorageFailure, unreadableAs, type Storage } from '../../storage/storage.js';
import type { RunEvent, RunResult } from './run-events.js';
import type { RunSpec } from './run-spec.js';
import { runClosing, runEnding, runResult } from './event-shapes.js';
import { runSpec } from './spec-shape.js';
import { missingEvents } from './event-lines.js';
import { upgradeResult, upgradeSpec } from './older-documents.js';
import { decodeDocument, encodeDocument, type DocumentShape } from './json-document.js';
import {
  createRunLog,
  logStart,
  type LogPosition,
  type LogRead,
  type RunLog,
  type TermWriter,
} from './run-log.js';

/** How a run is to end. A success and a cancellation may race; the first to be stored is decided. */
export type Ending = 'succeeded' | 'cancelled';

export interface RunStore extends Pick<RunLog, 'claim' | 'newestTerm' | 'askToPause' | 'wasAskedToPause'> {
  newRunId(): string;
  /** Stores a new run under a new id. */
  create(spec: RunSpec): Promise<string>;
  /** Stores a new run; false, and nothing changed, when there is one of this id. */
  createAs(runId: string, spec: RunSpec): Promise<boolean>;
  /**
   * null: there is no such run.
   * @throws TrainyardError RUN_CORRUPT
   */
  readSpec(runId: string): Promise<RunSpec | null>;
  /** Decides how the run is to end, unless that is decided, and returns what is decided. It can still fail before that. */
  decideEnding(runId: string, ending: Ending): Promise<Ending>;
  /** null: nothing is decided. */
  readEnding(runId: string): Promise<Ending | null>;
  /**
   * null: the run has not ended.
   * @throws TrainyardError RUN_CORRUPT
   */
  readResult(runId: string): Promise<RunResult | null>;
  /** False, and nothing changed, when the run has ended already. */
  writeResult(runId: string, result: RunResult): Promise<boolean>;
  /**
   * The events past that position. The first one, that the run was queued, is derived from its spec; the last ones, its end,
   * from its result; those between are the log's.
   */
  readEvents(runId: string, from: LogPosition): Promise<LogRead>;
  /** For the owner of the term. `lastSeq` is that of the last event so far; left out, it is looked up. */
  writeEvents(runId: string, term: number, lastSeq?: number): Promise<TermWriter>;
  /** All ids, oldest first. */
  ids(): Promise<string[]>;
  /** The prefix under which the run's checkpoints lie. */
  checkpointsOf(runId: string): string;
  /** Removes the run and all that is kept of it. */
  remove(runId: string): Promise<void>;
}

/** `onEnd` is called for each run that this store ends. Of all stores on a run, one ends it. */
export function createRunStore(
  blobs: Storage,
  {
    now = () => new Date(),
    onEnd = () => undefined,
  }: { now?: () => Date; onEnd?: (result: RunResult) => void } = {},
): RunStore {
  const storage = unreadableAs('RUN_CORRUPT', blobs);
  const nextUlid = monotonicFactory();
  const log = createRunLog(storage, now);
  const key = (runId: string, file: string): string => `runs/${runId}/${file}`;

  async function readDocument<T>(runId: string, file: string, shape: DocumentShape<T>): Promise<T | null> {
    if (!isRunId(runId)) return null;
    const bytes = await storage.read(key(runId, file));
    return bytes === null ? null : decodeDocument(bytes, key(runId, file), shape);
  }

  async function readSpec(runId: string): Promise<RunSpec | null> {
    const spec = await readDocument(runId, 'spec.json', runSpec);
    return spec && upgradeSpec(spec);
  }

  async function readResult(runId: string): Promise<RunResult | null> {
    const result = await readDocument(runId, 'result.json', runResult);
    return result && upgradeResult(result);
  }

  async function readEnding(runId: string): Promise<Ending | null> {
    return (await readDocument(runId, 'ending.json', runEnding))?.ending ?? null;
  }

  const newRunId = (): string => `job_${nextUlid(now().getTime())}`;
  const createAs = (runId: string, spec: RunSpec): Promise<boolean> =>
    storage.create(key(runId, 'spec.json'), encodeDocument(spec));

  async function readEvents(runId: string, from: LogPosition): Promise<LogRead> {
    const opening: RunEvent[] = [];
    if (from.seq === 0) {
      const spec = await readSpec(runId);
      if (spec === null) return { events: [], next: from };
      opening.push(openingOf(spec));
    }
    // Before the log: all that belongs to an ended run is there then.
    const result = await readResult(runId);
    const lastSeq = result === null ? Infinity : await lastSeqOf(runId);
    const { events: logged, next } = await log.read(runId, {
      ...from,
      seq: Math.max(from.seq, opening.length),
    });
    const events = [...opening, ...logged.filter(({ seq }) => seq <= lastSeq)];
    if (result === null) return { events, next };
    const firstSeq = (events.at(-1)?.seq ?? from.seq) + 1;
    if (firstSeq <= lastSeq) {
      const lost = { firstSeq, lastSeq, time: result.finished_at, file: `runs/${runId}/events` };
      events.push(missingEvents(lost));
    }
    events.push(...closingOf(result, lastSeq).filter(({ seq }) => seq > from.seq));
    return { events, next: { ...next, seq: Math.max(from.seq, lastSeq + 2) } };
  }

  /**
   * The seq of the last event before the end. The first reader of a run that has ended takes the run from the process that may still
   * own it, and records where its events end.
   */
  async function lastSeqOf(runId: string): Promise<number> {
    const known = await readDocument(runId, 'closing.json', runClosing);
    if (known !== null) return known.last_seq;
    // The first event is the spec's.
    const lastRead = async (): Promise<number> => (await log.read(runId, { ...logStart, seq: 1 })).next.seq;
    try {
      await log.claim(runId);
      await storage.create(key(runId, 'closing.json'), encodeDocument({ last_seq: await lastRead() }));
    } catch (error) {
      // While the storage refuses writes, a process that still owns the run cannot append either.
      if (isStorageFailure(error)) return lastRead();
      throw error;
    }
    return lastSeqOf(runId);
  }

  return {
    ...log,
    newRunId,
    createAs,

    async create(spec) {
      for (;;) {
        const runId = newRunId();
        if (await createAs(runId, spec)) return runId;
      }
    },

    readSpec,

    async decideEnding(runId, ending) {
      if (await storage.create(key(runId, 'ending.json'), encodeDocument({ ending }))) return ending;
      return (await readEnding(runId)) ?? ending;
    },

    readEnding,
    readResult,

    async writeResult(runId, result) {
      const isFirst = await storage.create(key(runId, 'result.json'), encodeDocument(result));
      if (isFirst) onEnd(result);
      return isFirst;
    },

    readEvents,

    async writeEvents(runId, term, lastSeq) {
      return log.write(runId, term, lastSeq ?? (await readEvents(runId, logStart)).next.seq);
    },

    async ids() {
      return (await storage.list('runs')).filter(isRunId);
    },

    checkpointsOf: (runId) => `runs/${runId}/checkpoints`,

    async remove(runId) {
      // First the spec, which makes it a run: no worker takes up what is left of it.
      await storage.remove(key(runId, 'spec.json'));
      await storage.remove(`runs/${runId}`);
    },
  };
}

function openingOf(spec: RunSpec): RunEvent {
  return { seq: 1, time: spec.created_at, type: 'status', status: 'queued', error: null };
}

function closingOf({ status, error, finished_at: time, summary }: RunResult, lastSeq: number): RunEvent[] {
  return [
    { seq: lastSeq + 1, time, type: 'status', status, error },
    { seq: lastSeq + 2, time, type: 'done', status, version: summary.version, error },
  ];
}

/** Whether this could be the id of a run. For any other text there is no run. */
function isRunId(text: string): boolean {
  return /^job_[0-9A-HJKMNP-TV-Z]{26}$/.test(text);
}
