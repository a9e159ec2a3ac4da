/** What the state of a job means, in words, and what to do about it. */
import { formatNumber } from '../../parts/format.js';
import type { Job, JobEvent } from '../../service/api.js';

export function meaningOf(job: Job): string {
  switch (job.status) {
    case 'queued':
      return queuedMeaning(job);
    case 'running':
      if (job.progress.evaluated !== undefined)
        return 'Training is over. What was learnt is being evaluated.';
      return job.engine === null ? 'A worker is reading the data.' : `It is trained by ${engineOf(job)}.`;
    case 'paused':
      return 'It waits until you resume it, and goes on from its last checkpoint.';
    case 'succeeded':
      return job.version === null
        ? 'It is trained.'
        : `It is trained, and published as version ${job.version}.`;
    case 'failed':
      return 'It ended with an error.';
    case 'cancelled':
      return 'It was cancelled. What it had learnt since its last version is not published.';
  }
}

function queuedMeaning({ queue, progress }: Job): string {
  const goesOn = progress.step > 0 ? ' It goes on from its last checkpoint.' : '';
  if (queue === null) return `It waits for a worker.${goesOn}`;
  if (queue.workers === 0)
    return 'It waits for a worker, and none is connected. Start one, or cancel the job.';
  const before = Math.max(0, queue.waiting - 1);
  return before === 0
    ? `It waits for a worker, and is the next one.${goesOn}`
    : `It waits for a worker; ${formatNumber(before)} more ${before === 1 ? 'job waits' : 'jobs wait'} too.${goesOn}`;
}

function engineOf({ engine }: Job): string {
  return engine === null ? 'an engine' : `the engine ${engine.name} (${engine.device})`;
}

/** What to do about an error whose message does not say it; '' where it does. */
export function adviceOn(code: string): string {
  const advice: Record<string, string> = {
    TRAINING_DIVERGED:
      'Train again with a lower learning rate, or with gradients clipped (optimizer.clip_norm).',
    DATASET_CHANGED: 'Train again, on the data as it is now.',
    DATASET_NOT_FOUND: 'Upload the data again, and train on it.',
    INIT_FROM_CHANGED: 'Train again from a version that exists.',
    ENGINE_UNAVAILABLE: 'Train again with another engine, or with “auto”.',
    TIME_LIMIT_EXCEEDED: 'Train again with a longer limit, fewer epochs or a smaller network.',
    TRAINING_CRASHED: 'Look into the log of the service. Often memory was short: try a smaller network.',
  };
  return advice[code] ?? '';
}

export function whyStopped({ stopped, spec }: Job): string | null {
  if (stopped === null) return null;
  const { reason, epoch, best_epoch: best } = stopped;
  const bestText = best === null ? '' : ` The best epoch was ${formatNumber(best)}.`;
  return reason === 'epochs'
    ? `All ${formatNumber(epoch)} epochs are done.${bestText}`
    : `It stopped after epoch ${formatNumber(epoch)}, because no epoch was better for ${formatNumber(spec.patience ?? 0)} epochs.${bestText}`;
}

const becomes: Record<Job['status'], string> = {
  queued: 'is queued',
  running: 'is running',
  paused: 'is paused',
  succeeded: 'has succeeded',
  failed: 'has failed',
  cancelled: 'was cancelled',
};

/** A line of the log; its kind is that of a notice. */
export function lineOf(event: JobEvent): { text: string; kind: 'info' | 'good' | 'warning' | 'error' } {
  switch (event.type) {
    case 'status': {
      const attempt = event.attempt !== undefined && event.attempt > 1 ? `, attempt ${event.attempt}` : '';
      const why = event.error ? `: ${event.error.message}` : '';
      const kind = event.status === 'failed' ? 'error' : event.status === 'succeeded' ? 'good' : 'info';
      return { text: `The job ${becomes[event.status]}${attempt}${why}`, kind };
    }
    case 'started': {
      const from = event.resumed_from_step;
      const { name, device, reason } = event.engine;
      const begins = from === null ? 'Training begins' : `Training goes on from step ${formatNumber(from)}`;
      return { text: `${begins} on ${name} (${device}): ${reason}.`, kind: 'info' };
    }
    case 'stopped':
      return {
        text: `Training is over after epoch ${formatNumber(event.stopped.epoch)} (${event.stopped.reason}).`,
        kind: 'info',
      };
    case 'evaluated':
      return { text: `The network of step ${formatNumber(event.step)} is evaluated.`, kind: 'info' };
    case 'published': {
      const served = event.served === false ? `, and not served: ${(event.reasons ?? []).join(' ')}` : '.';
      return {
        text: `Version ${event.version} is published${served}`,
        kind: event.served === false ? 'warning' : 'good',
      };
    }
    case 'reproduced': {
      const { version, equal } = event;
      const bits = equal ? 'the same bits come out' : 'other bits come out';
      return { text: `Version ${version} is trained again: ${bits}.`, kind: equal ? 'good' : 'warning' };
    }
    case 'log':
      return { text: event.message, kind: event.level === 'error' ? 'error' : 'warning' };
    case 'missing':
      return { text: event.message, kind: 'error' };
    case 'done':
      return { text: 'The job has ended.', kind: 'info' };
    case 'progress':
    case 'metrics':
    case 'outcomes':
    case 'checkpoint':
      return { text: '', kind: 'info' };
  }
}
