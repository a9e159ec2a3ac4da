/** Writes how a run ended. */
import type { JobError, RunResult, RunSpec } from './contracts.js';
import type { RunStore } from './run-store.js';
import { addEvent, emptySummary } from './run-summary.js';

/** False, and nothing changed, when the run has ended already. */
export async function endRun(
  store: RunStore,
  runId: string,
  spec: RunSpec,
  end: { status: RunResult['status']; error: JobError | null; now: Date },
): Promise<boolean> {
  const { events } = await store.readEvents(runId, 0);
  return store.writeResult(runId, {
    format_version: 1,
    status: end.status,
    error: end.error,
    finished_at: end.now.toISOString(),
    summary: events.reduce(addEvent, emptySummary(spec)),
  });
}
