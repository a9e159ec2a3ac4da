/** Takes uploads in: their files are stored as they arrive, then they become a version and go to the queue. */
import { createHash } from 'node:crypto';
import { decodeTime, ulid } from 'ulid';
import { TrainyardError } from '../../errors.js';
import { cachedFor } from '../../lib/cached-for.js';
import { forEachBounded } from '../../lib/for-each-bounded.js';
import type { Logger } from '../../lib/log.js';
import { PeriodicWork } from '../../lib/periodic-work.js';
import type { Storage } from '../../storage/storage.js';
import type { DatasetVersions } from './dataset-versions.js';
import {
  idPrefix,
  isUploadId,
  uploadKey,
  type FileName,
  type ReadingOptions,
  type UploadDocument,
} from './documents.js';
import { storeFile, type StoredFile } from './stored-files.js';

/** The queue of uploads to be read. */
export interface UploadQueue {
  add(id: string): Promise<void>;
  placeOf(id: string): Promise<string | null>;
}

export interface UploadDescription {
  name: string;
  options: ReadingOptions;
  target: string[];
}

export interface Uploads {
  /** For all files of one upload. */
  readonly maxBytes: number;
  begin(): Upload;
  /** Enqueues what the queue has lost and removes what is left over: once before it resolves, and from time to time. */
  start(): Promise<void>;
  /** Resolves when no search is under way. */
  stop(): Promise<void>;
}

/** Longer than any request may take to arrive. */
const leftoverAfterMs = 2 * 3_600_000;
/** Versions that are done are looked at again, because their removal may have been interrupted. */
const settledForMs = 3_600_000;
const looksAtOnce = 8;

export interface UploadsOptions {
  storage: Storage;
  versions: DatasetVersions;
  queue: UploadQueue;
  maxBytes: number;
  log: Logger;
  onStored?: (sizeBytes: number) => void;
  recoverEveryMs?: number;
  now?: () => Date;
}

export function createUploads(options: UploadsOptions): Uploads {
  const { log, recoverEveryMs = 15_000 } = options;
  const leftovers = new Leftovers(options);
  const searches = new PeriodicWork(async () => {
    try {
      await leftovers.search();
    } catch (err) {
      log.warn({ err }, 'cannot look for datasets that the queue has lost; trying again later');
    }
  }, recoverEveryMs);

  return {
    maxBytes: options.maxBytes,
    begin: () => new Upload(options),
    start: () => searches.start(),
    async stop() {
      leftovers.stop();
      await searches.stop();
    },
  };
}

/** An upload that is arriving. It ends with `finish` or with `discard`. */
export class Upload {
  readonly #options: UploadsOptions;
  readonly #id: string;
  readonly #files: UploadDocument['files'] = {};
  #bytes = 0;

  constructor(options: UploadsOptions) {
    this.#options = options;
    this.#id = `${idPrefix}${ulid(this.#now().getTime())}`;
  }

