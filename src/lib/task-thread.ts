/**
 * A thread that does one task after the other, so that a large task delays only the tasks behind it. The thread starts when
 * there is a task, and ends when there has been none for a while, which frees its memory. A task that takes too long is ended
 * together with the thread.
 */
import { parentPort, Worker, type ResourceLimits, type Transferable } from 'node:worker_threads';
import { TrainyardError, type ErrorCode } from '../errors.js';

export interface TaskThread<Task, Result> {
  /**
   * A task whose signal is aborted while it waits is not begun.
   * @throws TrainyardError from the task, or because it cannot be done
   */
  run(task: Task, signal?: AbortSignal): Promise<Result>;
  close(): Promise<void>;
}

export interface TaskThreadOptions<Task> {
  /** A module that calls `answerTasks`. */
  entry: URL;
  resourceLimits: ResourceLimits;
  idleMs: number;
  timeLimitMs: number;
  mostWaiting: number;
  /** The message for the thread, and what of it is transferred instead of copied. Called when it is the task's turn. */
  handOver: (task: Task) => { message: Task; transfer: Transferable[] };
  tooSlow: () => TrainyardError;
  tooMuchMemory: (cause: unknown) => TrainyardError;
  tooManyWaiting: () => TrainyardError;
}

/** A refusal is sent as a document, since an error would lose its code on the way. */
type Outcome<Result> =
  { result: Result } | { refusal: { code: ErrorCode; message: string; pointer: string | undefined } };

interface Job<Task, Result> {
  task: Task;
  resolve: (result: Result) => void;
  reject: (reason: unknown) => void;
}

export function createTaskThread<Task, Result>(options: TaskThreadOptions<Task>): TaskThread<Task, Result> {
  const { entry, resourceLimits, idleMs, timeLimitMs } = options;
  let waiting: Job<Task, Result>[] = [];
  let current: Job<Task, Result> | undefined;
  let worker: Worker | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function next(): void {
    clearTimeout(timer);
    current = waiting.shift();
    if (current === undefined) {
      timer = setTimeout(() => void end(), idleMs).unref();
      return;
    }
    worker ??= start();
    const { message, transfer } = options.handOver(current.task);
    worker.postMessage(message, transfer);
    timer = setTimeout(() => fail(options.tooSlow()), timeLimitMs);
  }

  function start(): Worker {
    const started = new Worker(entry, { execArgv: [], resourceLimits });
    started.unref();
    started.on('message', (outcome: Outcome<Result>) => {
      if (worker === started) settle(outcome);
    });
    started.on('error', (error) => {
      if (worker === started) fail(isOutOfMemory(error) ? options.tooMuchMemory(error) : error);
    });
    return started;
  }

  function settle(outcome: Outcome<Result>): void {
    if ('result' in outcome) {
      current?.resolve(outcome.result);
    } else {
      const { code, message, pointer } = outcome.refusal;
      current?.reject(new TrainyardError(code, message, pointer === undefined ? {} : { pointer }));
    }
    next();
  }

  /** Ends the current task and the thread. */
  function fail(error: unknown): void {
    void end();
    current?.reject(error);
    next();
  }

  async function end(): Promise<void> {
    const ended = worker;
    worker = undefined;
    await ended?.terminate();
  }

  return {
    run(task, signal) {
      if (closed) return Promise.reject(stopping());
      if (waiting.length >= options.mostWaiting) return Promise.reject(options.tooManyWaiting());
      return new Promise((resolve, reject) => {
        const job = { task, resolve, reject };
        signal?.addEventListener('abort', () => {
          if (!waiting.includes(job)) return;
          waiting = waiting.filter((each) => each !== job);
          reject(new TrainyardError('CLIENT_GONE', 'The client went away.'));
        });
        waiting.push(job);
        if (current === undefined) next();
      });
    },

    async close() {
      closed = true;
      for (const { reject } of waiting.splice(0)) reject(stopping());
      current?.reject(stopping());
      current = undefined;
      clearTimeout(timer);
      await end();
    },
  };
}

/** Called in the thread: does each task that arrives. */
export function answerTasks(work: (task: unknown) => { result: unknown; transfer: Transferable[] }): void {
  parentPort?.on('message', (task: unknown) => {
    let outcome: Outcome<unknown>;
    let transfer: Transferable[] = [];
    try {
      const { result, ...more } = work(task);
      outcome = { result };
      transfer = more.transfer;
    } catch (error) {
      if (!(error instanceof TrainyardError)) throw error;
      const { code, message, pointer } = error;
      outcome = { refusal: { code, message, pointer } };
    }
    parentPort?.postMessage(outcome, transfer);
  });
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}

function stopping(): TrainyardError {
  return new TrainyardError('SHUTTING_DOWN', 'The service is stopping.');
}
