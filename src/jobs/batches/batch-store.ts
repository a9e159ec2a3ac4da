/**
 * The store of batches: predictions for all rows of a dataset, as documents that are written once.
 *
 *     batches/{id}/spec.json            what to predict with what; written before the batch is enqueued
 *     batches/{id}/attempts/000001     each time that a worker took it up
 *     batches/{id}/releases/000001     the attempt ended in order, and another one goes on
 *     batches/{id}/chunks/000000        rows of the result; a chunk holds the same rows whoever writes it
 *     batches/{id}/ending.json          whether it is to succeed or to be cancelled, once that is decided
 *     batches/{id}/result.json          how it ended; the first writer's stands
 *
 * What a batch is at follows from the documents. Two workers on one batch do no harm: the first writer of each document
 * and each chunk decides.
 */
import { buffer } from 'node:stream/consumers';
import { monotonicFactory } from 'ulid';
import { csvLine } from '../../data/formats/write-rows.js';
import { TrainyardError } from '../../errors.js';
import {
  count,
  flag,
  listOf,
  nullable,
  number,
  object,
  oneOf,
  optional,
  positive,
  text,
  time,
  type Shape,
} from '../../lib/json-shape.js';
import { numberedName, numbersIn } from '../../storage/numbered-blobs.js';
import { unreadableAs, type Storage } from '../../storage/storage.js';
import type { EndStatus, JobError } from '../runs/run-events.js';
import { decodeDocument, encodeDocument, type DocumentShape } from '../runs/json-document.js';

/** All that decides a batch. A document. */
export interface BatchSpec {
  format_version: 1;
  dataset: { name: string; version: number; sha256: string };
  /** `sha256` is that of its file. */
  model: { name: string; version: number; sha256: string };
  probabilities: boolean;
  /** Left out: no row abstains. */
  abstain_below?: number;
  /** Left out: no column says what is odd about a row. */
  warnings?: boolean;
  /** The name of the dataset that the result becomes a version of; null: it is only kept here. */
  output: string | null;
  rows: number;
  /** In each chunk but the last. */
  chunk_rows: number;
  /** Of the dataset. */
  columns: string[];
  /** Those that the result has behind them. */
  prediction_columns: string[];
  created_at: string;
}

/** A document. */
export interface BatchResult {
  format_version: 1;
  status: EndStatus;
  error: JobError | null;
  /** Rows without a prediction; null where it has not succeeded. */
  failed_rows: number | null;
  /** Of the result as a file; null where it has not succeeded. */
  size_bytes: number | null;
  /** The version of the dataset `output`; null: none. */
  dataset_version: number | null;
  finished_at: string;
}

/** Of a batch that has not succeeded. */
export const withoutResult = { failed_rows: null, size_bytes: null, dataset_version: null };

/** A document. */
interface Attempt {
  format_version: 1;
  /** Chunks that were there then. */
  chunks: number;
  started_at: string;
}

export type BatchEnding = 'succeeded' | 'cancelled';

/** The rows of one chunk. */
export interface Chunk {
  failedRows: number;
  /** CSV without a header. */
  rows: Buffer;
}

export interface AttemptsSummary {
  count: number;
  startedAt: string | null;
  /** The latest ones in a row that died and left no further chunk. */
  withoutProgress: number;
}

const specShape = object<BatchSpec>({
  format_version: oneOf(1),
  dataset: object<BatchSpec['dataset']>({ name: text, version: positive, sha256: text }),
  model: object<BatchSpec['model']>({ name: text, version: positive, sha256: text }),
  probabilities: flag,
  abstain_below: optional(number),
  warnings: optional(flag),
  output: nullable(text),
  rows: count,
  chunk_rows: positive,
  columns: listOf(text),
  prediction_columns: listOf(text),
  created_at: time,
});

const resultShape = object<BatchResult>({
  format_version: oneOf(1),
  status: oneOf('succeeded', 'failed', 'cancelled'),
  error: nullable(object<JobError>({ code: text as Shape<JobError['code']>, message: text })),
  failed_rows: nullable(count),
  size_bytes: nullable(count),
  dataset_version: nullable(positive),
  finished_at: time,
});

