/** What a dataset is: its description, known without reading it, and its content. */
import type { CellFormat } from '../lib/cells/cell-format.js';
import type { Column } from '../lib/cells/columns.js';
import type { PictureInput } from '../lib/picture-input.js';
import type { PictureIndex } from './picture-index.js';
import type { TableSchema } from './table-schema.js';

/** One affine map for all raw inputs: x ↦ (x / divide_by − mean) / std. A document: it is recorded in the model. */
export interface Scaling {
  divide_by: number;
  mean: number;
  std: number;
}

/** What there is to learn: one of several classes, or one or more numbers. Their names come in the network's order. */
export type Targets = { kind: 'classes'; labels: string[] } | { kind: 'values'; names: string[] };

export type DatasetInfo = ArraysInfo | TableInfo | PicturesInfo;

interface DatasetIdentity {
  name: string;
  /** Counted from 1. Built-in datasets have only the first. */
  version: number;
  /** Of the content, in lower-case hexadecimal: the same samples have the same digest. */
  sha256: string;
}

/** Samples that are the same numbers for every job, with their targets, divided into train and test. */
export interface ArraysInfo extends DatasetIdentity {
  kind: 'arrays';
  /** Numbers in one sample. */
  inputs: number;
  targets: Targets;
  trainCount: number;
  testCount: number;
  /** For inputs that are raw bytes. null: the inputs are float32, as the network takes them. */
  scaling: Scaling | null;
}

/** Rows of named columns. Each job says which of them it learns, and divides the rows. */
export interface TableInfo extends DatasetIdentity {
  kind: 'table';
  schema: TableSchema;
  /** The targets named at the upload; [] without. A job that names none learns these. */
  target: string[];
}

/** Pictures of any size, each of a class. Each job says what it makes of them, and divides them. */
export interface PicturesInfo extends DatasetIdentity {
  kind: 'pictures';
  index: PictureIndex;
}

/** The rows of one split. */
export interface Samples {
  count: number;
  /** Inputs of one sample. */
  width: number;
  /** (count, width), row-major. */
  inputs: Uint8Array | Float32Array;
  /** Class indices, (count), or values, (count, values of a sample). */
  targets: ClassIndices | Float32Array;
  /** (count) How much each sample counts. null: all count the same. */
  weights: Float32Array | null;
}

export type ClassIndices = Uint8Array | Uint16Array | Uint32Array;

/** The content of a dataset of arrays. */
export interface Dataset {
  info: ArraysInfo;
  train: Samples;
  test: Samples;
}

/** The content of a table, as far as it is asked for. */
export interface TableContent {
  /** (wanted) Each column read by the format that is asked for, all rows. */
  columns(wanted: readonly { name: string; format: CellFormat }[]): Promise<Column[]>;
  /** (count or fewer, columns) The cells of the rows from `first` on, as they are in the file; null: missing. */
  rows(first: number, count: number): Promise<(string | null)[][]>;
}

/** A picture as it is kept: upright, and at most `mostPictureSide` pixels on a side. */
export interface KeptPicture {
  width: number;
  height: number;
  /** 1: grey. 3: red, green, blue. */
  channels: 1 | 3;
  /** (channels, height, width) */
  pixels: Uint8Array;
}

/** The content of a dataset of pictures, as far as it is asked for. */
export interface PicturesContent {
  /** Gives every picture as the input that is asked for, (channels, height, width), in the order of the rows. */
  fitAll(input: PictureInput, take: (row: number, fitted: Uint8Array) => void): Promise<void>;
  /** Each as it is kept. */
  pictures(rows: readonly number[]): Promise<KeptPicture[]>;
}

/** How many outputs a network has that learns these. */
export function targetCount(targets: Targets): number {
  return targets.kind === 'classes' ? targets.labels.length : targets.names.length;
}
