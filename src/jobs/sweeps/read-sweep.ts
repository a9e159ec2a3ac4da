/** Where a sweep stands: its documents, and how far its runs are. */
import { TrainyardError } from '../../errors.js';
import type { EpochMetrics } from '../runs/run-events.js';
import { logStart } from '../runs/run-log.js';
import type { RunReader, RunState } from '../runs/run-reader.js';
import type { RunStore } from '../runs/run-store.js';
import type { Monitor } from '../runs/run-spec.js';
import { forEachBounded } from '../../lib/for-each-bounded.js';
import type { RunStanding, SweepState } from './plan.js';
import type { SweepSpec } from './sweep-documents.js';
import type { SweepDocuments, SweepStore } from './sweep-store.js';

export interface SweepParts {
  store: SweepStore;
  runs: Pick<RunReader, 'read'>;
  runStore: Pick<RunStore, 'readEvents'>;
}

const readsAtOnce = 16;

/** null: there is no such sweep. @throws TrainyardError SWEEP_CORRUPT */
export async function readSweep({ store, ...parts }: SweepParts, id: string): Promise<SweepState | null> {
  const documents = await store.read(id);
  if (documents === null) return null;
  const runs = new Map<string, RunStanding>();
  await forEachBounded(runsToRead(documents), readsAtOnce, async (runId) => {
    runs.set(runId, await standingOf(parts, runId, documents.spec));
  });
  return { ...documents, runs };
}

/** Those whose end is not kept yet. */
function runsToRead({ trials, changes, endings, results }: SweepDocuments): string[] {
  const ofTrials = trials.flatMap(({ outcome, runIds }) => (outcome === null ? runIds.slice(-1) : []));
  if (results.has(changes.length)) return ofTrials;
  return [...ofTrials, ...[...endings.values()].flatMap(({ run_id }) => run_id ?? [])];
}

async function standingOf(
  { runs, runStore }: Omit<SweepParts, 'store'>,
  runId: string,
  spec: SweepSpec,
): Promise<RunStanding> {
  let run: RunState | null;
  try {
    run = await runs.read(runId);
  } catch (error) {
    if (!(error instanceof TrainyardError && error.code === 'RUN_CORRUPT')) throw error;
    const { code, message } = error;
    const outcome = { ...withoutValue, status: 'failed' as const, error: { code, message } };
    return { status: 'ended', outcome, version: null };
  }
  if (run === null) return { status: 'missing' };
  const { status, summary, result } = run;
  if (status === 'queued' || status === 'running' || status === 'paused' || result === null) {
    return { status: status === 'queued' || status === 'paused' ? status : 'running' };
  }
  if (status !== 'succeeded') {
    const epochs_done = summary.metrics?.epoch ?? 0;
    const outcome = { ...withoutValue, status, epochs_done, error: result.error };
    return { status: 'ended', outcome, version: summary.version };
  }
  const { best_metrics: best = null, stopped, metrics } = summary;
  return {
    status: 'ended',
    version: summary.version,
    outcome: {
      status: stopped?.reason === 'rung' ? 'stopped' : 'succeeded',
      value: best && figureOf(best, spec.metric),
      best_epoch: best?.epoch ?? null,
      epochs_done: metrics?.epoch ?? 0,
      curve: spec.early_stop === null ? [] : await curveOf(runStore, runId, spec.metric),
      error: null,
    },
  };
}

const withoutValue = { value: null, best_epoch: null, epochs_done: 0, curve: [] };

/** The metric after each epoch. */
async function curveOf(runStore: SweepParts['runStore'], runId: string, metric: Monitor): Promise<number[]> {
  const { events } = await runStore.readEvents(runId, logStart);
  return events.flatMap((event) => {
    const figure = event.type === 'metrics' ? figureOf(event.metrics, metric) : null;
    return figure === null ? [] : [figure];
  });
}

function figureOf(metrics: EpochMetrics, metric: Monitor): number | null {
  return metrics[`validation_${metric}`] ?? null;
}
