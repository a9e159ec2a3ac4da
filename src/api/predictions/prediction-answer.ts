/** Probabilities as POST /predict answers them. */
import type { Static } from 'typebox';
import { classRows, likeliest, rankClasses } from '../../model/heads/class-ranking.js';
import type { ServedModel } from '../../model/serving/loaded-model.js';
import type { PredictionResponse } from './prediction-schemas.js';

export interface AnswerOptions {
  /** Asks for this many of the likeliest classes, or all where there are fewer. */
  topK?: number | undefined;
  /** Whether to give the probabilities of all classes. */
  probabilities: boolean;
}

/** `probabilities` (samples, classes) */
export function predictionAnswer(
  { manifest, labels }: ServedModel,
  probabilities: Float32Array,
  options: AnswerOptions,
): Static<typeof PredictionResponse.schema> {
  const predictions = classRows(probabilities, labels.length).map((row) => ({
    ...likeliest(row, labels),
    ...(options.probabilities && { probabilities: Array.from(row) }),
    ...(options.topK !== undefined && { top: rankClasses(row, labels, options.topK) }),
  }));
  return { model: manifest.model, version: manifest.version, predictions };
}
