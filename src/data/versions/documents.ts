/**
 * The documents of uploaded datasets, and where they lie.
 *
 *     datasets/{name}/versions/000001.json   which upload the version is; created exclusively, once the upload is whole
 *     datasets/{name}/removed/000001.json    keeps the number of a removed version from being used again
 *     uploads/{id}/{file}/000001 …           the parts of a file, as it was sent
 *     uploads/{id}/upload.json               what was sent; written once its files are whole
 *     uploads/{id}/attempts/1 …              each time that a worker began to read it
 *     uploads/{id}/progress.json             how far the worker is
 *     uploads/{id}/table/ …, schema.json     the rows of a table, and what is known of it
 *     uploads/{id}/pictures/ …, pictures.json  the pixels of pictures, and what is known of them
 *     uploads/{id}/result.json               how that ended; the first writer's stands
 *
 * An upload that no version names is a leftover: of a process that died, or of a version that was removed.
 */
import { TrainyardError } from '../../errors.js';
import {
  count,
  flag,
  listOf,
  mapOf,
  nullable,
  number,
  object,
  oneOf,
  optional,
  positive,
  text,
  time,
  variant,
  type Shape,
} from '../../lib/json-shape.js';
import { cellTypes, type CellType } from '../../lib/cells/cell-format.js';
import { numberedName } from '../../storage/numbered-blobs.js';
import type { Scaling } from '../dataset.js';
import type { FormatOptions } from '../formats/rows.js';
import type { DatasetFormat, TableProblem } from '../table-schema.js';
import type { StoredFile } from './stored-files.js';

/** What the client says of a column; what is left out is found out. */
export interface ColumnChoice {
  type?: CellType;
  role?: 'feature' | 'ignore';
}

/** How the client wants its files read. */
export interface ReadingOptions extends FormatOptions {
  /** By name, which may be any text, also `__proto__`: use its entries. */
  columns?: Record<string, ColumnChoice>;
}

/** A table is one file, and so is an archive of pictures. Arrays are two IDX files, or four with those of the test split. */
export type FileName = 'file' | 'images' | 'labels' | 'test_images' | 'test_labels';

export interface UploadDocument {
  format_version: 1;
  name: string;
  files: Partial<Record<FileName, StoredFile>>;
  options: ReadingOptions;
  target: string[];
  /** Of the file; of several, of what `sha256sum` prints for them. */
  sha256: string;
  /** Of all files. */
  size_bytes: number;
  /** SHA-256 of the content, the options and the target: the same always make the same version. */
  identity: string;
  created_at: string;
}

export interface VersionDocument {
  format_version: 1;
  name: string;
  version: number;
  upload: string;
  identity: string;
  created_at: string;
}

export type ResultDocument = ReadyTable | ReadyArrays | ReadyPictures | Failed;

interface ResultBase {
  format_version: 1;
  finished_at: string;
}

export interface ReadyTable extends ResultBase {
  kind: 'table';
  format: DatasetFormat;
  rows: number;
  columns: number;
  /** Of schema.json. */
  schema: { size_bytes: number; sha256: string };
}

export interface ReadyArrays extends ResultBase {
  kind: 'arrays';
  inputs: number;
  labels: string[];
  train_count: number;
  /** 0 without files of a test split. */
  test_count: number;
  scaling: Scaling;
}

export interface ReadyPictures extends ResultBase {
  kind: 'pictures';
  rows: number;
  /** Of pictures.json. */
  index: { size_bytes: number; sha256: string };
  pixels: StoredFile;
}

export interface Failed extends ResultBase {
  kind: 'failed';
  error: DatasetError;
}

/** DATASET_INVALID: the file is at fault, as `problems` says. INTERNAL: the service could not read it. */
export interface DatasetError {
  code: 'DATASET_INVALID' | 'INTERNAL';
  message: string;
  problems: TableProblem[];
}

