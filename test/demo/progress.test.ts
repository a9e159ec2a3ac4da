import { describe, expect, test } from 'vitest';
import { barLine, createProgressView, percent, plainLine } from '../../src/demo/progress.js';
import type { EpochMetrics, JobProgress } from '../../src/jobs/runs/run-events.js';
import type { Job } from '../../src/jobs/views/job.js';
import { newRun } from '../../src/jobs/runs/run-reader.js';
import { jobOf } from '../../src/jobs/views/run-to-job.js';
import { smallSpec } from '../jobs/training/small-mnist.js';

const queued = jobOf(newRun('job_1', await smallSpec()));
const metrics: EpochMetrics = {
  epoch: 1,
  step: 5,
  train_loss: 0.25,
  train_accuracy: 0.9,
  test_loss: 0.5,
  test_accuracy: 0.9784,
};

function running(progress: Partial<JobProgress>, done: EpochMetrics | null = null): Job {
  return { ...queued, status: 'running', progress: { ...queued.progress, ...progress }, metrics: done };
}

const halfway = running({
  epoch: 2,
  fraction: 0.5,
  train_loss: 0.123456,
  train_accuracy: 0.95,
  samples_per_second: 12_345,
  eta_seconds: 95.2,
});

/** What the view writes for these jobs, a second apart. */
function written(isTTY: boolean, jobs: Job[], stepMs = 1_000): string[] {
  const texts: string[] = [];
  let nowMs = 0;
  const view = createProgressView({ isTTY, write: (text) => texts.push(text) }, () => (nowMs += stepMs));
  for (const job of jobs) view.show(job);
  view.end();
  return texts;
}

describe('a line', () => {
  test('has the loss, the speed and the time left', () => {
    expect(plainLine(halfway)).toBe(
      '50 %, epoch 2 of 3, loss 0.1235, accuracy 95.00%, 12,345 samples/s, 1 min 36 s left',
    );
  });

  test('leaves out what is not known yet', () => {
    expect(plainLine(running({}))).toBe('0 %, epoch 1 of 3');
    expect(plainLine(queued)).toBe('waiting in the queue');
  });

  test('has a bar on a terminal', () => {
    expect(barLine(halfway, 120)).toMatch(/^█{12}░{12} 50 %/);
  });
});

describe('on a terminal', () => {
  test.each([
    [10, '██░░ 50 %'],
    [20, '█████░░░░ 50 %'],
    [40, '██████████░░░░░░░░░ 50 %, epoch 2 of 3'],
    [80, '████████████░░░░░░░░░░░░ 50 %, epoch 2 of 3, loss 0.1235, 1 min 36 s left'],
    [200, `████████████░░░░░░░░░░░░ ${plainLine(halfway)}`],
  ])('of %d columns the bar takes one row, and what matters most stays', (columns, line) => {
    expect(barLine(halfway, columns)).toBe(line);
    expect(barLine(queued, columns).length).toBeLessThan(columns);
  });

  test('that is resized the next bar fits again', () => {
    const texts: string[] = [];
    const output = { isTTY: true, columns: 200, write: (text: string) => texts.push(text) };
    const view = createProgressView(output);
    view.show(halfway);
    output.columns = 20;
    view.show(halfway);
    expect(texts.at(-1)).toBe('\r\x1b[2K█████░░░░ 50 %');
  });

  test('the bar is drawn over itself, and the epochs stay', () => {
    const texts = written(true, [running({}), halfway, running({ fraction: 0.6 }, metrics)]);
    const screen = texts.join('').split('\n');
    expect(screen).toHaveLength(2);
    expect(screen[0]).toMatch(
      /Epoch 1 of 3: training loss 0\.2500, test loss 0\.5000, test accuracy 97\.84%$/,
    );
    expect(texts.slice(0, 2).every((text) => text.startsWith('\r\x1b[2K'))).toBe(true);
    expect(texts.at(-1)).toBe('\r\x1b[2K');
  });
});

describe('elsewhere', () => {
  test('there are whole lines without control characters, one from time to time and one for each epoch', () => {
    const jobs = [...Array.from({ length: 20 }, () => halfway), running({ fraction: 0.6 }, metrics)];
    const text = written(false, jobs).join('');
    // eslint-disable-next-line no-control-regex -- that there are none is what this is about
    expect(text).not.toMatch(/[\r\x1b]/);
    const lines = text.trimEnd().split('\n');
    expect(lines.filter((line) => line.startsWith('50 %')).length).toBeLessThan(10);
    expect(lines.filter((line) => line.startsWith('50 %')).length).toBeGreaterThan(2);
    expect(lines.filter((line) => line.startsWith('Epoch 1'))).toHaveLength(1);
  });
});

test.each([
  [0.9784, '97.84%'],
  [0.97, '97.00%'],
  [1, '100.00%'],
  [0.99999, '99.99%'],
  [0, '0.00%'],
])('%d is %s', (fraction, text) => {
  expect(percent(fraction)).toBe(text);
});
