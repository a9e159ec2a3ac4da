/** Whether a run has ended, and if not, where the queue has it. */
import type { RunResult } from './contracts.js';
import type { Place, TrainingQueue } from './queue/training-queue.js';
import type { RunStore } from './run-store.js';

export type RunState = { result: RunResult } | { result: null; place: Place };

/** @throws TrainyardError QUEUE_UNAVAILABLE for a run that has not ended, RUN_CORRUPT */
export async function readRunState(
  store: Pick<RunStore, 'readResult'>,
  queue: Pick<TrainingQueue, 'placeOf'>,
  runId: string,
): Promise<RunState> {
  const before = await store.readResult(runId);
  if (before !== null) return { result: before };
  const place = await queue.placeOf(runId);
  // Once more: a run that the queue no longer has may have ended while the queue was asked.
  const result = await store.readResult(runId);
  return result === null ? { result, place } : { result };
}