const attemptShape = object<Attempt>({ format_version: oneOf(1), chunks: count, started_at: time });

const endingShape = object<{ ending: BatchEnding }>({ ending: oneOf('succeeded', 'cancelled') });

/** The first line of a chunk. */
interface ChunkHead {
  format_version: 1;
  failed_rows: number;
  /** Of the rows behind it. */
  size_bytes: number;
}

const chunkHeadShape = object<ChunkHead>({
  format_version: oneOf(1),
  failed_rows: count,
  size_bytes: count,
});

/** More than a head has. */
const mostHeadBytes = 200;

export interface BatchStore {
  create(spec: BatchSpec): Promise<string>;
  /** null: there is no such batch. @throws TrainyardError BATCH_CORRUPT */
  readSpec(id: string): Promise<BatchSpec | null>;
  /** @throws TrainyardError BATCH_CORRUPT */
  attempts(id: string): Promise<AttemptsSummary>;
  /** Records that a worker takes the batch up, and returns the number of the attempt. */
  beginAttempt(id: string): Promise<number>;
  /** The attempt has ended in order. */
  releaseAttempt(id: string, attempt: number): Promise<void>;
  /** The numbers of the chunks that are there, ascending from 0. */
  chunks(id: string): Promise<number[]>;
  /** Does nothing where the chunk is there already. */
  writeChunk(id: string, number: number, chunk: Chunk): Promise<void>;
  /** Sums over all chunks of a whole result. @throws TrainyardError BATCH_CORRUPT */
  totals(id: string, spec: BatchSpec): Promise<{ failedRows: number; sizeBytes: number }>;
  /** The whole result as a CSV file. @throws TrainyardError BATCH_CORRUPT */
  resultFile(id: string, spec: BatchSpec): AsyncGenerator<Uint8Array>;
  /** Decides how the batch is to end, unless that is decided, and returns what is decided. It can still fail. */
  decideEnding(id: string, ending: BatchEnding): Promise<BatchEnding>;
  /** null: nothing is decided. */
  readEnding(id: string): Promise<BatchEnding | null>;
  /** null: the batch has not ended. @throws TrainyardError BATCH_CORRUPT */
  readResult(id: string): Promise<BatchResult | null>;
  /** Does nothing where the batch has ended already. */
  writeResult(id: string, result: Omit<BatchResult, 'format_version' | 'finished_at'>): Promise<void>;
  /** All ids, oldest first. */
  ids(): Promise<string[]>;
  /** Removes the batch and its result. */
  remove(id: string): Promise<void>;
}

