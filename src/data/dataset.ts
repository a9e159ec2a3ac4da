/** What a dataset is: its description, known without reading it, and its samples, column by column. */

/** One affine map for all raw inputs: x ↦ (x / divide_by − mean) / std. A document: it is recorded in the model. */
export interface Scaling {
  divide_by: number;
  mean: number;
  std: number;
}

/** What there is to learn: one of several classes, or one or more numbers. Their names come in the network's order. */
export type Targets = { kind: 'classes'; labels: string[] } | { kind: 'values'; names: string[] };

export interface DatasetInfo {
  name: string;
  /** Of the content, in lower-case hexadecimal: the same samples have the same digest. */
  sha256: string;
  /** Numbers in one sample. */
  inputs: number;
  targets: Targets;
  trainCount: number;
  testCount: number;
  /** For inputs that are raw bytes. null: the inputs are float32, as the network takes them. */
  scaling: Scaling | null;
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

export interface Dataset {
  info: DatasetInfo;
  train: Samples;
  test: Samples;
}

/** How many outputs a network has that learns these. */
export function targetCount(targets: Targets): number {
  return targets.kind === 'classes' ? targets.labels.length : targets.names.length;
}
