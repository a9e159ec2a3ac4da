/** The model that a standalone page holds, as the page sees it: what src/standalone/runtime.ts opens. */
import type { Column } from '../pages/models/model-data.js';
import type { PredictionAnswer } from '../pages/models/use-prediction.js';

export interface StandaloneModel {
  model: string;
  version: number;
  labels: string[];
  targets: string[];
  /** null: it takes numbers. */
  columns: Column[] | null;
  /** How many numbers it takes. */
  width: number;
  /** How a picture becomes them; null: the dataset had no pictures of its own. */
  image: { width: number; height: number; channels: number; fit: string } | null;
  predict(inputs: readonly unknown[]): Promise<PredictionAnswer>;
  /** What the network gets of a PNG or JPEG file. */
  inputOfPicture(file: Uint8Array): Float32Array;
}