  /** @throws TrainyardError INVALID_REQUEST, DATASET_TOO_LARGE, STORAGE_FULL, STORAGE_UNAVAILABLE */
  async store(name: FileName, content: AsyncIterable<Uint8Array>): Promise<void> {
    const { storage, maxBytes } = this.#options;
    this.#files[name] = await storeFile(storage, uploadKey(this.#id, name), content, (count) => {
      this.#bytes += count;
      if (this.#bytes > maxBytes) throw datasetTooLarge(maxBytes);
    });
  }

  /** The names of the files that are stored. */
  get files(): FileName[] {
    return Object.keys(this.#files) as FileName[];
  }

  /** Makes it a version. `isNew` is false where the same was uploaded before; nothing is stored twice then. */
  async finish(description: UploadDescription): Promise<{ version: number; isNew: boolean }> {
    const { versions, queue, log, onStored } = this.#options;
    const sent = this.#document(description);
    const claimed = await versions.claim(this.#id, sent);
    if (!claimed.isNew) {
      await this.discard();
      return claimed;
    }
    onStored?.(sent.size_bytes);
    try {
      await queue.add(this.#id);
    } catch (err) {
      // What is stored is accepted: the search for forgotten uploads enqueues it when the queue is back.
      log.warn({ err, dataset: sent.name }, 'the dataset is stored but could not be enqueued yet');
    }
    return claimed;
  }

  /** Removes what has been stored. If that fails, the search for leftovers does it. */
  async discard(): Promise<void> {
    const { storage, log } = this.#options;
    try {
      await storage.remove(`uploads/${this.#id}`);
    } catch (err) {
      log.warn({ err, upload: this.#id }, 'an upload that is not needed could not be removed yet');
    }
  }

  #document({ name, options, target }: UploadDescription): UploadDocument {
    const files = Object.entries(this.#files);
    const sha256 = digestOf(files);
    return {
      format_version: 1,
      name,
      files: this.#files,
      options,
      target,
      sha256,
      size_bytes: this.#bytes,
      identity: identityOf(sha256, options, target),
      created_at: this.#now().toISOString(),
    };
  }

  #now(): Date {
    return this.#options.now?.() ?? new Date();
  }
}

export function datasetTooLarge(maxBytes: number): TrainyardError {
  const megabytes = maxBytes / 2 ** 20;
  const message =
    `The file is larger than ${megabytes.toLocaleString('en')} MB (MAX_DATASET_MB), the most that this service takes. ` +
    'Leave out rows or columns, send it gzipped or as Parquet, or raise MAX_DATASET_MB.';
  return new TrainyardError('DATASET_TOO_LARGE', message);
}

/** Of one file its own; of several that of what `sha256sum` prints for them. */
function digestOf(files: readonly [string, StoredFile][]): string {
  const [first, ...more] = files;
  if (first !== undefined && more.length === 0) return first[1].sha256;
  const lines = files.map(([name, { sha256 }]) => `${sha256}  ${name}\n`);
  return createHash('sha256').update(lines.sort().join('')).digest('hex');
}

/** Does not depend on the order in which options were given. */
function identityOf(sha256: string, options: ReadingOptions, target: readonly string[]): string {
  const { columns = {}, format, delimiter, escape, encoding, header } = options;
  const choices = Object.entries(columns).map(([name, { type, role }]) => [name, type ?? null, role ?? null]);
  const given = [format, delimiter, escape, encoding, header].map((option) => option ?? null);
  const content = [sha256, given, choices.sort(), target];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

/** Looks after the uploads that processes have left unread, unclaimed or half removed. */
class Leftovers {
  readonly #options: UploadsOptions;
  /** Read and claimed: nothing is left to do. */
  #settled = new Set<string>();
  #settledSinceMs = 0;
  #isStopped = false;

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#isStopped = true;
  }

  async search(): Promise<void> {
    const nowMs = this.#nowMs();
    if (nowMs - this.#settledSinceMs > settledForMs) {
      this.#settled = new Set();
      this.#settledSinceMs = nowMs;
    }
    const ids = (await this.#options.storage.list('uploads')).filter(isUploadId);
    const unsettled = ids.filter((id) => !this.#settled.has(id));
    await forEachBounded(unsettled, looksAtOnce, async (id) => {
      if (!this.#isStopped) await this.#alone(id);
    });
  }

  /** A damaged upload does not stop the others. */
  async #alone(id: string): Promise<void> {
    try {
      await this.#lookAt(id);
    } catch (err) {
      if (!(err instanceof TrainyardError && err.code === 'DATASET_CORRUPT')) throw err;
      this.#settled.add(id);
      this.#options.log.error({ err, upload: id }, 'a dataset is damaged; npm run -s check-data says more');
    }
  }

  async #lookAt(id: string): Promise<void> {
    const { versions, queue, log } = this.#options;
    const sent = await versions.readUpload(id);
    const version = sent && (await versions.versionOf(id, sent.name));
    if (version === null) {
      await this.#removeIfLeftOver(id);
      return;
    }
    if ((await versions.readResult(id)) !== null) {
      this.#settled.add(id);
      return;
    }
    if ((await queue.placeOf(id)) !== null) return;
    // It may have ended meanwhile.
    if ((await versions.readResult(id)) !== null) return;
    await queue.add(id);
    const { name: dataset, version: number } = version;
    log.info({ dataset, version: number }, 'the queue did not know the dataset; it is enqueued again');
  }

  async #removeIfLeftOver(id: string): Promise<void> {
    const { storage, log } = this.#options;
    if (
      this.#nowMs() - decodeTime(id.slice(idPrefix.length)) < leftoverAfterMs ||
      (await this.#isReferenced(id))
    )
      return;
    await storage.remove(`uploads/${id}`);
    log.info({ upload: id }, 'removed an upload that was never finished, or whose version was removed');
  }

  /** Also by a version whose upload.json is lost. The versions are listed once for the leftovers of one look. */
  async #isReferenced(id: string): Promise<boolean> {
    const { versions } = this.#options;
    for (const name of await this.#names()) if ((await versions.versionOf(id, name)) !== null) return true;
    return false;
  }

  readonly #names = cachedFor(() => this.#options.versions.names(), 1_000);

  #nowMs(): number {
    return (this.#options.now?.() ?? new Date()).getTime();
  }
}
