/** Where runs stand: their spec, what their events add up to, and how they ended. Reads on from where it read to. */
import type { JobStatus, RunResult, RunSpec, RunSummary } from './contracts.js';
import { logStart, type LogPosition } from './run-log.js';
import type { RunStore } from './run-store.js';
import { addEvent, emptySummary, statusAfter } from './run-summary.js';

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
}

export function createRunReader(store: Pick<RunStore, 'readSpec' | 'readResult' | 'readEvents'>): RunReader {
  /** Of runs that have not ended. */
  const underWay = new Map<string, { next: LogPosition; status: JobStatus; summary: RunSummary }>();

  async function read(id: string): Promise<RunState | null> {
    const spec = await store.readSpec(id);
    const result = spec && (await store.readResult(id));
    if (spec === null || result !== null) underWay.delete(id);
    if (spec === null) return null;
    if (result !== null) return { id, spec, status: result.status, summary: result.summary, result };

    const known = underWay.get(id) ?? { next: logStart, status: 'queued', summary: emptySummary(spec) };
    const { events, next } = await store.readEvents(id, known.next);
    // It has ended since its result was looked for.
    if (events.at(-1)?.type === 'done') return read(id);
    const status = statusAfter(events, known.status);
    const summary = events.reduce(addEvent, known.summary);
    underWay.set(id, { next, status, summary });
    return { id, spec, status, summary, result };
  }

  return { read };
}
