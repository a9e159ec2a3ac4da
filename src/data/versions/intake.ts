/**
 * What a worker does with an upload that the queue delivers: has it read in a thread, so that the event loop stays free, and
 * tells the queue whether that is over or is to be tried again. The thread may be ended at any moment: what it writes can be
 * written again, and the result comes last.
 */
import { Worker, type ResourceLimits } from 'node:worker_threads';
import type { Logger } from '../../lib/log.js';
import type { StoreTarget } from '../../storage/open-storage.js';
import { isStorageFailure, type Storage } from '../../storage/storage.js';
import { createDatasetVersions, type DatasetVersions } from './dataset-versions.js';
import { encodeDocument, uploadKey, type ProgressDocument, type UploadDocument } from './documents.js';
import {
  recordResult,
  refused,
  type Progress,
  type TakeInMessage,
  type TakeInOutcome,
  type TakeInTask,
} from './take-in.js';

/** What the queue does with the entry. */
export type IntakeDelivery =
  { outcome: 'done' } | { outcome: 'hand_back' } | { outcome: 'retry'; delayMs: number };

export interface IntakeOptions {
  storage: Storage;
  /** The thread opens the storage itself. */
  store: StoreTarget;
  dataDir: string;
  mostIdxBytes: number;
  log: Logger;
  /** An upload was read, in so many seconds; `rows` is 0 when it failed. */
  onEnd?: (end: { status: 'ready' | 'failed'; seconds: number; rows: number }) => void;
  progressEveryMs?: number;
  /** A thread of which nothing is heard for so long is ended. */
  mostSilentMs?: number;
}

/** Attempts that were cut short, after which an upload is given up: reading it seems to kill the process. */
const mostAttempts = 5;
const retryAfterMs = 5_000;

/** Rows are read in batches and columns stored in chunks; this is for what is known of every column. */
const resourceLimits: ResourceLimits = { maxOldGenerationSizeMb: 1_024, maxYoungGenerationSizeMb: 64 };

// Tests run from src/ and the service from dist/. Both are at the same depth below the root.
const entry = new URL('../../../dist/data/versions/intake-thread.js', import.meta.url);

/** `release` asks to give the upload back to the queue. */
export function createIntake(
  options: IntakeOptions,
): (id: string, release: AbortSignal) => Promise<IntakeDelivery> {
  const versions = createDatasetVersions(options.storage);
  return async (id, release) => {
    if (release.aborted) return { outcome: 'hand_back' };
    try {
      const sent = await versions.readUpload(id);
      if (sent === null) {
        options.log.warn(
          { upload: id },
          'the queue delivered an upload that the storage does not have; dropped',
        );
        return { outcome: 'done' };
      }
      if ((await versions.readResult(id)) !== null) return { outcome: 'done' };
      return await new Attempt(options, versions, id, sent).run(release);
    } catch (err) {
      options.log.warn({ err, upload: id }, 'the upload could not be read; trying again later');
      return { outcome: 'retry', delayMs: retryAfterMs };
    }
  };
}

class Attempt {
  readonly #options: IntakeOptions;
  readonly #versions: DatasetVersions;
  readonly #id: string;
  readonly #log: Logger;
  #progress: Promise<void> | undefined;
  #progressAtMs = -Infinity;

  constructor(options: IntakeOptions, versions: DatasetVersions, id: string, sent: UploadDocument) {
    this.#options = options;
    this.#versions = versions;
    this.#id = id;
    this.#log = options.log.child({ dataset: sent.name, upload: id });
  }