export function createBatchStore(blobs: Storage, now: () => Date = () => new Date()): BatchStore {
  const storage = unreadableAs('BATCH_CORRUPT', blobs);
  const nextUlid = monotonicFactory();
  const key = (id: string, file: string): string => `batches/${id}/${file}`;
  const chunkKey = (id: string, chunk: number): string => key(id, `chunks/${numberedName(chunk)}`);

  async function readDocument<T>(id: string, file: string, shape: DocumentShape<T>): Promise<T | null> {
    if (!isBatchId(id)) return null;
    const bytes = await storage.read(key(id, file));
    return bytes === null ? null : decodeDocument(bytes, key(id, file), shape, 'BATCH_CORRUPT');
  }

  const attemptNumbers = async (id: string): Promise<number[]> =>
    numbersIn(await storage.list(key(id, 'attempts')), '');

  async function chunks(id: string): Promise<number[]> {
    return numbersIn(await storage.list(key(id, 'chunks')), '');
  }

  async function attempts(id: string): Promise<AttemptsSummary> {
    const numbers = await attemptNumbers(id);
    const released = numbersIn(await storage.list(key(id, 'releases')), '');
    const read = async (number: number): Promise<Attempt> => {
      const file = `attempts/${numberedName(number)}`;
      return (await readDocument(id, file, attemptShape)) ?? missing(key(id, file));
    };
    const [first] = numbers;
    const startedAt = first === undefined ? null : (await read(first)).started_at;
    const there = (await chunks(id)).length;
    let withoutProgress = 0;
    for (const number of numbers.toReversed()) {
      if ((await read(number)).chunks < there) break;
      if (!released.includes(number)) withoutProgress++;
    }
    return { count: numbers.length, startedAt, withoutProgress };
  }

  async function headOf(id: string, chunk: number): Promise<ChunkHead & { length: number }> {
    const stream = await storage.open(chunkKey(id, chunk), { start: 0, end: mostHeadBytes - 1 });
    const bytes = stream === null ? missing(chunkKey(id, chunk)) : await buffer(stream);
    const length = bytes.indexOf(newline) + 1;
    const head = decodeDocument(
      bytes.subarray(0, length),
      chunkKey(id, chunk),
      chunkHeadShape,
      'BATCH_CORRUPT',
    );
    return { ...head, length };
  }

  return {
    chunks,
    attempts,

    async create(spec) {
      for (;;) {
        const id = `batch_${nextUlid(now().getTime())}`;
        if (await storage.create(key(id, 'spec.json'), encodeDocument(spec))) return id;
      }
    },

    readSpec: (id) => readDocument(id, 'spec.json', specShape),

    async beginAttempt(id) {
      const attempt = encodeDocument({
        chunks: (await chunks(id)).length,
        started_at: now().toISOString(),
      });
      for (let number = ((await attemptNumbers(id)).at(-1) ?? 0) + 1; ; number++) {
        if (await storage.create(key(id, `attempts/${numberedName(number)}`), attempt)) return number;
      }
    },

    async releaseAttempt(id, attempt) {
      await storage.create(key(id, `releases/${numberedName(attempt)}`), encodeDocument({}));
    },

    async writeChunk(id, number, { failedRows, rows }) {
      const head: ChunkHead = { format_version: 1, failed_rows: failedRows, size_bytes: rows.length };
      await storage.create(
        chunkKey(id, number),
        Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), rows]),
      );
    },

    async totals(id, spec) {
      const heads: ChunkHead[] = [];
      for (let chunk = 0; chunk < chunksOf(spec); chunk++) heads.push(await headOf(id, chunk));
      return {
        failedRows: heads.reduce((sum, head) => sum + head.failed_rows, 0),
        sizeBytes: heads.reduce((sum, head) => sum + head.size_bytes, headerOf(spec).length),
      };
    },

    async *resultFile(id, spec) {
      yield headerOf(spec);
      for (let chunk = 0; chunk < chunksOf(spec); chunk++) {
        const bytes = (await storage.read(chunkKey(id, chunk))) ?? missing(chunkKey(id, chunk));
        yield bytes.subarray(bytes.indexOf(newline) + 1);
      }
    },

    async decideEnding(id, ending) {
      if (await storage.create(key(id, 'ending.json'), encodeDocument({ ending }))) return ending;
      return (await readDocument(id, 'ending.json', endingShape))?.ending ?? ending;
    },

    readEnding: async (id) => (await readDocument(id, 'ending.json', endingShape))?.ending ?? null,

    readResult: (id) => readDocument(id, 'result.json', resultShape),

    async writeResult(id, result) {
      const document = encodeDocument({ ...result, finished_at: now().toISOString() });
      await storage.create(key(id, 'result.json'), document);
    },

    async ids() {
      return (await storage.list('batches')).filter(isBatchId);
    },

    async remove(id) {
      // First the spec, which makes it a batch: no worker takes up what is left of it.
      await storage.remove(key(id, 'spec.json'));
      await storage.remove(`batches/${id}`);
    },
  };
}

/** How many chunks the whole result has. */
export function chunksOf({ rows, chunk_rows }: Pick<BatchSpec, 'rows' | 'chunk_rows'>): number {
  return Math.ceil(rows / chunk_rows);
}

/** Between the columns of a result. */
export const delimiter = ',';

const newline = 0x0a;

function headerOf({ columns, prediction_columns }: BatchSpec): Buffer {
  return Buffer.from(csvLine([...columns, ...prediction_columns], delimiter));
}

function missing(key: string): never {
  throw new TrainyardError('BATCH_CORRUPT', `${key} is missing.`);
}

/** Whether this could be the id of a batch. For any other text there is none. */
function isBatchId(id: string): boolean {
  return /^batch_[0-9A-HJKMNP-TV-Z]{26}$/.test(id);
}
