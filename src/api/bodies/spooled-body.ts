/**
 * A body of any length in a temporary file. It can be read while it still arrives, from the start as often as is wanted,
 * and in any order. The file takes in all that the client sends, whether it is read or not: a client may send everything
 * before it reads an answer. The file has no name, so that nothing is left of it whatever happens to the process.
 */
import { randomUUID } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Readable, Transform } from 'node:stream';
import { TrainyardError } from '../../errors.js';
import { tooLarge } from '../problems/problem.js';
import { tooSlow, type SlowBodies } from './body-reader.js';

/** Bytes that a reader gets at a time: less than a millisecond of parsing. */
const chunkBytes = 2 ** 16;

const lookEveryMs = 1_000;

export interface SpoolOptions {
  /** Where the file lies, for the moment in which it has a name. */
  folder: string;
  /** Of the body as it is read: inflated, where it is compressed. */
  limitBytes: number;
  slow: SlowBodies;
  /** Undoes the Content-Encoding; null: there is none. */
  inflater: Transform | null;
}

export class SpooledBody {
  readonly #file: FileHandle;
  readonly #payload: IncomingMessage;
  readonly #options: SpoolOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #sinceMs = performance.now();
  /** Bytes in the file. */
  #size = 0;
  /** Bytes from the client, as they were sent. */
  #sent = 0;
  #isWhole = false;
  #failure: TrainyardError | null = null;
  /** Called when more bytes are there, or no more will come. */
  #waiting: (() => void)[] = [];

  /** Begins to take in the body. @throws TrainyardError BODY_TOO_LARGE, STORAGE_FULL, STORAGE_UNAVAILABLE */
  static async of(payload: IncomingMessage, options: SpoolOptions): Promise<SpooledBody> {
    if (Number(payload.headers['content-length']) > options.limitBytes) throw tooLarge(options.limitBytes);
    const path = join(options.folder, `.tmp-body-${randomUUID()}`);
    try {
      const file = await open(path, 'wx+', 0o600);
      await unlink(path);
      return new SpooledBody(file, payload, options);
    } catch (error) {
      throw notSpooled(error);
    }
  }

  private constructor(file: FileHandle, payload: IncomingMessage, options: SpoolOptions) {
    this.#file = file;
    this.#payload = payload;
    this.#options = options;
    this.#timer = setInterval(() => this.#refuseSlow(), lookEveryMs).unref();
    void this.#takeIn();
  }

  /** How many bytes there are so far; once `isWhole`, all. */
  get sizeBytes(): number {
    return this.#size;
  }

  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Resolves once everything has arrived. @throws TrainyardError as `stream` */
  async whole(): Promise<void> {
    while (!this.#isWhole) await this.#more();
  }

  /**
   * All bytes from the start, as they arrive.
   * @throws TrainyardError BODY_TOO_LARGE, BODY_TOO_SLOW, CLIENT_GONE, INVALID_REQUEST, STORAGE_FULL, STORAGE_UNAVAILABLE
   */
  async *stream(): AsyncGenerator<Uint8Array> {
    for (let start = 0; ;) {
      if (start < this.#size) {
        const bytes = await this.#read(start, Math.min(this.#size, start + chunkBytes));
        start += bytes.length;
        yield bytes;
      } else if (this.#isWhole) {
        return;
      } else {
        await this.#more();
      }
    }
  }

  /** The bytes from `start` up to, not including, `end`, as far as there are any. @throws TrainyardError as `stream` */
  async slice(start: number, end: number): Promise<Uint8Array> {
    while (this.#size < end && !this.#isWhole) await this.#more();
    return this.#read(start, Math.min(end, this.#size));
  }

  /** Frees the file. What still arrives is dropped. Idempotent. */
  async close(): Promise<void> {
    this.#stop(new TrainyardError('CLIENT_GONE', 'The body is no longer needed.'));
    await this.#file.close();
  }

  async #takeIn(): Promise<void> {
    const { inflater } = this.#options;
    const payload = this.#payload;
    payload.on('data', (chunk: Buffer) => (this.#sent += chunk.length));
    const source: Readable = inflater === null ? payload : payload.pipe(inflater);
    payload.once('close', () => {
      // Otherwise an inflater would wait for the rest for ever.
      if (!payload.complete) inflater?.destroy(gone());
    });
    try {
      // Destroying the payload would close the connection, on which the answer is still to be sent.
      for await (const chunk of source.iterator({ destroyOnReturn: false })) {
        if (this.#failure !== null) break;
        await this.#append(chunk as Buffer);
      }
      this.#isWhole = this.#failure === null;
      this.#stop(null);
    } catch (error) {
      this.#stop(this.#reasonOf(error));
    }
    if (inflater !== null) payload.unpipe(inflater);
    payload.on('error', () => undefined).resume();
  }

  async #append(chunk: Buffer): Promise<void> {
    const { limitBytes } = this.#options;
    if (this.#size + chunk.length > limitBytes) throw tooLarge(limitBytes);
    try {
      await this.#file.write(chunk, 0, chunk.length, this.#size);
    } catch (error) {
      throw notSpooled(error);
    }
    this.#size += chunk.length;
    this.#wake();
  }

  async #read(start: number, end: number): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafe(Math.max(0, end - start));
    try {
      const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, start);
      return bytes.subarray(0, bytesRead);
    } catch (error) {
      throw this.#failure ?? notSpooled(error);
    }
  }

  /** Resolves when there is news. */
  async #more(): Promise<void> {
    if (this.#failure === null) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#failure !== null) throw this.#failure;
  }

  /** No more bytes are taken in. The first failure stands, and none follows on the end. */
  #stop(failure: TrainyardError | null): void {
    clearInterval(this.#timer);
    if (!this.#isWhole) this.#failure ??= failure;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #reasonOf(error: unknown): TrainyardError {
    if (error instanceof TrainyardError) return error;
    if (this.#payload.destroyed && !this.#payload.complete) return gone();
    const reason = error instanceof Error ? error.message : String(error);
    const encoding = this.#payload.headers['content-encoding'];
    const message = `The body cannot be inflated as ${encoding}: ${reason}.`;
    return new TrainyardError('INVALID_REQUEST', message, { cause: error });
  }

  #refuseSlow(): void {
    const { graceMs, bytesPerSecond } = this.#options.slow;
    const seconds = (performance.now() - this.#sinceMs - graceMs) / 1_000;
    if (this.#sent < seconds * bytesPerSecond) this.#stop(tooSlow(bytesPerSecond));
  }
}

function gone(): TrainyardError {
  return new TrainyardError('CLIENT_GONE', 'The client went away.');
}

function notSpooled(cause: unknown): TrainyardError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return new TrainyardError(
    isFull ? 'STORAGE_FULL' : 'STORAGE_UNAVAILABLE',
    `The body cannot be kept in a temporary file: ${message}`,
    { cause },
  );
}
