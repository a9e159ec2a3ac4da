/** The entry of the thread that reads large pictures; started by reading-thread.ts and by nobody else. */
import { parentPort } from 'node:worker_threads';
import { TrainyardError } from '../errors.js';
import { readImage, type ReadTask } from './read-image.js';
import type { Outcome } from './reading-thread.js';

parentPort?.on('message', (task: ReadTask) => parentPort?.postMessage(outcomeOf(task)));

function outcomeOf(task: ReadTask): Outcome {
  try {
    return { input: readImage(task) };
  } catch (error) {
    if (!(error instanceof TrainyardError)) throw error;
    const { code, message } = error;
    return { refusal: { code, message } };
  }
}
