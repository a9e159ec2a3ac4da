/**
 * What a worker does with a run that the queue delivers: takes it in hand, has it trained in a process of its own, tells
 * how that went, and says to the queue whether the run is over, goes to another worker or is to be tried again.
 */
import type { Logger } from 'pino';
import { TrainyardError } from '../../errors.js';
import { isStorageFailure } from '../../storage/storage.js';
import { traceIdOf } from '../../telemetry/trace-context.js';
import type { JobError, RunEvent, RunSpec, StatusChange } from '../runs/documents.js';
import { cancelRun, endRun } from '../runs/end-run.js';
import type { RunDelivery, RunProcessor } from '../queue/training-queue.js';
import { logStart } from '../runs/run-log.js';
import type { RunStore } from '../runs/run-store.js';
import {
  attemptsWithoutProgress,
  engineAfter,
  engineOf,
  statusAfter,
  trainedMs,
} from '../runs/summarize-events.js';
import type { TrainingOutcome } from './training-process.js';
import { watchRun } from './run-watch.js';
import type { Webhooks } from '../webhooks/webhooks.js';

/** Attempts without a checkpoint between them, after which a run is given up. */
const maxAttemptsWithoutProgress = 5;
/** After what is not the run's fault: the storage was full, or somebody else had the run in hand. */
const shortDelayMs = 5_000;

const workerLost = { code: 'TRAINING_CRASHED', message: 'The worker that trained it is gone.' } as const;

/** A run that is taken up. */
export interface Attempt {
  runId: string;
  spec: RunSpec;
  term: number;
  /** From 1. */
  attempt: number;
}

/** Trains the run elsewhere: `stop` asks to checkpoint and let go of it, `kill` ends it at once. */
export type Train = (
  run: Attempt,
  signals: { stop: AbortSignal; kill: AbortSignal },
) => Promise<TrainingOutcome>;

