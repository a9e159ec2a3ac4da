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
  /** How a picture became them; null: the dataset had no pictures of its own. */
  image: { fit: string } | null;
  predict(inputs: readonly unknown[]): Promise<PredictionAnswer>;
  /** What a model of square pictures gets of a picture of any size. */
  pixelsOf(picture: { width: number; height: number; grey: Uint8Array }): Float32Array;
}
