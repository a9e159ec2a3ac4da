/** Where runs stand: their spec, what their events add up to, and how they ended. Reads on from where it read to. */
import type { JobStatus, RunEvent, RunResult, RunSummary } from './run-events.js';
import type { RunSpec } from './run-spec.js';
import { logStart, type LogPosition } from './run-log.js';
import type { RunStore } from './run-store.js';
import { addEvent, emptySummary, statusAfter } from './summarize-events.js';

export interface RunState {
  id: string;
  spec: RunSpec;
  status: JobStatus;
  summary: RunSummary;
  /** null: the run has not ended. */
  result: RunResult | null;
}

/** A run that has just been stored. */
export function newRun(id: string, spec: RunSpec): RunState {
  return { id, spec, status: 'queued', summary: emptySummary(spec), result: null };
}

export interface RunReader {
  /**
   * null: there is no such run.
   * @throws TrainyardError RUN_CORRUPT
   */
  read(runId: string): Promise<RunState | null>;
  /**
   * Whether a run that was read to its end is certainly as it was, found out by one listing. That can be said of runs that
   * wait only: to change one, a process claims a term first.
   */
  stillWaits(runId: string): Promise<boolean>;
  /** Of a run that is gone. */
  forget(runId: string): void;
}

/** How far a run that has not ended was read, and what was found. */
interface Read {
  next: LogPosition;
  status: JobStatus;
  summary: RunSummary;
  /** It is paused, or queued and no worker has taken it up yet, and nobody has claimed it since. */
  waits: boolean;
}

export function createRunReader(
  store: Pick<RunStore, 'readSpec' | 'readResult' | 'readEvents' | 'newestTerm'>,
): RunReader {
  const underWay = new Map<string, Read>();

  async function read(id: string): Promise<RunState | null> {
    const spec = await store.readSpec(id);
    const result = spec && (await store.readResult(id));
    if (spec === null || result !== null) underWay.delete(id);
    if (spec === null) return null;
    if (result !== null) return { id, spec, status: result.status, summary: result.summary, result };

    const known = underWay.get(id) ?? {
      next: logStart,
      status: 'queued',
      summary: emptySummary(spec),
      waits: false,
    };
    const { events, next } = await store.readEvents(id, known.next);
    // It has ended since its result was looked for.
    if (events.at(-1)?.type === 'done') return read(id);
    const status = statusAfter(events, known.status);
    const summary = events.reduce(addEvent, known.summary);
    const isUnchanged = events.length === 0 && next.term === known.next.term;
    const waits = isUnchanged ? known.waits : isWaiting(events.at(-1), next);
    underWay.set(id, { next, status, summary, waits });
    return { id, spec, status, summary, result };
  }

  return {
    read,

    async stillWaits(id) {
      const known = underWay.get(id);
      return known !== undefined && known.waits && (await store.newestTerm(id)).term === known.next.term;
    },

    forget: (id) => underWay.delete(id),
  };
}

/** A run that is queued again does not count: the worker that appended that may go on to end the run. */
function isWaiting(last: RunEvent | undefined, { term, byte }: LogPosition): boolean {
  if (last?.type !== 'status') return false;
  return last.status === 'paused' ? byte > 0 : last.status === 'queued' && term === 0;
}