export function createRunProcessor(options: {
  store: RunStore;
  train: Train;
  webhooks: Pick<Webhooks, 'follow' | 'enqueueOutstanding'>;
  /** Those that only other workers have; a run that one of them began goes on there. */
  otherEngines?: readonly string[];
  log: Logger;
  now?: () => Date;
  retryDelayMs?: (attempt: number) => number;
  /** Between two looks at a run that is being trained. */
  lookEveryMs?: number;
}): RunProcessor {
  const { store, train, webhooks, otherEngines = [] } = options;
  const { now = () => new Date(), retryDelayMs = backOff } = options;

  async function process(
    runId: string,
    spec: RunSpec,
    log: Logger,
    letGo: AbortSignal,
  ): Promise<RunDelivery> {
    const term = await store.claim(runId);
    const { events, next } = await store.readEvents(runId, logStart);
    // As it stands now that nobody else can change it.
    if ((await store.readResult(runId)) !== null) return { outcome: 'done' };
    if ((await store.readEnding(runId)) === 'cancelled') {
      await cancelRun(store, runId, spec, now());
      return { outcome: 'done' };
    }
    const status = statusAfter(events);
    if (status === 'paused') return { outcome: 'done' };
    if (status === 'running' && (await store.wasAskedToPause(runId, term - 1))) {
      await tell(runId, term, { type: 'status', status: 'paused' });
      return { outcome: 'done' };
    }
    if (attemptsWithoutProgress(events) >= maxAttemptsWithoutProgress) return giveUp(runId, spec, log);
    const leftMs = msLeft(spec, events);
    if (leftMs <= 0) return outOfTime(runId, spec, log);
    const engine = engineOf(spec, { engine: engineAfter(events) });
    if (otherEngines.includes(engine)) {
      if (status === 'running') {
        await tell(runId, term, { type: 'status', status: 'queued', error: workerLost });
      }
      log.info({ engine }, 'the job continues on a worker with the engine that started it');
      return { outcome: 'move', engine };
    }
    const stopTelling = spec.webhook && (await webhooks.follow(runId, spec.webhook, next.seq));
    try {
      return await attempt(runId, spec, { term, leftMs, attempts: attemptsIn(events) + 1 }, log, letGo);
    } finally {
      stopTelling?.();
      // What it was too late to hear of.
      if (spec.webhook !== null) await webhooks.enqueueOutstanding(runId);
    }
  }

  async function attempt(
    runId: string,
    spec: RunSpec,
    { term, leftMs, attempts }: { term: number; leftMs: number; attempts: number },
    log: Logger,
    letGo: AbortSignal,
  ): Promise<RunDelivery> {
    await tell(runId, term, { type: 'status', status: 'running', attempt: attempts });
    const watch = watchRun(store, runId, term, leftMs, log, options.lookEveryMs);
    let outcome: TrainingOutcome;
    try {
      const stop = AbortSignal.any([letGo, watch.stop]);
      outcome = await train({ runId, spec, term, attempt: attempts }, { stop, kill: watch.kill });
    } finally {
      watch.end();
    }
    switch (outcome.kind) {
      case 'finished':
        log.info('job ended');
        return { outcome: 'done' };

      case 'handed_back':
        if (watch.reason() === 'out_of_time') return outOfTime(runId, spec, log);
        if (watch.reason() === 'pause') {
          await tell(runId, term, { type: 'status', status: 'paused' });
          log.info('job paused');
          return { outcome: 'done' };
        }
        await tell(runId, term, { type: 'status', status: 'queued', error: null });
        log.info('job handed back to the queue; it continues from its checkpoint');
        return { outcome: 'hand_back' };

      case 'taken_over':
        log.warn({ term }, 'another worker has taken the job over; this attempt is over');
        return takenOver(runId);

      case 'storage_failed':
        log.warn(outcome.error, 'the storage failed while the job was training; trying again later');
        await tellInVain(runId, term, { type: 'status', status: 'queued', error: outcome.error });
        return { outcome: 'retry', delayMs: shortDelayMs };

      case 'crashed': {
        const message = `The training process died: ${outcome.reason}.`;
        log.warn({ attempt: attempts, reason: outcome.reason }, 'the training process died');
        await tell(runId, term, {
          type: 'status',
          status: 'queued',
          error: { code: 'TRAINING_CRASHED', message },
        });
        const { events } = await store.readEvents(runId, logStart);
        const failures = attemptsWithoutProgress(events);
        if (failures >= maxAttemptsWithoutProgress) return giveUp(runId, spec, log);
        return { outcome: 'retry', delayMs: retryDelayMs(failures) };
      }
    }
  }

  async function tell(runId: string, term: number, change: StatusChange): Promise<void> {
    const log = await store.writeEvents(runId, term);
    await (change.status === 'running' ? log.append(change) : log.appendLast(change));
  }

  /** Where the storage may well refuse. */
  async function tellInVain(runId: string, term: number, change: StatusChange): Promise<void> {
    try {
      await tell(runId, term, change);
    } catch (error) {
      if (!isStorageFailure(error)) throw error;
    }
  }

  /** By a cancellation, then it has ended; else by who may not have got far with it. */
  async function takenOver(runId: string): Promise<RunDelivery> {
    const hasEnded = (await store.readResult(runId)) !== null;
    return hasEnded ? { outcome: 'done' } : { outcome: 'retry', delayMs: shortDelayMs };
  }

  async function fail(runId: string, spec: RunSpec, error: JobError, log: Logger): Promise<RunDelivery> {
    await endRun(store, runId, spec, { status: 'failed', error, now: now() });
    log.error({ code: error.code }, error.message);
    return { outcome: 'done' };
  }

  function giveUp(runId: string, spec: RunSpec, log: Logger): Promise<RunDelivery> {
    const message =
      `The training process died ${maxAttemptsWithoutProgress} times without reaching a checkpoint; the service's ` +
      `log says how. Often it is memory: try a narrower network or a smaller batch.`;
    return fail(runId, spec, { code: 'TRAINING_CRASHED', message }, log);
  }

  function outOfTime(runId: string, spec: RunSpec, log: Logger): Promise<RunDelivery> {
    const message =
      `The job was trained for its time_limit_seconds of ${spec.time_limit_seconds} and did not finish. ` +
      `Its checkpoints are kept. Allow more time, or train fewer epochs.`;
    return fail(runId, spec, { code: 'TIME_LIMIT_EXCEEDED', message }, log);
  }

  return async (runId, letGo) => {
    let log = options.log.child({ job: runId });
    if (letGo.aborted) return { outcome: 'hand_back' };
    try {
      const spec = await store.readSpec(runId);
      if (spec === null) {
        log.warn('the queue delivered a job that the store does not have; dropped');
        return { outcome: 'done' };
      }
      if ((await store.readResult(runId)) !== null) return { outcome: 'done' };
      const traceId = traceIdOf(spec.trace_context);
      if (traceId !== null) log = log.child({ trace_id: traceId });
      return await process(runId, spec, log, letGo);
    } catch (err) {
      const code = err instanceof TrainyardError ? err.code : null;
      if (code === 'RUN_TAKEN_OVER') return takenOver(runId);
      log.error({ err }, 'the job could not be started');
      return code === 'RUN_CORRUPT' ? { outcome: 'done' } : { outcome: 'retry', delayMs: shortDelayMs };
    }
  };
}

function attemptsIn(events: readonly RunEvent[]): number {
  return events.filter((event) => event.type === 'status' && event.status === 'running').length;
}

function msLeft(spec: RunSpec, events: readonly RunEvent[]): number {
  return spec.time_limit_seconds === null ? Infinity : spec.time_limit_seconds * 1_000 - trainedMs(events);
}

/** One second after the first crash, then twice as long each time. */
function backOff(attempt: number): number {
  return Math.min(1_000 * 2 ** (attempt - 1), 60_000);
}
