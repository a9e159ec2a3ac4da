/**
 * Where the chunks of a table lie: `rows/000000`, `rows/000001` …, and `chunks.json`, which is written last and has the
 * digest of each, so that damage is found and never trained on. The same rows give the same blobs.
 */
import { createHash } from 'node:crypto';
import { TrainyardError } from '../../errors.js';
import { numberedName } from '../../storage/numbered-blobs.js';
import type { Storage } from '../../storage/storage.js';
import { decodeChunk, encodeChunk, type Chunk, type ReadChunk } from './chunk.js';

export interface TablePlace {
  storage: Storage;
  /** The key under which the blobs of the table lie. */
  prefix: string;
}

/** A document. */
interface ChunkIndex {
  format_version: 1;
  chunks: ChunkEntry[];
}

interface ChunkEntry {
  rows: number;
  size_bytes: number;
  sha256: string;
}

/** Writes chunks in order. One is on its way to the storage while the next is made. */
export class ChunkWriter {
  readonly #place: TablePlace;
  readonly #chunks: ChunkEntry[] = [];
  #pending: Promise<void> = Promise.resolve();

  constructor(place: TablePlace) {
    this.#place = place;
  }

  async write(chunk: Chunk): Promise<void> {
    const bytes = encodeChunk(chunk);
    const { storage, prefix } = this.#place;
    const key = chunkKey(prefix, this.#chunks.length);
    this.#chunks.push({ rows: chunk.rows, size_bytes: bytes.length, sha256: sha256(bytes) });
    await this.#pending;
    this.#pending = storage.put(key, bytes);
    // It is awaited with the next chunk; until then a failure is not unhandled.
    this.#pending.catch(() => undefined);
  }

  /** Writes the index, once all chunks are stored. */
  async finish(): Promise<void> {
    await this.#pending;
    const index: ChunkIndex = { format_version: 1, chunks: this.#chunks };
    await this.#place.storage.put(indexKey(this.#place.prefix), Buffer.from(JSON.stringify(index)));
  }
}

/** Reads chunks, each at the call, and keeps none. Errors are DATASET_CORRUPT where a blob is damaged or missing. */
export class ChunkReader {
  readonly #place: TablePlace;
  /** (chunks) */
  readonly #entries: readonly ChunkEntry[];

  private constructor(place: TablePlace, entries: readonly ChunkEntry[]) {
    this.#place = place;
    this.#entries = entries;
  }

  /** @throws TrainyardError DATASET_CORRUPT when the index does not say where `rows` rows are */
  static async open(place: TablePlace, rows: number): Promise<ChunkReader> {
    const key = indexKey(place.prefix);
    const blob = await place.storage.read(key);
    if (blob === null) throw damaged(key, 'is missing');
    const entries = chunksOf(blob);
    if (entries?.reduce((sum, entry) => sum + entry.rows, 0) !== rows) throw damaged(key, 'is damaged');
    return new ChunkReader(place, entries);
  }

  get count(): number {
    return this.#entries.length;
  }

  rowsOf(chunk: number): number {
    return this.#entries[chunk].rows;
  }

  /** @param isWanted whether the column at the index is read */
  async read(chunk: number, isWanted: (index: number) => boolean = () => true): Promise<ReadChunk> {
    const key = chunkKey(this.#place.prefix, chunk);
    const entry = this.#entries[chunk];
    const blob = await this.#place.storage.read(key);
    if (blob === null) throw damaged(key, 'is missing');
    if (blob.length !== entry.size_bytes || sha256(blob) !== entry.sha256) throw damaged(key, 'is damaged');
    return decodeChunk(blob, isWanted);
  }

  /** All chunks in order, with the columns at these indices; the next is on its way while one is used. */
  async *all(wanted: ReadonlySet<number>): AsyncGenerator<ReadChunk> {
    const isWanted = (index: number): boolean => wanted.has(index);
    let next = this.count > 0 ? this.read(0, isWanted) : null;
    for (let chunk = 1; next !== null; chunk++) {
      const current: ReadChunk = await next;
      next = chunk < this.count ? this.read(chunk, isWanted) : null;
      // A caller that stops early leaves it unawaited.
      next?.catch(() => undefined);
      yield current;
    }
  }
}

function chunksOf(blob: Uint8Array): ChunkEntry[] | null {
  try {
    const index = JSON.parse(Buffer.from(blob).toString()) as Partial<ChunkIndex> | null;
    const isWhole = index?.format_version === 1 && Array.isArray(index.chunks);
    return isWhole ? (index.chunks ?? null) : null;
  } catch {
    return null;
  }
}

function chunkKey(prefix: string, chunk: number): string {
  return `${prefix}/rows/${numberedName(chunk)}`;
}

function indexKey(prefix: string): string {
  return `${prefix}/chunks.json`;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function damaged(key: string, what: string): TrainyardError {
  return new TrainyardError('DATASET_CORRUPT', `The blob ${key} of the dataset ${what}.`);
}
