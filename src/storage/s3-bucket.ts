/**
 * The requests that the storage makes to a bucket. Keys are the full keys of objects. Errors are those of the SDK;
 * s3-errors.ts explains them.
 */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  type CompletedPart,
  type GetObjectCommandOutput,
  type HeadObjectCommandOutput,
} from '@aws-sdk/client-s3';
import { TrainyardError } from '../errors.js';
import { attemptsOf, isBucketMissing, isObjectMissing, statusOf } from './s3-errors.js';

export interface S3Target {
  bucket: string;
  /** The beginning of every key: '' or a text that ends with '/'. */
  prefix: string;
  endpoint?: string;
  region?: string;
  pathStyle: boolean;
}

/** Smaller limits make tests fast. */
export interface S3Limits {
  /** Names in one page of a listing, and keys in one removal. The default is the most that the protocol allows. */
  pageSize?: number;
  /** A larger blob is sent in parts of this size, so that a failed request repeats only one part. */
  partBytes?: number;
}

/** The content of an object and the ETag that identifies it; null: the object does not exist yet. */
export interface ObjectContent {
  content: Buffer;
  etag: string | null;
}

/** How often a request is sent if it fails for a reason that may pass. */
const attempts = 3;
const timeouts = { connectionTimeout: 3_000, requestTimeout: 30_000, socketTimeout: 15_000 };
const partsAtOnce = 4;

export class S3Bucket {
  readonly name: string;
  readonly #client: S3Client;
  readonly #pageSize: number;
  readonly #partBytes: number;

