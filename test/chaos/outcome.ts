/** The outcome of a run: everything that must not depend on faults along the way. */
import { pino } from 'pino';
import type { EndStatus, EpochMetrics, JobError, RunEvent } from '../../src/jobs/runs/run-events.js';
import { logStart } from '../../src/jobs/runs/run-log.js';
import { createRunStore } from '../../src/jobs/runs/run-store.js';
import { listCheckpoints } from '../../src/model/files/checkpoint.js';
import type { FileDigest } from '../../src/model/files/manifest.js';
import { createRegistry } from '../../src/model/registry/registry.js';
import type { Storage } from '../../src/storage/storage.js';

export interface Outcome {
  status: EndStatus | undefined;
  error: JobError | null | undefined;
  /** The metrics of every epoch, from the events. */
  curve: EpochMetrics[];
  /** From the events. */
  published: { version: number; step: number }[];
  /** From the registry. */
  versions: { version: number; step: number; metrics: unknown; sha256: string }[];
  /** The parameters and the optimiser's state at the end. */
  lastCheckpoint: { step: number; files: FileDigest[] } | undefined;
}

export async function outcomeOf(storage: Storage, runId: string): Promise<Outcome> {
  const store = createRunStore(storage);
  const spec = await store.readSpec(runId);
  if (spec === null) throw new Error(`There is no run ${runId}`);
  const result = await store.readResult(runId);
  const { events } = await store.readEvents(runId, logStart);
  const versions = await createRegistry(storage, pino({ level: 'silent' })).versions(spec.model);
  const checkpoints = await listCheckpoints(storage, store.checkpointsOf(runId));
  const last = checkpoints.find(({ step }) => step === spec.steps);
  return {
    status: result?.status,
    error: result?.error,
    curve: events.flatMap((event) => (event.type === 'metrics' ? [event.metrics] : [])),
    published: events.flatMap((event) =>
      event.type === 'published' ? [{ version: event.version, step: event.step }] : [],
    ),
    versions: versions.map(({ version, step, metrics, file }) => ({
      version,
      step,
      metrics,
      sha256: file.sha256,
    })),
    lastCheckpoint: last && { step: last.step, files: last.files },
  };
}

/** The faults in the events of a run that has ended. The outcome shows missing or repeated events of other types. */
export function flawsOf(events: readonly RunEvent[]): string[] {
  const flaws = events.flatMap(({ seq }, i) => (seq === i + 1 ? [] : [`event ${i + 1} has seq ${seq}`]));
  const ends = events.filter(({ type }) => type === 'done').length;
  if (ends !== 1) flaws.push(`there are ${ends} done events`);
  if (events.at(-1)?.type !== 'done') flaws.push(`${events.at(-1)?.type} came last`);
  return flaws;
}