export interface ProgressDocument {
  format_version: 1;
  /** From 0 to 1. */
  fraction: number;
  rows: number;
}

const format = { format_version: oneOf(1) };

const storedFile = object<StoredFile>({ size_bytes: count, sha256: text, part_bytes: positive });

export const uploadDocument = object<UploadDocument>({
  ...format,
  name: text,
  files: mapOf(storedFile),
  options: object<ReadingOptions>({
    format: optional(oneOf('csv', 'jsonl', 'parquet')),
    delimiter: optional(text),
    escape: optional(oneOf('"', '\\')),
    encoding: optional(text),
    header: optional(flag),
    columns: optional(
      mapOf(
        object<ColumnChoice>({
          type: optional(oneOf(...cellTypes)),
          role: optional(oneOf('feature', 'ignore')),
        }),
      ),
    ),
  }),
  target: listOf(text),
  sha256: text,
  size_bytes: count,
  identity: text,
  created_at: time,
});

export const versionDocument = object<VersionDocument>({
  ...format,
  name: text,
  version: positive,
  upload: text,
  identity: text,
  created_at: time,
});

const result = { ...format, finished_at: time };

export const resultDocument = variant<ResultDocument>('kind', {
  table: object<ReadyTable>({
    ...result,
    kind: oneOf('table'),
    format: oneOf('csv', 'jsonl', 'parquet', 'idx'),
    rows: count,
    columns: count,
    schema: object<ReadyTable['schema']>({ size_bytes: count, sha256: text }),
  }),
  arrays: object<ReadyArrays>({
    ...result,
    kind: oneOf('arrays'),
    inputs: positive,
    labels: listOf(text),
    train_count: count,
    test_count: count,
    scaling: object<Scaling>({ divide_by: number, mean: number, std: number }),
  }),
  pictures: object<ReadyPictures>({
    ...result,
    kind: oneOf('pictures'),
    rows: count,
    index: object<ReadyPictures['index']>({ size_bytes: count, sha256: text }),
    pixels: storedFile,
  }),
  failed: object<Failed>({
    ...result,
    kind: oneOf('failed'),
    error: object<DatasetError>({
      code: oneOf('DATASET_INVALID', 'INTERNAL'),
      message: text,
      problems: listOf(
        object<TableProblem>({
          code: text as Shape<TableProblem['code']>,
          message: text,
          line: nullable(count),
          column: nullable(text),
          value: nullable(text),
        }),
      ),
    }),
  }),
});

export const progressDocument = object<ProgressDocument>({ ...format, fraction: number, rows: count });

export function encodeDocument(document: object): Buffer {
  return Buffer.from(JSON.stringify(document, null, 2));
}

/** @throws TrainyardError DATASET_CORRUPT, naming the key and the field */
export function decodeDocument<T>(bytes: Buffer, key: string, shape: Shape<T>): T {
  let document: unknown;
  try {
    document = JSON.parse(bytes.toString());
  } catch (cause) {
    const problem = bytes.length === 0 ? 'empty' : 'not JSON';
    throw new TrainyardError('DATASET_CORRUPT', `${key} is ${problem}.`, { cause });
  }
  const problem = shape(document, '');
  if (problem !== null) throw new TrainyardError('DATASET_CORRUPT', `${key} is damaged: ${problem}.`);
  return document as T;
}

/** A ULID follows. */
export const idPrefix = 'up_';

const idPattern = /^up_[0-9A-HJKMNP-TV-Z]{26}$/;

export function isUploadId(text: string): boolean {
  return idPattern.test(text);
}

export function uploadKey(id: string, file: string): string {
  return `uploads/${id}/${file}`;
}

export function versionKey(name: string, version: number): string {
  return `datasets/${name}/versions/${numberedName(version)}.json`;
}

export function removedKey(name: string, version: number): string {
  return `datasets/${name}/removed/${numberedName(version)}.json`;
}
