/** What the events of a run add up to, so far. */
import type { JobProgress, RunEvent, RunSpec, RunSummary } from './contracts.js';

/** Of a run that no worker has taken up yet. */
export function emptySummary(spec: RunSpec): RunSummary {
  return {
    attempts: 0,
    started_at: null,
    engine: null,
    resumed_from_step: null,
    progress: progressAt(spec, { step: 0, epoch: 0 }),
    metrics: null,
    version: null,
  };
}

export function addEvent(summary: RunSummary, event: RunEvent): RunSummary {
  switch (event.type) {
    case 'attempt':
      return { ...summary, attempts: event.attempt };
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
      return { ...summary, metrics: event.metrics };
    case 'published':
      return { ...summary, version: event.version };
    case 'checkpoint':
    case 'handed_back':
    case 'log':
      return summary;
  }
}

/** Progress at a step, as far as it can be told without knowing the speed. */
export function progressAt(spec: RunSpec, at: { step: number; epoch: number }): JobProgress {
  return {
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

/** Attempts since the run last got further: what a run that kills its process has too many of. */
export function attemptsWithoutProgress(events: readonly RunEvent[]): number {
  const last = events.findLastIndex((event) => event.type === 'checkpoint' || event.type === 'handed_back');
  return events.slice(last + 1).filter((event) => event.type === 'attempt').length;
}