  async run(release: AbortSignal): Promise<IntakeDelivery> {
    const { storage, log } = this.#options;
    const attempts = (await storage.list(uploadKey(this.#id, 'attempts'))).length;
    if (attempts >= mostAttempts) return this.#giveUp();
    const marker = uploadKey(this.#id, `attempts/${attempts + 1}`);
    await storage.create(marker, Buffer.from(''));
    const sinceMs = performance.now();
    const outcome = await this.#readInThread(release);
    await this.#progress;
    if (outcome === 'released' || outcome.kind === 'storage_failed') {
      // Neither is the upload's fault, so that it does not count.
      await ignoringStorageFailure(storage.remove(marker));
      if (outcome === 'released') return { outcome: 'hand_back' };
      log.warn(outcome, 'the storage failed while a dataset was read; trying again later');
      return { outcome: 'retry', delayMs: retryAfterMs };
    }
    if (outcome.kind === 'crashed') {
      this.#log.error({ reason: outcome.reason, attempt: attempts + 1 }, 'reading a dataset failed');
      return { outcome: 'retry', delayMs: retryAfterMs };
    }
    await ignoringStorageFailure(storage.remove(uploadKey(this.#id, 'progress.json')));
    await this.#report((performance.now() - sinceMs) / 1_000);
    return { outcome: 'done' };
  }

  #readInThread(release: AbortSignal): Promise<TakeInOutcome | 'released'> {
    const { store, dataDir, mostIdxBytes, mostSilentMs = 300_000 } = this.#options;
    const workerData: TakeInTask = { id: this.#id, store, dataDir, mostIdxBytes };
    const thread = new Worker(entry, { workerData, execArgv: [], resourceLimits });
    return new Promise((resolve, reject) => {
      let failure: NodeJS.ErrnoException | undefined;
      const stop = (): void => void thread.terminate();
      // A damaged file that some reader reads for ever would keep the thread, and other uploads waiting.
      const silence = setTimeout(() => {
        failure = new Error(`the thread was silent for ${mostSilentMs / 1_000} s`);
        stop();
      }, mostSilentMs);
      const end = (outcome: TakeInOutcome | 'released'): void => {
        release.removeEventListener('abort', stop);
        resolve(outcome);
      };
      release.addEventListener('abort', stop);
      thread.on('message', (message: TakeInMessage) => {
        silence.refresh();
        if ('progress' in message) this.#noteProgress(message.progress);
        else if (!('alive' in message)) end(message);
      });
      thread.on('error', (error) => (failure = error));
      // It comes last. After an outcome it changes nothing.
      thread.on('exit', (code) => {
        clearTimeout(silence);
        if (failure?.code === 'ERR_WORKER_OUT_OF_MEMORY') this.#refuseAsTooLarge().then(end, reject);
        else if (release.aborted) end('released');
        else end({ kind: 'crashed', reason: failure?.stack ?? `the thread ended with ${code}` });
      });
    });
  }

  /** Written from time to time, one after the other, and not at all if the storage fails. */
  #noteProgress(progress: Progress): void {
    const { storage, progressEveryMs = 1_000 } = this.#options;
    const nowMs = performance.now();
    if (this.#progress !== undefined || nowMs - this.#progressAtMs < progressEveryMs) return;
    this.#progressAtMs = nowMs;
    const document: ProgressDocument = { format_version: 1, ...progress };
    this.#progress = ignoringStorageFailure(
      storage.put(uploadKey(this.#id, 'progress.json'), encodeDocument(document)),
    ).finally(() => (this.#progress = undefined));
  }

  async #refuseAsTooLarge(): Promise<TakeInOutcome> {
    const message =
      'Reading the file takes more memory than this service allows. Leave out columns, above all columns of long ' +
      'texts that differ in every row.';
    const problem = { code: 'TOO_LARGE' as const, message, line: null, column: null, value: null };
    const result = await recordResult(this.#options.storage, this.#id, refused([problem]), new Date());
    return { kind: 'ended', result };
  }

  async #giveUp(): Promise<IntakeDelivery> {
    const message =
      `The service tried ${mostAttempts} times to read the file and was stopped or failed each time; its log says ` +
      'how. Remove this version and upload the file again to have it tried once more.';
    const error = { code: 'INTERNAL' as const, message, problems: [] };
    await recordResult(
      this.#options.storage,
      this.#id,
      { format_version: 1, kind: 'failed', error },
      new Date(),
    );
    await this.#report(0);
    return { outcome: 'done' };
  }

  async #report(seconds: number): Promise<void> {
    const result = await this.#versions.readResult(this.#id);
    if (result === null) return;
    if (result.kind === 'failed') {
      const { code, message, problems } = result.error;
      this.#log.info({ code, problems: problems.length }, `the dataset cannot be used: ${message}`);
      this.#options.onEnd?.({ status: 'failed', seconds, rows: 0 });
      return;
    }
    const rows = result.kind === 'arrays' ? result.train_count + result.test_count : result.rows;
    this.#log.info({ rows, seconds: Math.round(seconds * 10) / 10 }, 'dataset ready');
    this.#options.onEnd?.({ status: 'ready', seconds, rows });
  }
}

async function ignoringStorageFailure(change: Promise<void>): Promise<void> {
  try {
    await change;
  } catch (error) {
    if (!isStorageFailure(error)) throw error;
  }
}
