/**
 * Reads an upload that has become a version: finds out what is in its files, stores what a job needs, and says how that
 * ended. It may run several times for one upload, also at the same time in two processes: both write the same.
 */
import { createHash } from 'node:crypto';
import { TrainyardError, type ErrorCode } from '../../errors.js';
import type { StoreTarget } from '../../storage/open-storage.js';
import { isStorageFailure, unreadableAs, type Storage } from '../../storage/storage.js';
import { mostPictureSide } from '../../lib/picture-input.js';
import { archiveKind, type ArchiveEntry } from '../formats/archive.js';
import { gunzip, isGzip } from '../formats/gunzip.js';
import { openReader, unpackedHead } from '../formats/open-reader.js';
import { formatLimits, refusal, TableRefusal, type ByteSource } from '../formats/rows.js';
import { readTar } from '../formats/tar.js';
import { readZip } from '../formats/zip.js';
import { takeInPictures } from '../pictures/take-in-pictures.js';
import { scalingOfBytes } from '../scaling.js';
import { takeInTable } from '../tables/take-in-table.js';
import { mostProblems, type TableProblem } from '../table-schema.js';
import {
  encodeDocument,
  resultDocument,
  decodeDocument,
  uploadDocument,
  uploadKey,
  type Failed,
  type FileName,
  type ProgressDocument,
  type ReadyArrays,
  type ReadyPictures,
  type ReadyTable,
  type ResultDocument,
  type UploadDocument,
} from './documents.js';
import { labelsOf, readIdxPairs, type IdxFiles, type IdxPair, type IdxSamples } from './idx-files.js';
import { openStoredFile, readStoredFile, storeFile, type StoredFile } from './stored-files.js';

export interface TakeInOptions {
  /** The most that an IDX file may measure when unpacked, and the pixels of pictures as they are kept. */
  mostIdxBytes: number;
  onProgress?: (progress: Progress) => void;
  now?: () => Date;
}

export type Progress = Omit<ProgressDocument, 'format_version'>;

type Result =
  | Omit<ReadyTable, 'finished_at'>
  | Omit<ReadyArrays, 'finished_at'>
  | Omit<ReadyPictures, 'finished_at'>
  | Omit<Failed, 'finished_at'>;

/** What the thread that reads an upload is told, … */
export interface TakeInTask {
  id: string;
  store: StoreTarget;
  dataDir: string;
  mostIdxBytes: number;
}

/** … and what it says: how far it is, and at last how that ended. */
/** `alive` comes from time to time, while the thread computes in pieces as it should. */
export type TakeInMessage = { alive: true } | { progress: Progress } | TakeInOutcome;

export const aliveEveryMs = 1_000;

export type TakeInOutcome =
  /** null: the upload is gone. */
  | { kind: 'ended'; result: ResultDocument | null }
  /** Which says nothing about the file. */
  | { kind: 'storage_failed'; code: ErrorCode; message: string }
  | { kind: 'crashed'; reason: string };

