/** Entry point of the thread that reads one upload. Only intake.ts starts it, and may end it at any moment. */
import { parentPort, workerData } from 'node:worker_threads';
import { openStorage } from '../../storage/open-storage.js';
import { aliveEveryMs, outcomeOf, takeIn, type TakeInMessage, type TakeInTask } from './take-in.js';

const { id, store, dataDir, mostIdxBytes } = workerData as TakeInTask;
const send = (message: TakeInMessage): void => parentPort?.postMessage(message);

setInterval(() => send({ alive: true }), aliveEveryMs).unref();

send(
  await outcomeOf(async () =>
    takeIn(await openStorage(store, dataDir), id, {
      mostIdxBytes,
      onProgress: (progress) => send({ progress }),
    }),
  ),
);
