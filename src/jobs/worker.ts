/**
 * What a worker does with a run that the queue delivers: has it trained in a process of its own, and tells the queue
 * whether the run is over, is handed to another worker, or is to be tried again after a crash.
 */
import type { Logger } from 'pino';
import { TrainyardError } from '../errors.js';
import type { RunSpec } from './contracts.js';
import { endRun } from './end-run.js';
import type { Delivery, RunProcessor } from './queue/training-queue.js';
import type { RunStore } from './run-store.js';
import { attemptsWithoutProgress } from './run-summary.js';
import type { TrainingOutcome } from './training/training-process.js';

/** Attempts without a checkpoint between them, after which a run is given up. */
const maxAttemptsWithoutProgress = 5;

export function createRunProcessor(options: {
  store: RunStore;
  /** Trains the run elsewhere; the signal asks it to checkpoint and let go. */
  train: (runId: string, signal: AbortSignal) => Promise<TrainingOutcome>;
  log: Logger;
  now?: () => Date;
  retryDelayMs?: (attempt: number) => number;
}): RunProcessor {
  const { store, train, now = () => new Date(), retryDelayMs = backOff } = options;

  async function attempt(runId: string, spec: RunSpec, log: Logger, signal: AbortSignal): Promise<Delivery> {
    const { events } = await store.readEvents(runId, 0);
    const attempts = events.filter((event) => event.type === 'attempt').length + 1;
    const withoutProgress = attemptsWithoutProgress(events) + 1;
    if (withoutProgress > maxAttemptsWithoutProgress) return giveUp(runId, spec, log);
    const eventLog = await store.openEventLog(runId);
    await eventLog.append({ type: 'attempt', attempt: attempts });

    const outcome = await train(runId, signal);
    switch (outcome.kind) {
      case 'finished':
        log.info('run ended');
        return { outcome: 'done' };
      case 'handed_back':
        log.info('run handed back; it goes on from its checkpoint');
        return { outcome: 'hand_back' };
      case 'crashed': {
        log.warn({ attempt: attempts, reason: outcome.reason }, 'the training process died');
        const { events: seen } = await store.readEvents(runId, 0);
        return { outcome: 'retry', delayMs: retryDelayMs(attemptsWithoutProgress(seen)) };
      }
    }
  }

  async function giveUp(runId: string, spec: RunSpec, log: Logger): Promise<Delivery> {
    const message =
      `The training process died ${maxAttemptsWithoutProgress} times without reaching a checkpoint; the service's ` +
      `log says how. Often it is memory: try a narrower network or a smaller batch.`;
    await endRun(store, runId, spec, {
      status: 'failed',
      error: { code: 'TRAINING_CRASHED', message },
      now: now(),
    });
    log.error({ code: 'TRAINING_CRASHED' }, message);
    return { outcome: 'done' };
  }

  return async (runId, signal) => {
    const log = options.log.child({ job: runId });
    if (signal.aborted) return { outcome: 'hand_back' };
    try {
      const spec = await store.readSpec(runId);
      if (spec === null) {
        log.warn('the queue delivered a run that the store does not have; dropped');
        return { outcome: 'done' };
      }
      if ((await store.readResult(runId)) !== null) return { outcome: 'done' };
      return await attempt(runId, spec, log, signal);
    } catch (err) {
      log.error({ err }, 'the run could not be taken up');
      const lost = err instanceof TrainyardError && err.code === 'RUN_CORRUPT';
      return lost ? { outcome: 'done' } : { outcome: 'retry', delayMs: retryDelayMs(1) };
    }
  };
}

/** One second after the first crash, then twice as long each time. */
function backOff(attempt: number): number {
  return Math.min(1_000 * 2 ** (attempt - 1), 60_000);
}
