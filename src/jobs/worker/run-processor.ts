/**
 * What a worker does with a run that the queue delivers: claims it, has it trained in a process of its own, records how that
 * went, and tells the queue whether the run is over, goes to another worker or is to be tried again.
 */
import type { Logger } from 'pino';
import { TrainyardError } from '../../errors.js';
import { isStorageFailure } from '../../storage/storage.js';
import { traceIdOf } from '../../telemetry/trace-context.js';
import type { RunDelivery, RunProcessor } from '../queue/training-queue.js';
import type { JobError, RunEvent, StatusChange } from '../runs/run-events.js';
import type { RunSpec } from '../runs/run-spec.js';
import { cancelRun, endRun } from '../runs/end-run.js';
import { logStart } from '../runs/run-log.js';
import type { RunStore } from '../runs/run-store.js';
import {
  attemptsWithoutProgress,
  engineAfter,
  engineOf,
  statusAfter,
  trainedMs,
} from '../runs/summarize-events.js';
import type { Webhooks } from '../webhooks/webhooks.js';
import { watchRun, type RunWatch } from './run-watch.js';
import type { TrainingOutcome } from './training-processes.js';

/** Attempts without a checkpoint between them, after which a run is given up. */
const maxAttemptsWithoutProgress = 5;
/** After what is not the run's fault: the storage was full, or another process owned the run. */
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

/** Trains the run elsewhere: `stop` asks to checkpoint and release it, `kill` ends it at once. */
export type Train = (
  run: Attempt,
  signals: { stop: AbortSignal; kill: AbortSignal },
) => Promise<TrainingOutcome>;

interface RunProcessorOptions {
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
}

export function createRunProcessor(options: RunProcessorOptions): RunProcessor {
  const { store } = options;
  return async (runId, release) => {
    let log = options.log.child({ job: runId });
    if (release.aborted) return { outcome: 'hand_back' };
    try {
      const spec = await store.readSpec(runId);
      if (spec === null) {
        log.warn('the queue delivered a job that the store does not have; dropped');
        return { outcome: 'done' };
      }
      if ((await store.readResult(runId)) !== null) return { outcome: 'done' };
      const traceId = traceIdOf(spec.trace_context);
      if (traceId !== null) log = log.child({ trace_id: traceId });
      const term = await store.claim(runId);
      return await new ClaimedRun(options, { runId, spec, term, log }).process(release);
    } catch (err) {
      const code = err instanceof TrainyardError ? err.code : null;
      if (code === 'RUN_TAKEN_OVER') return afterTakeover(store, runId);
      log.error({ err }, 'the job could not be started');
      return code === 'RUN_CORRUPT' ? { outcome: 'done' } : { outcome: 'retry', delayMs: shortDelayMs };
    }
  };
}

/** A run as long as this worker owns it. */
class ClaimedRun {
  readonly #options: RunProcessorOptions;
  readonly #runId: string;
  readonly #spec: RunSpec;
  readonly #term: number;
  readonly #log: Logger;

  constructor(
    options: RunProcessorOptions,
    { runId, spec, term, log }: { runId: string; spec: RunSpec; term: number; log: Logger },
  ) {
    this.#options = options;
    this.#runId = runId;
    this.#spec = spec;
    this.#term = term;
    this.#log = log;
  }

