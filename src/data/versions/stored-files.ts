/**
 * Files of any size in the storage, as numbered parts: a stream is stored as it arrives, on a folder and in a bucket alike,
 * with one part in memory at a time.
 */
import { createHash } from 'node:crypto';
import { TrainyardError } from '../../errors.js';
import { numberedName } from '../../storage/numbered-blobs.js';
import type { Storage } from '../../storage/storage.js';
import type { ByteSource } from '../formats/rows.js';

/** A file that is stored under a prefix. A document. */
export interface StoredFile {
  size_bytes: number;
  /** Lower-case hexadecimal. */
  sha256: string;
  /** Of every part but the last. */
  part_bytes: number;
}

/** What one upload holds in memory. */
export const partBytes = 8 * 2 ** 20;

/** Stores what arrives. `onBytes` is told of each piece before it is stored, and may throw to refuse it. */
export async function storeFile(
  storage: Storage,
  prefix: string,
  content: AsyncIterable<Uint8Array>,
  onBytes: (count: number) => void = () => undefined,
): Promise<StoredFile> {
  const hash = createHash('sha256');
  // Pages of it that are never written take no memory.
  const part = Buffer.allocUnsafeSlow(partBytes);
  let filled = 0;
  let parts = 0;
  const storePart = async (): Promise<void> => {
    await storage.put(partKey(prefix, parts++), part.subarray(0, filled));
    filled = 0;
  };
  for await (const chunk of content) {
    onBytes(chunk.length);
    hash.update(chunk);
    for (let taken = 0; taken < chunk.length;) {
      const piece = chunk.subarray(taken, taken + partBytes - filled);
      part.set(piece, filled);
      filled += piece.length;
      taken += piece.length;
      if (filled === partBytes) await storePart();
    }
  }
  const size = parts * partBytes + filled;
  if (filled > 0) await storePart();
  return { size_bytes: size, sha256: hash.digest('hex'), part_bytes: partBytes };
}

/** Reading the whole stream checks its digest. */
export function openStoredFile(storage: Storage, prefix: string, file: StoredFile): ByteSource {
  const { size_bytes: sizeBytes, part_bytes: bytesInPart } = file;
  const parts = Math.ceil(sizeBytes / bytesInPart);

  /** The bytes of one part from `start` up to `end`, counted in the part. */
  async function readPart(number: number, start = 0, end = bytesInPart): Promise<Uint8Array> {
    const key = partKey(prefix, number);
    const last = Math.min(end, sizeBytes - number * bytesInPart);
    const bytes =
      start === 0 && end === bytesInPart
        ? await storage.read(key)
        : await readRange(storage, key, { start, end: last - 1 });
    if (bytes === null) throw corrupt(`${key} is missing`);
    if (bytes.length !== last - start) {
      throw corrupt(`${key} has ${bytes.length} bytes where ${last - start} were stored`);
    }
    return bytes;
  }

  return {
    sizeBytes,

    async *stream() {
      const hash = createHash('sha256');
      let next = parts > 0 ? readAhead(() => readPart(0)) : null;
      for (let number = 0; next !== null; number++) {
        const bytes: Uint8Array = await next;
        next = number + 1 < parts ? readAhead(() => readPart(number + 1)) : null;
        hash.update(bytes);
        yield bytes;
      }
      if (hash.digest('hex') !== file.sha256) throw corrupt(`${prefix} is not what was uploaded`);
    },

    async slice(start, end) {
      const pieces: Uint8Array[] = [];
      const last = Math.min(end, sizeBytes);
      for (let at = start; at < last;) {
        const number = Math.floor(at / bytesInPart);
        const first = number * bytesInPart;
        const until = Math.min(last, first + bytesInPart);
        pieces.push(await readPart(number, at - first, until - first));
        at = until;
      }
      return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
    },
  };
}

/** The whole file in memory, checked. */
export async function readStoredFile(source: ByteSource): Promise<Buffer> {
  const whole = Buffer.allocUnsafeSlow(source.sizeBytes);
  let filled = 0;
  for await (const bytes of source.stream()) {
    whole.set(bytes, filled);
    filled += bytes.length;
  }
  return whole;
}

function partKey(prefix: string, index: number): string {
  return `${prefix}/${numberedName(index + 1)}`;
}

async function readRange(
  storage: Storage,
  key: string,
  range: { start: number; end: number },
): Promise<Buffer | null> {
  const stream = await storage.open(key, range);
  if (stream === null) return null;
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The failure of a read whose result nobody waits for any more is not an unhandled one. */
function readAhead<T>(read: () => Promise<T>): Promise<T> {
  const reading = read();
  reading.catch(() => undefined);
  return reading;
}

function corrupt(problem: string): TrainyardError {
  return new TrainyardError('DATASET_CORRUPT', `${problem}. Upload the file again.`);
}
