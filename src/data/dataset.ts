/** What a dataset is: its description, known without reading it, and its samples. */

/** Raw samples with their class. */
export interface Samples {
  count: number;
  width: number;
  /** (count, width), row-major, raw bytes. */
  inputs: Uint8Array;
  /** (count), class index. */
  labels: Uint8Array;
}

export interface DatasetInfo {
  name: string;
  /** Numbers in one sample. */
  inputs: number;
  /** Class names, by class index. */
  labels: string[];
  trainCount: number;
  testCount: number;
  /** x ↦ (x / divide_by − mean) / std. A document: it is recorded in the model. */
  preprocessing: { divide_by: number; mean: number; std: number };
}

export interface Dataset {
  info: DatasetInfo;
  train: Samples;
  test: Samples;
}
