/**
 * The process that trains one run. Only worker/training-process.ts starts it, and only its worker stops it: signals that a
 * terminal or a container sends to every process reach the worker too, which then asks for a checkpoint.
 */
import { constants, getPriority, setPriority } from 'node:os';
import { createDatasetStore } from '../../data/store.js';
import { createLogger, written } from '../../lib/log.js';
import { engines } from '../../model/engines/select.js';
import { createRegistry } from '../../model/registry/registry.js';
import { openStorage } from '../../storage/open-storage.js';
import { isStorageFailure } from '../../storage/storage.js';
import { createRunStore } from '../runs/run-store.js';
import { trainRun } from './train-run.js';
import type { MessageToWorker, Observe, TrainingTask } from './messages.js';

// On a shared core predictions go before training. Threads that are started later inherit the priority.
setPriority(Math.max(getPriority(), constants.priority.PRIORITY_BELOW_NORMAL));

const task = JSON.parse(process.argv[2] ?? 'null') as TrainingTask;
const log = createLogger(task).child({
  job: task.runId,
  ...(task.traceId !== null && { trace_id: task.traceId }),
});
const stop = new AbortController();

process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('message', () => stop.abort());
// Without its worker it must not write: the queue gives the run to another. The worker may have gone before this listener
// was there.
process.on('disconnect', () => process.exit(1));
if (!process.connected) process.exit(1);

function send(message: MessageToWorker, whenSent: () => void = () => undefined): void {
  // A channel that is closed ends the process, above.
  process.send?.(message, whenSent);
}

function leave(): void {
  void written(log).then(() => process.exit(0));
}

const observe: Observe = (observation) => send({ at: Date.now(), observation });

try {
  const storage = await openStorage(task.storeTarget, task.dataDir);
  const end = await trainRun({
    runId: task.runId,
    term: task.term,
    storage,
    store: createRunStore(storage, { onEnd: ({ status, error }) => observe({ kind: 'end', status, error }) }),
    registry: createRegistry(storage, log),
    datasets: createDatasetStore(storage),
    engines,
    log,
    observe,
    signal: stop.signal,
    threads: task.threads,
    memoryLimitBytes: task.memoryLimitBytes,
    now: () => new Date(),
    nowMs: () => performance.now(),
  });
  send({ end }, leave);
} catch (err) {
  if (isStorageFailure(err)) {
    const { code, message } = err;
    send({ end: { kind: 'storage_failed', error: { code, message } } }, leave);
  } else {
    log.fatal({ err }, 'the training process failed on an unexpected error');
    await written(log);
    process.disconnect();
  }
}