  /** `release` asks to checkpoint the run and to give it back to the queue. */
  async process(release: AbortSignal): Promise<RunDelivery> {
    const runId = this.#runId;
    const spec = this.#spec;
    const { store, webhooks } = this.#options;
    const { events, next } = await store.readEvents(runId, logStart);
    const delivery = (await this.#deliverUntrained(events)) ?? (await this.#moveToItsEngine(events));
    if (delivery !== null) return delivery;
    const stopFollowing = spec.webhook && (await webhooks.follow(runId, spec.webhook, next.seq));
    try {
      return await this.#train(events, release);
    } finally {
      stopFollowing?.();
      // Events that came after that.
      if (spec.webhook !== null) await webhooks.enqueueOutstanding(runId);
    }
  }

  /** Where the run is not to be trained: why not, carried out. The store is read now that nobody else can change the run. */
  async #deliverUntrained(events: readonly RunEvent[]): Promise<RunDelivery | null> {
    const runId = this.#runId;
    const spec = this.#spec;
    const term = this.#term;
    const { store } = this.#options;
    if ((await store.readResult(runId)) !== null) return { outcome: 'done' };
    if ((await store.readEnding(runId)) === 'cancelled') {
      await cancelRun(store, runId, spec, this.#now());
      return { outcome: 'done' };
    }
    const status = statusAfter(events);
    if (status === 'paused') return { outcome: 'done' };
    if (status === 'running' && (await store.wasAskedToPause(runId, term - 1))) {
      await this.#append({ type: 'status', status: 'paused' });
      return { outcome: 'done' };
    }
    if (attemptsWithoutProgress(events) >= maxAttemptsWithoutProgress) return this.#giveUp();
    return msLeft(spec, events) <= 0 ? this.#failOutOfTime() : null;
  }

  /** Where only other workers have the engine that trains the run. */
  async #moveToItsEngine(events: readonly RunEvent[]): Promise<RunDelivery | null> {
    const engine = engineOf(this.#spec, { engine: engineAfter(events) });
    if (this.#options.otherEngines?.includes(engine) !== true) return null;
    if (statusAfter(events) === 'running') {
      await this.#append({ type: 'status', status: 'queued', error: workerLost });
    }
    this.#log.info({ engine }, 'the job continues on a worker with the engine that started it');
    return { outcome: 'move', engine };
  }

  async #train(events: readonly RunEvent[], release: AbortSignal): Promise<RunDelivery> {
    const runId = this.#runId;
    const spec = this.#spec;
    const term = this.#term;
    const log = this.#log;
    const { store, train, lookEveryMs } = this.#options;
    const attempt = attemptsIn(events) + 1;
    await this.#append({ type: 'status', status: 'running', attempt });
    log.info({ attempt, engine: engineOf(spec, { engine: engineAfter(events) }) }, 'job taken up');
    const watch = watchRun(store, { runId, term, leftMs: msLeft(spec, events) }, log, lookEveryMs);
    let outcome: TrainingOutcome;
    try {
      const stop = AbortSignal.any([release, watch.stop]);
      outcome = await train({ runId, spec, term, attempt }, { stop, kill: watch.kill });
    } finally {
      watch.end();
    }
    return this.#conclude(outcome, watch, attempt);
  }

  async #conclude(outcome: TrainingOutcome, watch: RunWatch, attempt: number): Promise<RunDelivery> {
    const runId = this.#runId;
    const term = this.#term;
    const log = this.#log;
    switch (outcome.kind) {
      case 'finished':
        log.info('job ended');
        return { outcome: 'done' };

      case 'handed_back':
        return this.#concludeStop(watch.reason());

      case 'taken_over':
        log.warn({ term }, 'another worker has taken the job over; this attempt is over');
        return afterTakeover(this.#options.store, runId);

      case 'storage_failed':
        log.warn(outcome.error, 'the storage failed while the job was training; trying again later');
        await this.#appendIgnoringStorageFailure({ type: 'status', status: 'queued', error: outcome.error });
        return { outcome: 'retry', delayMs: shortDelayMs };

      case 'crashed':
        log.warn({ attempt, reason: outcome.reason }, 'the training process died');
        return this.#concludeCrash(outcome.reason);
    }
  }

  async #concludeStop(reason: ReturnType<RunWatch['reason']>): Promise<RunDelivery> {
    if (reason === 'out_of_time') return this.#failOutOfTime();
    if (reason === 'pause') {
      await this.#append({ type: 'status', status: 'paused' });
      this.#log.info('job paused');
      return { outcome: 'done' };
    }
    await this.#append({ type: 'status', status: 'queued', error: null });
    this.#log.info('job handed back to the queue; it continues from its checkpoint');
    return { outcome: 'hand_back' };
  }

  async #concludeCrash(reason: string): Promise<RunDelivery> {
    const { store, retryDelayMs = backOff } = this.#options;
    const message = `The training process died: ${reason}.`;
    const error = { code: 'TRAINING_CRASHED', message } as const;
    await this.#append({ type: 'status', status: 'queued', error });
    const { events } = await store.readEvents(this.#runId, logStart);
    const failures = attemptsWithoutProgress(events);
    if (failures >= maxAttemptsWithoutProgress) return this.#giveUp();
    return { outcome: 'retry', delayMs: retryDelayMs(failures) };
  }

  #giveUp(): Promise<RunDelivery> {
    const message =
      `The training process died ${maxAttemptsWithoutProgress} times without reaching a checkpoint; the service's ` +
      `log says how. Often the cause is memory: try a narrower network or a smaller batch.`;
    return this.#fail({ code: 'TRAINING_CRASHED', message });
  }

  #failOutOfTime(): Promise<RunDelivery> {
    const message =
      `The job was trained for its time_limit_seconds of ${this.#spec.time_limit_seconds} and did not finish. ` +
      `Its checkpoints are kept. Allow more time, or train fewer epochs.`;
    return this.#fail({ code: 'TIME_LIMIT_EXCEEDED', message });
  }

  async #fail(error: JobError): Promise<RunDelivery> {
    await endRun(this.#options.store, this.#runId, this.#spec, { status: 'failed', error, now: this.#now() });
    this.#log.error({ code: error.code }, error.message);
    return { outcome: 'done' };
  }

  async #append(change: StatusChange): Promise<void> {
    const log = await this.#options.store.writeEvents(this.#runId, this.#term);
    await (change.status === 'running' ? log.append(change) : log.appendLast(change));
  }

  async #appendIgnoringStorageFailure(change: StatusChange): Promise<void> {
    try {
      await this.#append(change);
    } catch (error) {
      if (!isStorageFailure(error)) throw error;
    }
  }

  #now(): Date {
    return this.#options.now?.() ?? new Date();
  }
}

/** A cancellation has ended the run. Another process may die before it does, so that the run is to be tried again. */
async function afterTakeover(store: RunStore, runId: string): Promise<RunDelivery> {
  const hasEnded = (await store.readResult(runId)) !== null;
  return hasEnded ? { outcome: 'done' } : { outcome: 'retry', delayMs: shortDelayMs };
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
