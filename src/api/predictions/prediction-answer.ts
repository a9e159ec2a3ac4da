/** What a prediction is answered with: the classes or values of each sample, and what is odd about them. */
import type { Static } from 'typebox';
import { answeredClass, classRows, rankClasses, type RankedClass } from '../../model/heads/class-ranking.js';
import { requireLabels, type ClassHead } from '../../model/heads/head.js';
import { namedValues } from '../../model/heads/named-values.js';
import { blankPictures } from '../../model/serving/blank-pictures.js';
import type { AnsweringModel } from '../../model/serving/loaded-model.js';
import type { OutputOptions } from './parse-request.js';
import type { PredictionResponse } from './prediction-schemas.js';
import type { Samples } from './run-prediction.js';

type Answer = Pick<Static<typeof PredictionResponse.schema>, 'predictions' | 'warnings'>;
type Prediction = Answer['predictions'][number];

/**
 * `results` (samples, outputs) of the model's head.
 * @throws TrainyardError INVALID_REQUEST where only classes have what is asked for
 */
export function answerOf(
  model: AnsweringModel,
  samples: Samples,
  results: Float32Array,
  options: OutputOptions,
): Answer {
  const warnings = [...(samples.warnings ?? []), ...blankPictures(model, samples)];
  let predictions = predictionsOf(model, results, options);
  if (options.networkInputs) predictions = withInputs(predictions, samples.inputs);
  return { predictions, ...(warnings.length > 0 && { warnings }) };
}

function predictionsOf(
  { head }: AnsweringModel,
  results: Float32Array,
  options: OutputOptions,
): Prediction[] {
  if (head.kind === 'classes') return classPredictions(head, results, options);
  if (options.topK !== undefined || options.abstainBelow !== undefined) requireLabels(head);
  return namedValues(results, head.names);
}

/** A class that is not likely enough has no name. */
function withAbstention(
  answered: RankedClass,
  below: number | undefined,
): Pick<Prediction, 'label' | 'index' | 'confidence' | 'abstained'> {
  if (below === undefined) return answered;
  const abstained = answered.confidence < below;
  return abstained ? { ...answered, label: null, index: null, abstained } : { ...answered, abstained };
}

/** `probabilities` (samples, classes) */
function classPredictions(
  head: ClassHead,
  probabilities: Float32Array,
  options: OutputOptions,
): Prediction[] {
  const { labels } = head;
  return classRows(probabilities, labels.length).map((row) => ({
    ...withAbstention(answeredClass(row, head), options.abstainBelow),
    ...(options.probabilities && { probabilities: Array.from(row) }),
    ...(options.topK !== undefined && { top: rankClasses(row, labels, options.topK) }),
  }));
}

/** `inputs` (samples, network.inputs) */
function withInputs(predictions: Prediction[], inputs: Float32Array): Prediction[] {
  const width = inputs.length / predictions.length;
  return predictions.map((prediction, sample) => ({
    ...prediction,
    network_inputs: Array.from(inputs.subarray(sample * width, (sample + 1) * width)),
  }));
}
