/** One worker on several queues, with as many entries in hand, over all of them, as it may have. */
import type { Delivery, EntryProcessor, EntryQueue, EntryWorker } from './entry-queue.js';

export function workOnSeveral<Entry>(
  queues: readonly EntryQueue<Entry>[],
  processEntry: EntryProcessor<Entry>,
  { concurrency }: { concurrency: number },
): Pick<EntryWorker, 'close'> {
  const workers = queues.map((queue) => queue.work(processIfThereIsRoom, { concurrency }));
  let inHand = 0;

  async function processIfThereIsRoom(entry: Entry, signal: AbortSignal): Promise<Delivery> {
    // A worker that waits for an entry when it is paused still takes the next one.
    if (inHand === concurrency) return { outcome: 'hand_back' };
    inHand += 1;
    if (inHand === concurrency) for (const worker of workers) worker.pause();
    try {
      return await processEntry(entry, signal);
    } finally {
      inHand -= 1;
      for (const worker of workers) worker.resume();
    }
  }

  return {
    async close() {
      await Promise.all(workers.map((worker) => worker.close()));
    },
  };
}
