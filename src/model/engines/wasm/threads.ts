/**
 * The threads that train: worker threads on one shared memory. The thread that starts them computes nothing, so it is free
 * to respond while they work.
 */
import { Worker } from 'node:worker_threads';
import type { BatchReport, SplitName } from '../engine.js';
import type { Background } from '../background.js';
import type { Plan } from './plan.js';

/** What all threads carry out together. */
export type Command = { trainBackground: Background | null } & (
  | { kind: 'train'; firstStep: number; steps: number }
  | { kind: 'evaluate'; split: SplitName; firstBatch: number; batches: number }
);

/** All that a thread needs to know. */
export interface ThreadTask {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  plan: Plan;
  /** Which of the plan's threads it is. */
  thread: number;
}

export interface Threads {
  /** One command at a time. Rejects when a thread has died or has been ended. */
  carryOut(command: Command): Promise<BatchReport>;
  /** At once, even in the middle of a command. */
  end(): Promise<void>;
}

// From src/ in tests and from dist/ in service: both are equally deep below the root.
const entry = new URL('../../../../dist/model/engines/wasm/thread.js', import.meta.url);

export function startThreads(task: Omit<ThreadTask, 'thread'>): Threads {
  const workers = task.plan.threads.map(
    (_, thread) => new Worker(entry, { workerData: { ...task, thread } satisfies ThreadTask, execArgv: [] }),
  );
  let failure: Error | undefined;
  let waiting:
    { reports: (BatchReport | undefined)[]; settle: (outcome: BatchReport | Error) => void } | undefined;

  const fail = (error: Error): void => {
    failure ??= error;
    waiting?.settle(failure);
  };
  workers.forEach((worker, thread) => {
    worker.on('error', fail);
    worker.on('exit', () => fail(new Error('A training thread has ended')));
    worker.on('message', (report: BatchReport) => {
      if (waiting === undefined) return;
      waiting.reports[thread] = report;
      const [first, ...others] = waiting.reports;
      // Every thread must be done, because the caller may read what it has written.
      if (first !== undefined && others.every((other) => other !== undefined)) waiting.settle(first);
    });
  });

  return {
    carryOut: (command) =>
      new Promise((resolve, reject) => {
        const settle = (outcome: BatchReport | Error): void => {
          waiting = undefined;
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome);
        };
        if (failure !== undefined) {
          settle(failure);
          return;
        }
        waiting = { reports: workers.map(() => undefined), settle };
        for (const worker of workers) worker.postMessage(command);
      }),

    async end() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
