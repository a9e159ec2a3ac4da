/** Shows how far a job is: a bar on a terminal, a line every few seconds elsewhere. */
import type { Job, JobEvent } from 'trainyard/client';
import { barLine, plainLine, type ShownJob } from '../demo/progress.js';
import type { Stream } from './output.js';

export interface TrainingView {
  show(event: JobEvent): void;
  /** A line above the bar. */
  note(line: string): void;
  /** Takes the bar away. */
  end(): void;
}

const plainEveryMs = 5_000;
const drawnEveryMs = 100;
const usualColumns = 80;

export function createTrainingView(
  { status, progress, metrics }: Job,
  output: Stream,
  nowMs: () => number = () => performance.now(),
): TrainingView {
  const isTerminal = output.isTTY === true;
  const clear = isTerminal ? '\r\x1b[2K' : '';
  let job: ShownJob = { status, progress, metrics };
  let shownAtMs = -Infinity;

  return {
    show(event) {
      const before = job.status;
      job = after(job, event);
      if (event.type === 'log') this.note(event.message);
      if (job.status === 'paused' && before !== 'paused') this.note('The job is paused.');
      if (job.status !== 'queued' && job.status !== 'running') return;
      const isDue = nowMs() - shownAtMs >= (isTerminal ? drawnEveryMs : plainEveryMs);
      if (!isDue && job.status === before) return;
      shownAtMs = nowMs();
      if (isTerminal) output.write(clear + barLine(job, output.columns ?? usualColumns));
      else output.write(`${plainLine(job)}\n`);
    },
    note: (line) => void output.write(`${clear}${line}\n`),
    end: () => void output.write(clear),
  };
}

function after(job: ShownJob, event: JobEvent): ShownJob {
  if (event.type === 'status') return { ...job, status: event.status };
  if (event.type === 'progress') return { ...job, progress: event.progress };
  return event.type === 'metrics' ? { ...job, metrics: event.metrics } : job;
}
