/** Results as POST /predict answers them. */
import type { Static } from 'typebox';
import { classRows, likeliest, rankClasses } from '../../model/heads/class-ranking.js';
import { requireLabels } from '../../model/heads/head.js';
import { namedValues } from '../../model/heads/named-values.js';
import type { ServedModel } from '../../model/serving/loaded-model.js';
import type { PredictionResponse } from './prediction-schemas.js';

export interface AnswerOptions {
  /** Asks for this many of the likeliest classes, or all where there are fewer. */
  topK?: number | undefined;
  /** Whether to give the probabilities of all classes. */
  probabilities: boolean;
}

type Response = Static<typeof PredictionResponse.schema>;

/** `results` (samples, outputs) of the model's head. */
export function predictionAnswer(
  { manifest: { model, version }, head }: ServedModel,
  results: Float32Array,
  options: AnswerOptions,
): Response {
  if (head.kind === 'classes') {
    return { model, version, predictions: classPredictions(head.labels, results, options) };
  }
  if (options.topK !== undefined) requireLabels(head);
  return { model, version, predictions: namedValues(results, head.names) };
}

/** `probabilities` (samples, classes) */
function classPredictions(
  labels: readonly string[],
  probabilities: Float32Array,
  options: AnswerOptions,
): Response['predictions'] {
  return classRows(probabilities, labels.length).map((row) => ({
    ...likeliest(row, labels),
    ...(options.probabilities && { probabilities: Array.from(row) }),
    ...(options.topK !== undefined && { top: rankClasses(row, labels, options.topK) }),
  }));
}
