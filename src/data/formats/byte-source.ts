/** Bytes to read a table from: in memory, or in a local file. */
import { open, type FileHandle } from 'node:fs/promises';
import type { ByteSource } from './rows.js';

/** Of one read: parsers of text are fastest on pieces that leave the young generation of the heap unscathed. */
export const pieceBytes = 128 * 1024;

export function bytesInMemory(bytes: Uint8Array): ByteSource {
  return {
    sizeBytes: bytes.length,
    stream: () => pieces(bytes),
    slice: (start, end) => Promise.resolve(bytes.subarray(start, end)),
  };
}

/** A file that does not change while it is read. Each reading opens it anew, and closes it at its end. */
export async function bytesOfFile(path: string): Promise<ByteSource> {
  const sizeBytes = await withFile(path, async (file) => (await file.stat()).size);
  return {
    sizeBytes,
    stream: () => fileInPieces(path),
    slice: (start, end) => withFile(path, (file) => readFully(file, start, Math.min(end, sizeBytes))),
  };
}

// eslint-disable-next-line @typescript-eslint/require-await -- Async for the reader's sake: a source in memory never waits.
async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += pieceBytes)
    yield bytes.subarray(start, start + pieceBytes);
}

async function* fileInPieces(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r');
  try {
    for (let position = 0; ;) {
      // A fresh buffer for each piece: the reader may keep the last one.
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, 'r');
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

async function readFully(file: FileHandle, start: number, end: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(Math.max(0, end - start));
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
    if (bytesRead === 0) throw new Error(`The file ended ${bytes.length - filled} bytes early.`);
    filled += bytesRead;
  }
  return bytes;
}
