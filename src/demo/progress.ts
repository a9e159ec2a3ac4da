/** Shows a job's progress: a bar that is drawn again and again on a terminal, a line from time to time elsewhere. */
import type { EpochMetrics } from '../jobs/runs/run-events.js';
import type { Job } from '../jobs/views/job.js';

/** What of a job is shown. */
export type ShownJob = Pick<Job, 'status' | 'progress' | 'metrics'>;

export interface ProgressView {
  show(job: Job): void;
  /** Leaves the last state standing. */
  end(): void;
}

const plainEveryMs = 5_000;
const widestBar = 24;
/** Where a terminal does not say how wide it is. */
const usualColumns = 80;

export function createProgressView(
  output: { isTTY?: boolean; columns?: number; write(text: string): unknown },
  nowMs: () => number = () => performance.now(),
): ProgressView {
  const terminal = output.isTTY === true;
  let shownEpoch = 0;
  let shownAtMs = -Infinity;

  return {
    show(job) {
      const clear = terminal ? '\r\x1b[2K' : '';
      const { metrics, status } = job;
      if (metrics !== null && metrics.epoch > shownEpoch) {
        output.write(`${clear}${epochLine(metrics, job.progress.epochs)}\n`);
        shownEpoch = metrics.epoch;
      }
      if (status !== 'queued' && status !== 'running') return;
      if (terminal) output.write(clear + barLine(job, (output.columns ?? 0) || usualColumns));
      else if (nowMs() - shownAtMs >= plainEveryMs) output.write(`${plainLine(job)}\n`);
      else return;
      shownAtMs = nowMs();
    },

    end() {
      if (terminal) output.write('\r\x1b[2K');
    },
  };
}

/** Fits one row of the terminal: parts for which there is no room are left out. */
export function barLine(job: ShownJob, columns: number): string {
  // Some terminals begin a new row when the last column is written.
  const room = columns - 1;
  const width = Math.min(widestBar, Math.floor(room / 2));
  const filled = Math.round(job.progress.fraction * width);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(width - filled)} `;
  return (bar + partsThatFit(partsOf(job), room - bar.length).join(', ')).slice(0, room);
}

export function plainLine(job: ShownJob): string {
  return partsOf(job)
    .map(({ text }) => text)
    .join(', ');
}

interface Part {
  text: string;
  /** Where there is no room, the lowest is left out first; 0 always stays. */
  goes: number;
}

function partsOf({ status, progress, metrics }: ShownJob): Part[] {
  if (status === 'queued') return [{ text: 'waiting in the queue', goes: 0 }];
  const { epoch, epochs, fraction, train_loss, train_accuracy, samples_per_second, eta_seconds, evaluated } =
    progress;
  if (evaluated !== undefined) return [{ text: `evaluating, ${Math.floor(evaluated * 100)} %`, goes: 0 }];
  const { validation_accuracy = null, validation_rmse } = metrics ?? {};
  // What is told of rows that are not learned from tells more.
  const accuracy = validation_accuracy ?? train_accuracy;
  const of = validation_accuracy === null ? '' : 'validation ';
  return [
    { text: `${Math.floor(fraction * 100)} %`, goes: 0 },
    { text: `epoch ${Math.max(epoch, 1)} of ${epochs}`, goes: 5 },
    train_loss !== null && { text: `loss ${train_loss.toFixed(4)}`, goes: 3 },
    accuracy !== null && { text: `${of}accuracy ${percent(accuracy)}`, goes: 2 },
    validation_rmse !== undefined && { text: `validation RMSE ${validation_rmse.toPrecision(4)}`, goes: 2 },
    samples_per_second !== null && { text: `${samples_per_second.toLocaleString('en')} samples/s`, goes: 1 },
    eta_seconds !== null && { text: `${duration(eta_seconds)} left`, goes: 4 },
  ].filter((part) => part !== false);
}

function partsThatFit(parts: Part[], room: number): string[] {
  const kept = [...parts];
  const texts = (): string[] => kept.map(({ text }) => text);
  const leastFirst = parts.filter(({ goes }) => goes > 0).sort((a, b) => a.goes - b.goes);
  for (const part of leastFirst) {
    if (texts().join(', ').length <= room) break;
    kept.splice(kept.indexOf(part), 1);
  }
  return texts();
}

function epochLine(metrics: EpochMetrics, epochs: number): string {
  const { epoch, train_loss, test_loss = NaN, test_accuracy } = metrics;
  const accuracy = test_accuracy === undefined ? '' : `, test accuracy ${percent(test_accuracy)}`;
  return (
    `Epoch ${epoch} of ${epochs}: training loss ${train_loss.toFixed(4)}, ` +
    `test loss ${test_loss.toFixed(4)}${accuracy}`
  );
}

/** 0.97845 is 97.85%, and only all of them are 100.00%. */
export function percent(fraction: number): string {
  return `${(Math.floor(fraction * 10_000 + 1e-6) / 100).toFixed(2)}%`;
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
