/**
 * A thread that reads pictures one after the other, so that a large one keeps nobody waiting but those behind it. It is
 * started when there is something to read, ended when there has been nothing for a while, which gives its memory back,
 * and ended in the middle of a picture that takes too long.
 */
import { Worker } from 'node:worker_threads';
import { TrainyardError, type ErrorCode } from '../errors.js';
import type { ReadTask } from './read-image.js';

export interface ReadingThread {
  /** @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE, OVERLOADED, SHUTTING_DOWN */
  read(task: ReadTask): Promise<Float32Array>;
  close(): Promise<void>;
}

/** What the thread answers. An error would lose its code on the way, so that a refusal is told as one. */
export type Outcome = { input: Float32Array } | { refusal: { code: ErrorCode; message: string } };

interface Job {
  task: ReadTask;
  resolve: (input: Float32Array) => void;
  reject: (reason: unknown) => void;
}

const idleMs = 5_000;

/** Pixels do not lie on the heap: what they take is limited by the size of the picture. */
const resourceLimits = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 32 };

// From src/ in tests and from dist/ in service: both lie as deep below the root.
const entry = new URL('../../dist/images/thread.js', import.meta.url);

export function createReadingThread(options: { timeLimitMs: number; mostWaiting: number }): ReadingThread {
  const { timeLimitMs, mostWaiting } = options;
  const waiting: Job[] = [];
  let current: Job | undefined;
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
    // A copy to give away: as it is, the whole buffer would go that the bytes may be a small part of.
    const bytes = Uint8Array.from(current.task.bytes);
    worker.postMessage({ ...current.task, bytes } satisfies ReadTask, [bytes.buffer]);
    timer = setTimeout(() => fail(tooSlow(timeLimitMs)), timeLimitMs);
  }

  function start(): Worker {
    const started = new Worker(entry, { execArgv: [], resourceLimits });
    started.unref();
    started.on('message', (outcome: Outcome) => {
      if (worker === started) settle(outcome);
    });
    started.on('error', (error) => {
      if (worker === started) fail(isOutOfMemory(error) ? tooMuchMemory(error) : error);
    });
    return started;
  }

  function settle(outcome: Outcome): void {
    if ('input' in outcome) current?.resolve(outcome.input);
    else current?.reject(new TrainyardError(outcome.refusal.code, outcome.refusal.message));
    next();
  }

  /** The picture in hand, and the thread with it. */
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
    read(task) {
      if (closed) return Promise.reject(stopping());
      if (waiting.length >= mostWaiting) return Promise.reject(overloaded(mostWaiting));
      return new Promise((resolve, reject) => {
        waiting.push({ task, resolve, reject });
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

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}

function tooMuchMemory(cause: unknown): TrainyardError {
  const message = 'The image takes more memory to decode than this service has for one.';
  return new TrainyardError('IMAGE_TOO_LARGE', message, { cause });
}

function tooSlow(timeLimitMs: number): TrainyardError {
  const message = `The image takes more than ${timeLimitMs / 1000} seconds to decode.`;
  return new TrainyardError('IMAGE_INVALID', message);
}

function overloaded(mostWaiting: number): TrainyardError {
  const message = `${mostWaiting} large images are waiting to be decoded already.`;
  return new TrainyardError('OVERLOADED', message);
}

function stopping(): TrainyardError {
  return new TrainyardError('SHUTTING_DOWN', 'The service is stopping.');
}
