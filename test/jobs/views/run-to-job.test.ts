import { expect, test } from 'vitest';
import type { JobQueue } from '../../../src/jobs/queue/training-queue.js';
import { newRun, type RunState } from '../../../src/jobs/runs/run-reader.js';
import { createRunToJob, type RunToJob } from '../../../src/jobs/views/run-to-job.js';
import { startedOn } from '../started-on.js';
import { smallSpec } from '../training/small-mnist.js';

const waiting: JobQueue = { name: 'training', waiting: 3, workers: 0 };

async function runOf(change: Partial<RunState> = {}): Promise<RunState> {
  return { ...newRun('job_1', await smallSpec()), ...change };
}

/** Records the engines whose queue was asked for. */
function showAndAsk(): { show: RunToJob; asked: string[] } {
  const asked: string[] = [];
  const show = createRunToJob({
    queueOf(engine) {
      asked.push(engine);
      return Promise.resolve(waiting);
    },
  });
  return { show, asked };
}

test('a waiting job names its queue', async () => {
  const show = createRunToJob({ queueOf: () => Promise.resolve(waiting) });
  expect((await show(await runOf())).queue).toEqual(waiting);
  for (const status of ['running', 'paused', 'succeeded'] as const) {
    expect((await show(await runOf({ status }))).queue).toBeNull();
  }
});

test("a job that waits for the engine that began it names that engine's queue", async () => {
  const { show, asked } = showAndAsk();
  const run = await runOf();
  await show({ ...run, summary: { ...run.summary, engine: startedOn('tensorflow').engine } });
  expect(asked).toEqual(['tensorflow']);
});

test('a page of jobs asks the queue once for each engine', async () => {
  const { show, asked } = showAndAsk();
  const [any, reference] = [await runOf(), await runOf({ spec: await smallSpec({ engine: 'reference' }) })];
  await Promise.all([any, reference, any, reference].map(show));
  expect(asked).toEqual(['auto', 'reference']);
});

test.each([
  ['fails', () => Promise.reject(new Error('away'))],
  ['does not answer', () => new Promise<never>(() => undefined)],
])('a job is shown even if the queue %s', async (_, queueOf) => {
  const show = createRunToJob({ queueOf });
  expect(await show(await runOf())).toMatchObject({ status: 'queued', queue: null });
});