  constructor(
    { bucket, endpoint, region, pathStyle }: S3Target,
    { pageSize = 1_000, partBytes = 16 * 2 ** 20 }: S3Limits = {},
  ) {
    this.name = bucket;
    this.#pageSize = pageSize;
    this.#partBytes = partBytes;
    this.#client = new S3Client({
      ...(endpoint !== undefined && { endpoint }),
      ...(region !== undefined && { region }),
      forcePathStyle: pathStyle,
      maxAttempts: attempts,
      retryMode: 'standard',
      requestHandler: { ...timeouts, throwOnRequestTimeout: true },
      // Older stores refuse the SDK's checksums. Content that must not be damaged has its own SHA-256.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  /** null: there is no such object. */
  async get(key: string, range?: string): Promise<GetObjectCommandOutput | null> {
    return nullIfMissing(
      this.#client.send(new GetObjectCommand({ Bucket: this.name, Key: key, Range: range })),
    );
  }

  /** null: there is no such object. Retries if the body breaks off, which the SDK does not. */
  async read(key: string, range?: string): Promise<ObjectContent | null> {
    for (let attempt = 1; ; attempt++) {
      const found = await this.get(key, range);
      if (found === null) return null;
      try {
        const content = Buffer.from((await found.Body?.transformToByteArray()) ?? []);
        return { content, etag: found.ETag ?? null };
      } catch (error) {
        if (attempt >= attempts) throw error;
      }
    }
  }

  /** null: there is no such object. */
  async head(key: string): Promise<HeadObjectCommandOutput | null> {
    return nullIfMissing(this.#client.send(new HeadObjectCommand({ Bucket: this.name, Key: key })));
  }

  async put(key: string, content: Uint8Array): Promise<void> {
    if (content.length > this.#partBytes) return this.#putInParts(key, content);
    await this.#client.send(new PutObjectCommand({ Bucket: this.name, Key: key, Body: content }));
  }

  /**
   * Sends a large object in parts, each with its own retries. The object appears when the last part has arrived. After
   * a failure the parts are removed if the store can be reached; docs/storage.md has a rule for the parts that remain.
   */
  async #putInParts(key: string, content: Uint8Array): Promise<void> {
    const object = { Bucket: this.name, Key: key };
    const { UploadId } = await this.#client.send(new CreateMultipartUploadCommand(object));
    const upload = { ...object, UploadId };
    const count = Math.ceil(content.length / this.#partBytes);
    const parts: CompletedPart[] = [];
    let next = 0;

    const sendParts = async (): Promise<void> => {
      while (next < count) {
        const index = next++;
        const Body = content.subarray(index * this.#partBytes, (index + 1) * this.#partBytes);
        const part = { ...upload, PartNumber: index + 1, Body };
        const { ETag } = await this.#client.send(new UploadPartCommand(part));
        parts[index] = { ETag, PartNumber: index + 1 };
      }
    };

    try {
      const sent = await Promise.allSettled(Array.from({ length: partsAtOnce }, sendParts));
      const failed = sent.find((each) => each.status === 'rejected');
      if (failed) throw failed.reason;
      await this.#client.send(
        new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } }),
      );
    } catch (error) {
      await this.#client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Returns true if this call created the object and false if it existed; 'conflict': another write was in progress,
   * try again. `token` must be unique: it is stored with the object and shows which call created it.
   */
  async create(key: string, content: Uint8Array, token: string): Promise<boolean | 'conflict'> {
    const object = { Bucket: this.name, Key: key, Body: content, IfNoneMatch: '*', Metadata: { token } };
    try {
      await this.#client.send(new PutObjectCommand(object));
      return true;
    } catch (error) {
      if (statusOf(error) === 409) return 'conflict';
      if (statusOf(error) !== 412) throw error;
      // An earlier attempt of this request may have created the object, and its answer may have been lost.
      return attemptsOf(error) > 1 && (await this.head(key))?.Metadata?.['token'] === token;
    }
  }

  /** Writes the object if it still has this ETag. Returns its new state, or 'conflict' if it has changed. */
  async replace(key: string, content: Buffer, etag: string | null): Promise<ObjectContent | 'conflict'> {
    // The ETag is sent without its quotes: Amazon accepts both, and Ceph up to version 16 compares it without them.
    const condition = etag === null ? { IfNoneMatch: '*' } : { IfMatch: etag.replaceAll('"', '') };
    const object = { Bucket: this.name, Key: key, Body: content, ...condition };
    try {
      const answer = await this.#client.send(new PutObjectCommand(object));
      return { content, etag: answer.ETag ?? null };
    } catch (error) {
      // 404: the object was removed meanwhile.
      if ([404, 409, 412].includes(statusOf(error) ?? 0) && !isBucketMissing(error)) return 'conflict';
      throw error;
    }
  }

  /** The names directly under the prefix, which ends with '/': objects, and prefixes of objects. */
  async names(prefix: string): Promise<string[]> {
    const names: string[] = [];
    for await (const page of this.#pages(prefix, '/')) {
      for (const { Key = '' } of page.Contents ?? []) names.push(Key.slice(prefix.length));
      for (const { Prefix = '' } of page.CommonPrefixes ?? []) names.push(Prefix.slice(prefix.length, -1));
    }
    return names;
  }

  /** The keys of all objects under the prefix, at any depth, a page at a time. */
  async *keys(prefix: string): AsyncGenerator<string[]> {
    for await (const { Contents = [] } of this.#pages(prefix)) yield Contents.map(({ Key = '' }) => Key);
  }

  #pages(prefix: string, delimiter?: string) {
    return paginateListObjectsV2(
      { client: this.#client, pageSize: this.#pageSize },
      { Bucket: this.name, Prefix: prefix, ...(delimiter !== undefined && { Delimiter: delimiter }) },
    );
  }

  async move(from: string, to: string): Promise<void> {
    const source = `${this.name}/${from}`.split('/').map(encodeURIComponent).join('/');
    await this.#client.send(new CopyObjectCommand({ Bucket: this.name, Key: to, CopySource: source }));
    await this.remove(from);
  }

  async remove(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand({ Bucket: this.name, Key: key }));
  }

  /** At most one page of keys. @throws TrainyardError STORAGE_UNAVAILABLE when the store keeps one of them */
  async removeAll(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const removal = { Objects: keys.map((Key) => ({ Key })), Quiet: true };
    const { Errors = [] } = await this.#client.send(
      new DeleteObjectsCommand({ Bucket: this.name, Delete: removal }),
    );
    const failed = Errors.at(0);
    if (failed === undefined) return;
    const reason = `${failed.Code ?? ''} ${failed.Message ?? ''}`.trim();
    throw new TrainyardError(
      'STORAGE_UNAVAILABLE',
      `${failed.Key ?? 'An object'} cannot be removed. (${reason})`,
    );
  }

  /** Lists one name, which shows whether the bucket exists and the credentials are accepted. */
  async check(prefix: string): Promise<void> {
    await this.#client.send(new ListObjectsV2Command({ Bucket: this.name, Prefix: prefix, MaxKeys: 1 }));
  }
}

async function nullIfMissing<Found>(found: Promise<Found>): Promise<Found | null> {
  try {
    return await found;
  } catch (error) {
    if (isObjectMissing(error)) return null;
    throw error;
  }
}
