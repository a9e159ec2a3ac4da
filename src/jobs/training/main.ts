/**
 * The process that trains one run at a time. Only worker/training-processes.ts starts it and gives it runs, and only its worker
 * stops it: signals that a terminal or a container sends to every process reach the worker too, which then asks for a checkpoint.
 */
import { constants, getPriority, setPriority } from 'node:os';
import { createDatasetStore } from '../../data/store.js';
import { createLogger, written, type Logger } from '../../lib/log.js';
import { engines, holdsDevice } from '../../model/engines/select.js';
import { createRegistry } from '../../model/registry/registry.js';
import { openStorage } from '../../storage/open-storage.js';
import { isStorageFailure } from '../../storage/storage.js';
import { createRunStore } from '../runs/run-store.js';
import { trainRun } from './train-run.js';
import type { MessageToProcess, MessageToWorker, Observe, TrainingEnd, TrainingTask } from './messages.js';

// On a shared core predictions go before training. Threads that are started later inherit the priority.
setPriority(Math.max(getPriority(), constants.priority.PRIORITY_BELOW_NORMAL));

/** Of the run that is being trained. */
let stop: AbortController | null = null;

process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('message', (message: MessageToProcess) => {
  if (message === 'stop') stop?.abort();
  else void train(message.task);
});
// Without its worker it must not write: the queue gives the run to another. The worker may have gone before this listener
// was there.
process.on('disconnect', () => process.exit(1));
if (!process.connected) process.exit(1);

function send(message: MessageToWorker): void {
  // A channel that is closed ends the process, above.
  process.send?.(message, () => undefined);
}

/** All that a run needs is made for it alone. Only devices that engines have opened stay for the next. */
async function train(task: TrainingTask): Promise<void> {
  const log = createLogger(task).child({
    job: task.runId,
    ...(task.traceId !== null && { trace_id: task.traceId }),
  });
  const { signal } = (stop = new AbortController());
  let hasFailed = false;
  const observe: Observe = (observation) => {
    if (observation.kind === 'end') hasFailed = observation.status !== 'succeeded';
    send({ at: Date.now(), observation });
  };
  try {
    const end = await attempt(task, { signal, observe, log });
    await written(log);
    send({ end, isSound: !hasFailed, holdsDevice: holdsDevice() });
  } catch (err) {
    log.fatal({ err }, 'the training process failed on an unexpected error');
    await written(log);
    process.disconnect();
  }
}

async function attempt(
  task: TrainingTask,
  { signal, observe, log }: { signal: AbortSignal; observe: Observe; log: Logger },
): Promise<TrainingEnd> {
  try {
    const storage = await openStorage(task.storeTarget, task.dataDir);
    return await trainRun({
      runId: task.runId,
      term: task.term,
      storage,
      store: createRunStore(storage, {
        onEnd: ({ status, error }) => observe({ kind: 'end', status, error }),
      }),
      registry: createRegistry(storage, log),
      datasets: createDatasetStore(storage),
      engines,
      log,
      observe,
      signal,
      threads: task.threads,
      memoryLimitBytes: task.memoryLimitBytes,
      now: () => new Date(),
      nowMs: () => performance.now(),
    });
  } catch (err) {
    if (!isStorageFailure(err)) throw err;
    const { code, message } = err;
    return { kind: 'storage_failed', error: { code, message } };
  }
}