/** Errors become documents, because they would lose their code between threads. */
export async function outcomeOf(read: () => Promise<ResultDocument | null>): Promise<TakeInOutcome> {
  try {
    return { kind: 'ended', result: await read() };
  } catch (error) {
    if (isStorageFailure(error)) return { kind: 'storage_failed', code: error.code, message: error.message };
    return {
      kind: 'crashed',
      reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}

/**
 * null: the upload is gone. A file that cannot be used is a result too.
 * @throws TrainyardError STORAGE_FULL, STORAGE_UNAVAILABLE, DATASET_CORRUPT
 */
export async function takeIn(
  blobs: Storage,
  id: string,
  options: TakeInOptions,
): Promise<ResultDocument | null> {
  const storage = unreadableAs('DATASET_CORRUPT', blobs);
  const resultKey = uploadKey(id, 'result.json');
  const known = await readResult(storage, resultKey);
  if (known !== null) return known;
  const key = uploadKey(id, 'upload.json');
  const bytes = await storage.read(key);
  if (bytes === null) return null;
  const upload = decodeDocument(bytes, key, uploadDocument);
  const result = await resultOf(storage, id, upload, options);
  return recordResult(storage, id, result, options.now?.() ?? new Date());
}

/** Of several results the first stands. */
export async function recordResult(
  storage: Storage,
  id: string,
  result: Result,
  now: Date,
): Promise<ResultDocument> {
  const key = uploadKey(id, 'result.json');
  const document = { ...result, finished_at: now.toISOString() };
  const isFirst = await storage.create(key, encodeDocument(document));
  return isFirst ? document : ((await readResult(storage, key)) ?? document);
}

async function readResult(storage: Storage, key: string): Promise<ResultDocument | null> {
  const bytes = await storage.read(key);
  return bytes && decodeDocument(bytes, key, resultDocument);
}

async function resultOf(
  storage: Storage,
  id: string,
  upload: UploadDocument,
  options: TakeInOptions,
): Promise<Result> {
  try {
    const { file } = upload.files;
    if (file === undefined) return await arraysOf(storage, id, upload, options.mostIdxBytes);
    const source = openStoredFile(storage, uploadKey(id, 'file'), file);
    const archive = archiveKind(await unpackedHead(source));
    return archive === null
      ? await tableOf(storage, id, { ...upload, file }, options)
      : await picturesOf(storage, id, { ...upload, file, archive }, options);
  } catch (error) {
    if (error instanceof TableRefusal) return refused(error.problems);
    throw error;
  }
}

export function refused(problems: readonly TableProblem[]): Omit<Failed, 'finished_at'> {
  const message = problems[0]?.message ?? 'The file is not a table.';
  const error = { code: 'DATASET_INVALID' as const, message, problems: problems.slice(0, mostProblems) };
  return { format_version: 1, kind: 'failed', error };
}

/** The schema is written after the rows, and the result after the schema. */
async function tableOf(
  storage: Storage,
  id: string,
  { file, options, target }: UploadDocument & { file: StoredFile },
  { onProgress }: TakeInOptions,
): Promise<Result> {
  const { columns = {}, ...format } = options;
  const source = countingSource(openStoredFile(storage, uploadKey(id, 'file'), file));
  const reader = await openReader(source, format);
  const schema = await takeInTable(
    reader,
    { storage, prefix: uploadKey(id, 'table') },
    {
      target,
      columns: new Map(Object.entries(columns)),
      mostRows: formatLimits.rows,
      mostColumns: formatLimits.columns,
      onProgress: (rows) => onProgress?.({ rows, fraction: source.fractionRead() }),
    },
  );
  return {
    format_version: 1,
    kind: 'table',
    format: schema.dialect.format,
    rows: schema.rows,
    columns: schema.columns.length,
    schema: await putDocument(storage, uploadKey(id, 'schema.json'), schema),
  };
}

/** The index is written after the pixels, and the result after the index. */
async function picturesOf(
  storage: Storage,
  id: string,
  upload: UploadDocument & { file: StoredFile; archive: 'zip' | 'tar' },
  { mostIdxBytes, onProgress }: TakeInOptions,
): Promise<Result> {
  refuseColumns(upload);
  const source = countingSource(openStoredFile(storage, uploadKey(id, 'file'), upload.file));
  const intake = takeInPictures(await entriesOf(source, upload.archive), (rows, fraction) =>
    onProgress?.({ rows, fraction: fraction ?? source.fractionRead() }),
  );
  const key = uploadKey(id, 'pictures');
  let bytes = 0;
  try {
    const pixels = await storeFile(storage, key, intake.pixels, (count) => {
      bytes += count;
      if (bytes > mostIdxBytes) throw tooManyPixels(mostIdxBytes);
    });
    const index = intake.index();
    return {
      format_version: 1,
      kind: 'pictures',
      rows: index.paths.length,
      index: await putDocument(storage, uploadKey(id, 'pictures.json'), index),
      pixels,
    };
  } catch (error) {
    if (error instanceof TableRefusal) await storage.remove(key);
    throw error;
  }
}

async function entriesOf(source: ByteSource, archive: 'zip' | 'tar'): Promise<AsyncIterable<ArchiveEntry>> {
  const head = await source.slice(0, 2);
  if (archive === 'zip') {
    // A ZIP is read from its end.
    if (!isGzip(head)) return readZip(source);
    throw refusal('NOT_A_TABLE', 'The file is a ZIP that is compressed with gzip. Upload the ZIP as it is.');
  }
  return readTar(isGzip(head) ? gunzip(source.stream(), formatLimits.inflatedBytes) : source.stream());
}

/** @throws TableRefusal for options that pictures do not have */
function refuseColumns({ options, target }: UploadDocument): void {
  const given = target.length > 0 ? 'target' : Object.keys(options)[0];
  if (given === undefined) return;
  throw refusal(
    'NO_SUCH_COLUMN',
    `${given} is for tables, and the file is an archive of pictures. Leave it out.`,
  );
}

function tooManyPixels(mostBytes: number): TableRefusal {
  const message =
    `The pictures take more than ${Math.round(mostBytes / 2 ** 20)} MB (MAX_DATASET_MB) when each is scaled to ` +
    `${mostPictureSide} pixels. Leave some out, or raise MAX_DATASET_MB.`;
  return refusal('TOO_LARGE', message);
}

async function putDocument(storage: Storage, key: string, document: object): Promise<ReadyTable['schema']> {
  const bytes = Buffer.from(JSON.stringify(document));
  await storage.put(key, bytes);
  return { size_bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** Knows how much of it has been read. A reader may open it several times, and may read parts in any order. */
function countingSource(source: ByteSource): ByteSource & { fractionRead: () => number } {
  let furthest = 0;
  return {
    sizeBytes: source.sizeBytes,
    fractionRead: () => furthest / source.sizeBytes,
    async *stream() {
      let position = 0;
      for await (const bytes of source.stream()) {
        yield bytes;
        position += bytes.length;
        furthest = Math.max(furthest, position);
      }
    },
    slice: (start, end) => source.slice(start, end),
  };
}

/** @throws TableRefusal when a file is not IDX */
async function arraysOf(
  storage: Storage,
  id: string,
  upload: UploadDocument,
  mostIdxBytes: number,
): Promise<Result> {
  const files = await readIdxFiles(storage, id, upload);
  let samples: IdxSamples;
  try {
    samples = readIdxPairs(files, mostIdxBytes);
  } catch (error) {
    if (!(error instanceof TrainyardError && error.code === 'DATASET_CORRUPT')) throw error;
    const { message } = error;
    throw new TableRefusal([{ code: 'DAMAGED_FILE', message, line: null, column: null, value: null }]);
  }
  const { train, test } = samples;
  return {
    format_version: 1,
    kind: 'arrays',
    inputs: train.width,
    labels: labelsOf(samples),
    train_count: train.count,
    test_count: test?.count ?? 0,
    scaling: scalingOfBytes(train.inputs),
  };
}

/** The files of an upload of arrays. @throws TrainyardError DATASET_CORRUPT when one is not what was uploaded */
export async function readIdxFiles(
  storage: Storage,
  id: string,
  { files }: UploadDocument,
): Promise<IdxFiles> {
  const read = async (name: FileName): Promise<Uint8Array | null> => {
    const file = files[name];
    return file === undefined ? null : readStoredFile(openStoredFile(storage, uploadKey(id, name), file));
  };
  const pair = async (images: FileName, labels: FileName): Promise<IdxPair | null> => {
    const found = { images: await read(images), labels: await read(labels) };
    return found.images && found.labels ? { images: found.images, labels: found.labels } : null;
  };
  const train = await pair('images', 'labels');
  if (train === null) throw new TrainyardError('DATASET_CORRUPT', `The upload ${id} has no training files.`);
  return { train, test: await pair('test_images', 'test_labels') };
}
