/**
 * A body of any length in a temporary file. It can be read while it still arrives, from the start as often as is wanted,
 * and in any order. The file takes in all that the client sends, whether it is read or not: a client may send everything
 * before it reads an answer. The file has no name, so that nothing is left of it whatever happens to the process.
 */
import { randomUUID } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { TrainyardError } from '../../errors.js';
import { tooLarge } from '../problems/problem.js';

/** Bytes that a reader gets at a time: less than a millisecond of parsing. */
const chunkBytes = 2 ** 16;

export class SpooledBody {
  readonly #file: FileHandle;
  readonly #limitBytes: number;
  /** Bytes in the file. */
  #size = 0;
  /** All bytes are in the file. */
  #isWhole = false;
  #hasArrived = false;
  #failure: Error | null = null;
  /** Called when more bytes are there, or no more will come. */
  #waiting: (() => void)[] = [];

  /**
   * Begins to take in the pieces. `folder` has the file for the moment in which it has a name.
   * @throws TrainyardError STORAGE_FULL, STORAGE_UNAVAILABLE
   */
  static async of(
    pieces: AsyncIterable<Uint8Array>,
    { folder, limitBytes }: { folder: string; limitBytes: number },
  ): Promise<SpooledBody> {
    const path = join(folder, `.tmp-body-${randomUUID()}`);
    try {
      const file = await open(path, 'wx+', 0o600);
      await unlink(path);
      return new SpooledBody(file, pieces, limitBytes);
    } catch (error) {
      throw notSpooled(error);
    }
  }

  private constructor(file: FileHandle, pieces: AsyncIterable<Uint8Array>, limitBytes: number) {
    this.#file = file;
    this.#limitBytes = limitBytes;
    void this.#takeIn(pieces);
  }

  /** How many bytes there are so far; after `whole`, all. */
  get sizeBytes(): number {
    return this.#size;
  }

  /** Whether the client has sent all that it sends, kept or not. */
  get hasArrived(): boolean {
    return this.#hasArrived;
  }

  /** Resolves once everything has arrived. @throws as `stream` */
  async whole(): Promise<void> {
    while (!this.#isWhole) await this.#more();
  }

  /**
   * All bytes from the start, as they arrive.
   * @throws TrainyardError BODY_TOO_LARGE, STORAGE_FULL, STORAGE_UNAVAILABLE, and whatever the pieces fail with
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

  /** The bytes from `start` up to, not including, `end`, as far as there are any. @throws as `stream` */
  async slice(start: number, end: number): Promise<Uint8Array> {
    while (this.#size < end && !this.#isWhole) await this.#more();
    return this.#read(start, Math.min(end, this.#size));
  }

  /** Frees the file, and takes no more in. Idempotent. */
  async close(): Promise<void> {
    this.#fail(new TrainyardError('CLIENT_GONE', 'The body is no longer needed.'));
    await this.#file.close();
  }

  async #takeIn(pieces: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      // What cannot be kept is dropped, since a client may read nothing before it has sent everything.
      for await (const piece of pieces) if (this.#failure === null) await this.#append(piece);
      this.#isWhole = this.#failure === null;
      this.#wake();
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
    this.#hasArrived = true;
  }

  async #append(piece: Uint8Array): Promise<void> {
    try {
      if (this.#size + piece.length > this.#limitBytes) throw tooLarge(this.#limitBytes);
      for (let written = 0; written < piece.length;) {
        const { bytesWritten } = await this.#file.write(piece, written, undefined, this.#size + written);
        written += bytesWritten;
      }
    } catch (error) {
      this.#fail(error instanceof TrainyardError ? error : notSpooled(error));
      return;
    }
    this.#size += piece.length;
    this.#wake();
  }

  async #read(start: number, end: number): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafe(Math.max(0, end - start));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await this.#file.read(bytes, filled, undefined, start + filled);
      if (bytesRead === 0) throw new Error('The file of a body is shorter than what was written to it');
      filled += bytesRead;
    }
    return bytes;
  }

  /** Resolves when there is news. */
  async #more(): Promise<void> {
    if (this.#failure === null) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    // A failure of the client, of the disk or of the limit, as it was thrown.
    if (this.#failure !== null) throw this.#failure;
  }

  /** The first failure stands. */
  #fail(failure: Error): void {
    if (!this.#isWhole) this.#failure ??= failure;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
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
