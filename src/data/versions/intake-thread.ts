/** Entry point of the thread that reads one upload. Only intake.ts starts it, and may end it at any moment. */
import { parentPort, workerData } from 'node:worker_threads';
import { openStorage } from '../../storage/open-storage.js';
import { outcomeOf, takeIn, type TakeInMessage, type TakeInTask } from './take-in.js';

const { id, store, dataDir, mostIdxBytes } = workerData as TakeInTask;
const send = (message: TakeInMessage): void => parentPort?.postMessage(message);

send(
  await outcomeOf(async () =>
    takeIn(await openStorage(store, dataDir), id, {
      mostIdxBytes,
      onProgress: (progress) => send({ progress }),
    }),
  ),
);
