/**
 * The storage in a bucket of an object store that speaks S3's protocol: a blob is an object. Nothing is ever locked: who
 * comes first is decided by conditional writes, `If-None-Match: *` for what is created and `If-Match` for what is
 * appended to. docs/storage.md says what a store must offer.
 */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  type GetObjectCommandOutput,
  type HeadObjectCommandOutput,
} from '@aws-sdk/client-s3';
import { TrainyardError } from '../errors.js';
import { isSegment, segmentsOf } from './key.js';
import { attemptsOf, explain, isMissing, statusOf } from './s3-errors.js';
import { uploadInParts } from './s3-multipart.js';
import type { Storage } from './storage.js';

export interface S3Target {
  bucket: string;
  /** Of every key; '' or ending with '/'. */
  prefix: string;
  endpoint?: string;
  region?: string;
  pathStyle: boolean;
}

/** A request that failed for a reason that may pass is sent so often in all. */
const attempts = 3;
const timeouts = { connectionTimeout: 3_000, requestTimeout: 30_000, socketTimeout: 15_000 };
/** Names in one page of a listing, and keys in one removal: the most that the protocol allows. */
const pageSize = 1_000;
/** A larger blob goes in parts of this size, so that what fails is not all of it. */
const partBytes = 16 * 2 ** 20;
/** A write that met another one under way, or lost to one, is tried again so often. */
const conflictsBorne = 30;
/** Logs that are remembered as they were written last; others are read again first. */
const logsRemembered = 32;

/** What an append goes on from. */
interface Written {
  content: Buffer;
  /** null: there is no object yet. */
  etag: string | null;
}

export interface S3Storage extends Storage {
  /** @throws TrainyardError STORAGE_UNAVAILABLE, saying what is to be put right */
  check(): Promise<void>;
}

