/** How a job's progress is shown: a bar that is drawn anew on a terminal, a line from time to time elsewhere. */
import type { EpochMetrics, Job } from '../jobs/contracts.js';

export interface ProgressView {
  show(job: Job): void;
  /** Leaves the last state standing. */
  end(): void;
}

const plainEveryMs = 5_000;
const barWidth = 24;

export function createProgressView(
  output: { isTTY?: boolean; write(text: string): unknown },
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
      if (terminal) output.write(clear + barLine(job));
      else if (nowMs() - shownAtMs >= plainEveryMs) output.write(`${plainLine(job)}\n`);
      else return;
      shownAtMs = nowMs();
    },

    end() {
      if (terminal) output.write('\r\x1b[2K');
    },
  };
}

export function barLine(job: Job): string {
  const filled = Math.round(job.progress.fraction * barWidth);
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
  return `${bar} ${plainLine(job)}`;
}

export function plainLine({ status, progress }: Job): string {
  if (status === 'queued') return 'waiting in the queue';
  const { epoch, epochs, fraction, samples_per_second, eta_seconds } = progress;
  const parts = [`${Math.floor(fraction * 100)} %`, `epoch ${Math.max(epoch, 1)} of ${epochs}`];
  if (progress.train_loss !== null) parts.push(`loss ${progress.train_loss.toFixed(4)}`);
  if (progress.train_accuracy !== null) parts.push(`accuracy ${percent(progress.train_accuracy)}`);
  if (samples_per_second !== null) parts.push(`${samples_per_second.toLocaleString('en')} samples/s`);
  if (eta_seconds !== null) parts.push(`${duration(eta_seconds)} left`);
  return parts.join(', ');
}

function epochLine(metrics: EpochMetrics, epochs: number): string {
  const { epoch, train_loss, test_loss, test_accuracy } = metrics;
  return (
    `Epoch ${epoch} of ${epochs}: training loss ${train_loss.toFixed(4)}, ` +
    `test loss ${test_loss.toFixed(4)}, test accuracy ${percent(test_accuracy)}`
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
