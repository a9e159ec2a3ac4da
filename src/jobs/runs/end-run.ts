/** Writes how a run ended. */
import type { EndStatus, JobError } from './run-events.js';
import type { RunSpec } from './run-spec.js';
import { logStart } from './run-log.js';
import type { RunStore } from './run-store.js';
import { addEvent, emptySummary } from './summarize-events.js';

/** For the process that owns the run. False, and nothing changed, when the run has ended already. */
export async function endRun(
  store: RunStore,
  runId: string,
  spec: RunSpec,
  end: { status: EndStatus; error: JobError | null; now: Date },
): Promise<boolean> {
  const { events } = await store.readEvents(runId, logStart);
  return store.writeResult(runId, {
    format_version: 2,
    status: end.status,
    error: end.error,
    finished_at: end.now.toISOString(),
    summary: events.reduce(addEvent, emptySummary(spec)),
  });
}

/** Carries out a cancellation that is decided: takes the run from the process that owns it, and ends it. */
export async function cancelRun(store: RunStore, runId: string, spec: RunSpec, now: Date): Promise<void> {
  await store.claim(runId);
  await endRun(store, runId, spec, { status: 'cancelled', error: null, now });
}
