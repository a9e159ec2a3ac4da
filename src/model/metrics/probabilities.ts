/** Figures of probabilities: how good they are as such, whichever label they give. `probabilities` is (count, width). */
import { largestColumn } from './classification.js';
import { totalWeight, type RowWeights } from './row-weights.js';

/** Smaller ones count as this, as in `sklearn.metrics.log_loss`: one sample must not make the figure infinite. */
const least = Number.EPSILON;

/** (count) −ln of the probability of each sample's class. */
export function logLosses(
  probabilities: ArrayLike<number>,
  classes: ArrayLike<number>,
  width: number,
): Float64Array {
  return Float64Array.from({ length: classes.length }, (_, i) => {
    const probability = probabilities[i * width + classes[i]];
    return -Math.log(Math.min(1 - least, Math.max(least, probability)));
  });
}

const bins = 15;

/** (bins) The samples by the probability of their likeliest class: sums of weights. */
interface ConfidenceBins {
  weights: Float64Array;
  /** Each by its weight. */
  confidences: Float64Array;
  /** Of the samples whose likeliest class is right. */
  hits: Float64Array;
}

/**
 * How far confidence and accuracy lie apart: the mean over the bins, by the weight of their samples, of |accuracy − mean
 * confidence|. C. Guo et al., "On Calibration of Modern Neural Networks", 2017, equation 3.
 */
export function calibrationError(
  probabilities: ArrayLike<number>,
  classes: ArrayLike<number>,
  width: number,
  weights: RowWeights = null,
): number {
  const { confidences, hits } = confidenceBins(probabilities, classes, width, weights);
  let sum = 0;
  for (let bin = 0; bin < bins; bin++) sum += Math.abs(hits[bin] - confidences[bin]);
  return sum / totalWeight(weights, classes.length);
}

/** How sure the network is of some samples, and how often it is right about them. */
export interface CalibrationBin {
  /** The mean probability of their likeliest class. */
  confidence: number;
  accuracy: number;
  /** How many they are, or the sum of their weights. */
  rows: number;
}

/** Of the bins that have samples, by confidence. */
export function calibrationBins(
  probabilities: ArrayLike<number>,
  classes: ArrayLike<number>,
  width: number,
  weights: RowWeights = null,
): CalibrationBin[] {
  const found = confidenceBins(probabilities, classes, width, weights);
  return Array.from(found.weights, (rows, bin) => ({
    confidence: found.confidences[bin] / rows,
    accuracy: found.hits[bin] / rows,
    rows,
  })).filter(({ rows }) => rows > 0);
}

function confidenceBins(
  probabilities: ArrayLike<number>,
  classes: ArrayLike<number>,
  width: number,
  weights: RowWeights,
): ConfidenceBins {
  const sums = new Float64Array(bins);
  const confidences = new Float64Array(bins);
  const hits = new Float64Array(bins);
  for (let i = 0; i < classes.length; i++) {
    const likeliest = largestColumn(probabilities, i * width, width);
    const confidence = probabilities[i * width + likeliest];
    // Each bin has its upper end.
    const bin = Math.max(0, Math.min(bins - 1, Math.ceil(confidence * bins) - 1));
    const weight = weights?.[i] ?? 1;
    sums[bin] += weight;
    confidences[bin] += weight * confidence;
    if (likeliest === classes[i]) hits[bin] += weight;
  }
  return { weights: sums, confidences, hits };
}
