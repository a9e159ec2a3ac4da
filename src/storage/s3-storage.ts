/**
 * The storage in a bucket of an object store that speaks S3's protocol: a blob is an object. There are no locks. When
 * several processes write, conditional writes decide: `If-None-Match: *` to create, and `If-Match` to append.
 * docs/storage.md lists what a store must support.
 */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { TrainyardError } from '../errors.js';
import { S3Bucket, type ObjectContent, type S3Limits, type S3Target } from './s3-bucket.js';
import { explain, statusOf } from './s3-errors.js';
import { isSegment, segmentsOf, type Storage } from './storage.js';

/** How often a write is tried that conflicts with other writes. */
const attemptsOnConflict = 30;
/** The number of appended blobs whose last content is kept in memory. Others are read again before an append. */
const keptContents = 32;

export interface S3Storage extends Storage {
  /** @throws TrainyardError STORAGE_UNAVAILABLE, with what to correct */
  check(): Promise<void>;
}

export function createS3Storage(target: S3Target, limits?: S3Limits): S3Storage {
  const { prefix, endpoint } = target;
  const bucket = new S3Bucket(target, limits);
  const appender = new Appender(bucket);
  const objectKey = (key: string): string => prefix + segmentsOf(key).join('/');

  async function explained<Done>(request: () => Promise<Done>): Promise<Done> {
    try {
      return await request();
    } catch (error) {
      throw explain(error, bucket.name);
    }
  }

  return {
    description: `s3://${bucket.name}/${prefix}${endpoint === undefined ? '' : ` at ${endpoint}`}`,

    async read(key, { from = 0 } = {}) {
      const object = objectKey(key);
      const range = from === 0 ? undefined : `bytes=${from}-`;
      return explained(() =>
        unlessPastEnd(
          async () => (await bucket.read(object, range))?.content ?? null,
          () => Buffer.alloc(0),
        ),
      );
    },

    async open(key, range) {
      const object = objectKey(key);
      return explained(() =>
        unlessPastEnd(
          async () => {
            const found = await bucket.get(object, range && `bytes=${range.start}-${range.end}`);
            return found && (found.Body as Readable);
          },
          () => Readable.from([]),
        ),
      );
    },

    async put(key, content) {
      const object = objectKey(key);
      await explained(() => bucket.put(object, content));
    },

    async create(key, content) {
      const object = objectKey(key);
      const token = randomUUID();
      return explained(() => retryOnConflict(key, () => bucket.create(object, content, token)));
    },

    async append(key, more) {
      const object = objectKey(key);
      await explained(() => appender.append(key, object, more));
    },

    async list(folder) {
      const under = `${objectKey(folder)}/`;
      const names = await explained(() => bucket.names(under));
      return [...new Set(names)].filter(isSegment).sort();
    },

    async move(from, to) {
      const [before, after] = [objectKey(from), objectKey(to)];
      appender.forgetUnder(before);
      await explained(async () => {
        const keys = (await bucket.head(before)) === null ? [] : [before];
        for await (const page of bucket.keys(`${before}/`)) keys.push(...page);
        for (const key of keys) await bucket.move(key, after + key.slice(before.length));
      });
    },

    async remove(key) {
      const object = objectKey(key);
      appender.forgetUnder(object);
      await explained(async () => {
        await bucket.remove(object);
        for await (const page of bucket.keys(`${object}/`)) await bucket.removeAll(page);
      });
    },

    check: () => explained(() => bucket.check(prefix)),
  };
}

/** Appends to objects, which the protocol can only replace as a whole. */
class Appender {
  readonly #bucket: S3Bucket;
  /** By key of the object, the most recently written last. */
  readonly #contents = new Map<string, ObjectContent>();

  constructor(bucket: S3Bucket) {
    this.#bucket = bucket;
  }

  /** `key` names the blob in errors. */
  async append(key: string, object: string, more: Uint8Array): Promise<void> {
    let triedAt: number | null = null;
    await retryOnConflict(key, async () => {
      const before = await this.#read(object);
      // The answer to an attempt may have been lost although the store wrote the content.
      if (triedAt !== null && before.content.subarray(triedAt, triedAt + more.length).equals(more))
        return true;
      triedAt = before.content.length;
      return this.#replace(object, Buffer.concat([before.content, more]), before.etag);
    });
  }

  forgetUnder(prefix: string): void {
    for (const object of this.#contents.keys()) {
      if (object === prefix || object.startsWith(`${prefix}/`)) this.#contents.delete(object);
    }
  }

  async #read(object: string): Promise<ObjectContent> {
    return (
      this.#contents.get(object) ??
      (await this.#bucket.read(object)) ?? { content: Buffer.alloc(0), etag: null }
    );
  }

  async #replace(object: string, content: Buffer, etag: string | null): Promise<true | 'conflict'> {
    // The content is unknown until the store has answered.
    this.#contents.delete(object);
    const written = await this.#bucket.replace(object, content, etag);
    if (written === 'conflict') return written;
    this.#contents.set(object, written);
    for (const oldest of [...this.#contents.keys()].slice(0, -keptContents)) this.#contents.delete(oldest);
    return true;
  }
}

/** @throws TrainyardError STORAGE_UNAVAILABLE after too many conflicts; `key` names the blob */
async function retryOnConflict<Outcome>(
  key: string,
  write: () => Promise<Outcome | 'conflict'>,
): Promise<Outcome> {
  for (let conflict = 0; conflict < attemptsOnConflict; conflict++) {
    const outcome = await write();
    if (outcome !== 'conflict') return outcome;
    // The pause grows and is random, so that two writers that conflicted do not meet again.
    await sleep(Math.random() * Math.min(1_000, 10 * 2 ** conflict));
  }
  throw new TrainyardError(
    'STORAGE_UNAVAILABLE',
    `Other processes write ${key} all the time; the service will try again later.`,
  );
}

/** Status 416 says that the range begins after the end of the object. */
async function unlessPastEnd<Found, Nothing>(
  read: () => Promise<Found>,
  nothing: () => Nothing,
): Promise<Found | Nothing> {
  try {
    return await read();
  } catch (error) {
    if (statusOf(error) === 416) return nothing();
    throw error;
  }
}