/** `limits` are for tests. */
export function createS3Storage(
  { bucket, prefix, endpoint, region, pathStyle }: S3Target,
  limits: { pageSize?: number; partBytes?: number } = {},
): S3Storage {
  const most = { pageSize, partBytes, ...limits };
  const client = new S3Client({
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    forcePathStyle: pathStyle,
    maxAttempts: attempts,
    retryMode: 'standard',
    requestHandler: { ...timeouts, throwOnRequestTimeout: true },
    // Stores that are older than these checksums refuse them. What must not be damaged has a SHA-256 of its own.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const remembered = new Map<string, Written>();
  const objectOf = (key: string): { Bucket: string; Key: string } => ({
    Bucket: bucket,
    Key: prefix + segmentsOf(key).join('/'),
  });

  async function asking<Found>(ask: () => Promise<Found>): Promise<Found> {
    try {
      return await ask();
    } catch (error) {
      throw explain(error, bucket);
    }
  }

  /** null: there is none. */
  async function get(key: string, range?: string): Promise<GetObjectCommandOutput | null> {
    try {
      return await client.send(new GetObjectCommand({ ...objectOf(key), Range: range }));
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  /** The SDK does not retry what breaks off while the body is read. */
  async function readWhole(key: string, range?: string): Promise<Written | null> {
    for (let attempt = 1; ; attempt++) {
      const found = await get(key, range);
      if (found === null) return null;
      try {
        const content = Buffer.from((await found.Body?.transformToByteArray()) ?? []);
        return { content, etag: found.ETag ?? null };
      } catch (error) {
        if (attempt >= attempts) throw error;
      }
    }
  }

  /** `token` says afterwards whose object it is. */
  async function createOnce(key: string, content: Uint8Array, token: string): Promise<boolean | 'conflict'> {
    const command = { ...objectOf(key), Body: content, IfNoneMatch: '*', Metadata: { token } };
    try {
      await client.send(new PutObjectCommand(command));
      return true;
    } catch (error) {
      if (statusOf(error) === 409) return 'conflict';
      if (statusOf(error) !== 412) throw error;
      // The answer to an earlier attempt may have been lost, and that attempt have made the object.
      return attemptsOf(error) > 1 && (await head(key))?.Metadata?.['token'] === token;
    }
  }

  /** null: there is none. */
  async function head(key: string): Promise<HeadObjectCommandOutput | null> {
    try {
      return await client.send(new HeadObjectCommand(objectOf(key)));
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  /** False: another content is there than the one that it goes on from. */
  async function rewrite(key: string, content: Buffer, { etag }: Written): Promise<boolean> {
    // Without its quotes: Amazon takes both, and Ceph up to 16 compares what lies between them.
    const condition = etag === null ? { IfNoneMatch: '*' } : { IfMatch: etag.replaceAll('"', '') };
    try {
      const answer = await client.send(
        new PutObjectCommand({ ...objectOf(key), Body: content, ...condition }),
      );
      remember(key, { content, etag: answer.ETag ?? null });
      return true;
    } catch (error) {
      remembered.delete(key);
      // 404: it was removed meanwhile.
      if ([404, 409, 412].includes(statusOf(error) ?? 0) && !isBucketMissing(error)) return false;
      throw error;
    }
  }

  function forgetUnder(prefix: string): void {
    for (const key of remembered.keys()) {
      if (key === prefix || key.startsWith(`${prefix}/`)) remembered.delete(key);
    }
  }

  function remember(key: string, written: Written): void {
    remembered.delete(key);
    remembered.set(key, written);
    for (const oldest of [...remembered.keys()].slice(0, -logsRemembered)) remembered.delete(oldest);
  }

  async function moveObject(from: string, to: string): Promise<void> {
    const source = `${bucket}/${from}`.split('/').map(encodeURIComponent).join('/');
    await client.send(new CopyObjectCommand({ Bucket: bucket, Key: to, CopySource: source }));
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: from }));
  }

  async function removeUnder(folder: string): Promise<void> {
    const pages = paginateListObjectsV2(
      { client, pageSize: most.pageSize },
      { Bucket: bucket, Prefix: folder },
    );
    for await (const { Contents = [] } of pages) {
      const objects = Contents.map(({ Key }) => ({ Key }));
      if (objects.length === 0) continue;
      const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: objects, Quiet: true } });
      const { Errors = [] } = await client.send(command);
      const failed = Errors.at(0);
      if (failed !== undefined) {
        const said = `${failed.Code ?? ''} ${failed.Message ?? ''}`.trim();
        throw new TrainyardError(
          'STORAGE_UNAVAILABLE',
          `${failed.Key ?? folder} cannot be removed. (${said})`,
        );
      }
    }
  }

  return {
    description: `s3://${bucket}/${prefix}${endpoint === undefined ? '' : ` at ${endpoint}`}`,

    async read(key, { from = 0 } = {}) {
      objectOf(key);
      return asking(async () => {
        try {
          return (await readWhole(key, from === 0 ? undefined : `bytes=${from}-`))?.content ?? null;
        } catch (error) {
          // Nothing lies past that place.
          if (statusOf(error) === 416) return Buffer.alloc(0);
          throw error;
        }
      });
    },

    async open(key, range) {
      objectOf(key);
      return asking(async () => {
        try {
          const found = await get(key, range && `bytes=${range.start}-${range.end}`);
          return found && (found.Body as Readable);
        } catch (error) {
          if (statusOf(error) === 416) return Readable.from([]);
          throw error;
        }
      });
    },

    async put(key, content) {
      const object = objectOf(key);
      await asking(async () => {
        if (content.length > most.partBytes) await uploadInParts(client, object, content, most.partBytes);
        else await client.send(new PutObjectCommand({ ...object, Body: content }));
      });
    },

    async create(key, content) {
      objectOf(key);
      const token = randomUUID();
      return asking(async () => {
        for (let conflict = 0; conflict < conflictsBorne; conflict++) {
          const outcome = await createOnce(key, content, token);
          if (outcome !== 'conflict') return outcome;
          await pauseAfter(conflict);
        }
        throw tooManyConflicts(key);
      });
    },

    async append(key, more) {
      objectOf(key);
      await asking(async () => {
        let tried: { from: number } | null = null;
        for (let conflict = 0; conflict < conflictsBorne; conflict++) {
          const before = remembered.get(key) ??
            (await readWhole(key)) ?? { content: Buffer.alloc(0), etag: null };
          // An attempt whose answer was lost, found again where it went.
          if (tried !== null && before.content.subarray(tried.from, tried.from + more.length).equals(more))
            return;
          tried = { from: before.content.length };
          if (await rewrite(key, Buffer.concat([before.content, more]), before)) return;
          await pauseAfter(conflict);
        }
        throw tooManyConflicts(key);
      });
    },

    async list(folder) {
      const under = `${objectOf(folder).Key}/`;
      return asking(async () => {
        const names: string[] = [];
        const query = { Bucket: bucket, Prefix: under, Delimiter: '/' };
        for await (const page of paginateListObjectsV2({ client, pageSize: most.pageSize }, query)) {
          for (const { Key = '' } of page.Contents ?? []) names.push(Key.slice(under.length));
          for (const { Prefix = '' } of page.CommonPrefixes ?? []) names.push(Prefix.slice(under.length, -1));
        }
        return [...new Set(names)].filter(isSegment).sort();
      });
    },

    async move(from, to) {
      const [before, after] = [objectOf(from).Key, objectOf(to).Key];
      forgetUnder(from);
      await asking(async () => {
        const keys = (await head(from)) === null ? [] : [before];
        const query = { Bucket: bucket, Prefix: `${before}/` };
        for await (const page of paginateListObjectsV2({ client, pageSize: most.pageSize }, query)) {
          for (const { Key = '' } of page.Contents ?? []) keys.push(Key);
        }
        for (const key of keys) await moveObject(key, after + key.slice(before.length));
      });
    },

    async remove(key) {
      const object = objectOf(key);
      forgetUnder(key);
      await asking(async () => {
        await client.send(new DeleteObjectCommand(object));
        await removeUnder(`${object.Key}/`);
      });
    },

    async check() {
      const query = { Bucket: bucket, Prefix: prefix, MaxKeys: 1 };
      await asking(() => client.send(new ListObjectsV2Command(query)));
    },
  };
}

function isBucketMissing(error: unknown): boolean {
  return statusOf(error) === 404 && !isMissing(error);
}

/** Longer each time and never the same, so that two who met do not meet again. */
async function pauseAfter(conflict: number): Promise<void> {
  await sleep(Math.random() * Math.min(1_000, 10 * 2 ** conflict));
}

function tooManyConflicts(key: string): TrainyardError {
  return new TrainyardError('STORAGE_UNAVAILABLE', `Others write ${key} all the time; trying again later.`);
}
