/** What the events of a run add up to, so far. */
import type {
  EngineChoice,
  EpochMetrics,
  JobProgress,
  JobStatus,
  PublishedVersion,
  RunEvent,
  RunSummary,
} from './run-events.js';
import type { Reproduction } from './reproduction.js';
import type { RunSpec } from './run-spec.js';
import { membersOf } from './ensemble.js';

/** Of a run that no worker has taken up yet. */
export function emptySummary(spec: RunSpec): RunSummary {
  return {
    attempts: 0,
    last_error: null,
    started_at: null,
    engine: null,
    resumed_from_step: null,
    progress: progressAt(spec, { step: 0, epoch: 0 }),
    metrics: null,
    best_epoch: null,
    best_metrics: null,
    stopped: null,
    version: null,
    publication: null,
  };
}

export function addEvent(summary: RunSummary, event: RunEvent): RunSummary {
  switch (event.type) {
    case 'status':
      if (event.status === 'queued') return { ...summary, last_error: event.error };
      return event.status === 'running' ? { ...summary, attempts: event.attempt } : summary;
    case 'started':
      return {
        ...summary,
        started_at: summary.started_at ?? event.time,
        engine: event.engine,
        resumed_from_step: event.resumed_from_step,
      };
    case 'progress':
      return { ...summary, progress: event.progress };
    case 'metrics':
      return {
        ...summary,
        metrics: event.metrics,
        best_epoch: event.best_epoch ?? null,
        best_metrics: bestMetrics(summary, event),
      };
    case 'stopped':
      return { ...summary, stopped: event.stopped };
    case 'evaluated':
      return { ...summary, evaluation: event.evaluation };
    case 'published':
      return { ...summary, version: event.version, publication: publicationIn(event) };
    case 'reproduced':
      return { ...summary, reproduction: reproductionIn(event) };
    case 'checkpoint':
      return { ...summary, last_error: null };
    case 'missing':
      return { ...summary, last_error: { code: 'RUN_CORRUPT', message: event.message } };
    case 'outcomes':
    case 'log':
    case 'done':
      return summary;
  }
}

function bestMetrics(
  { best_metrics = null }: RunSummary,
  { metrics, best_epoch = null }: Extract<RunEvent, { type: 'metrics' }>,
): EpochMetrics | null {
  if (best_epoch === null) return null;
  return best_epoch === metrics.epoch ? metrics : best_metrics;
}

function publicationIn(event: PublishedVersion): PublishedVersion {
  const { version, step, served, held, pinned_to, reasons } = event;
  return {
    version,
    step,
    ...(served !== undefined && { served }),
    ...(held !== undefined && { held }),
    ...(pinned_to !== undefined && { pinned_to }),
    ...(reasons !== undefined && { reasons }),
  };
}

function reproductionIn(event: Reproduction): Reproduction {
  const { model, version, equal, sha256, expected_sha256, largest_difference } = event;
  const found = { model, version, equal, sha256, expected_sha256 };
  return largest_difference === undefined ? found : { ...found, largest_difference };
}

/** What the last attempt trained on; null: no attempt began to train. */
export function engineAfter(events: readonly RunEvent[]): EngineChoice | null {
  return events.findLast((event) => event.type === 'started')?.engine ?? null;
}

/** The engine that trains the run: the one that it asks for, else the one that began it, as the bits of another differ. */
export function engineOf(spec: RunSpec, { engine }: Pick<RunSummary, 'engine'>): string {
  return spec.engine === 'auto' && engine !== null ? engine.name : spec.engine;
}

/** What the status is after the events, which begin with the first. */
export function statusAfter(events: readonly RunEvent[], before: JobStatus = 'queued'): JobStatus {
  return statusIn(events) ?? before;
}

/** The last status among these events; null: there is none. */
export function statusIn(events: readonly RunEvent[]): JobStatus | null {
  return events.reduce<JobStatus | null>(
    (status, event) =>
      event.type === 'status' || event.type === 'missing' ? (event.status ?? status) : status,
    null,
  );
}

/** Progress at a step, as far as it is known without the speed. */
export function progressAt(spec: RunSpec, at: Pick<EpochMetrics, 'member' | 'step' | 'epoch'>): JobProgress {
  const members = membersOf(spec);
  return {
    ...(members > 1 && { member: at.member ?? 1, members }),
    epoch: at.epoch,
    epochs: spec.epochs,
    step: at.step,
    steps: spec.steps,
    fraction: at.step / spec.steps,
    samples_per_second: null,
    eta_seconds: null,
    train_loss: null,
    train_accuracy: null,
  };
}

/**
 * Attempts since the run last made progress: a run that kills its process has too many of them. An attempt that was
 * stopped, or that failed because of the storage, does not count.
 */
export function attemptsWithoutProgress(events: readonly RunEvent[]): number {
  let attempts = 0;
  for (const event of events) {
    if (event.type === 'checkpoint') attempts = 0;
    if (event.type !== 'status') continue;
    if (event.status === 'running') attempts++;
    else if (event.status === 'paused' || (event.status === 'queued' && event.error === null)) attempts = 0;
    else if (event.status === 'queued' && event.error?.code !== 'TRAINING_CRASHED') attempts--;
  }
  return attempts;
}

/** Milliseconds for which the run was being trained, by its events: an attempt lasts until its last event. */
export function trainedMs(events: readonly RunEvent[]): number {
  let total = 0;
  let running = false;
  let before = 0;
  for (const event of events) {
    const at = Date.parse(event.time);
    if (running && !(event.type === 'status' && event.status === 'running')) total += at - before;
    if (event.type === 'status') running = event.status === 'running';
    before = at;
  }
  return total;
}
