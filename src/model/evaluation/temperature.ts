/**
 * Temperature scaling: the one number by which a classifier's outputs are divided so that its probabilities are as honest as
 * one number can make them. C. Guo et al., "On Calibration of Modern Neural Networks", 2017, section 4.2.
 */
import { totalWeight, type RowWeights } from '../metrics/row-weights.js';
import { turn, type Turn } from './turn.js';

/** At least one; `outputs` (count, classes) are raw, `classes` (count) class indices. */
export interface DecidingRows {
  outputs: Float32Array;
  classes: ArrayLike<number>;
  weights?: RowWeights | undefined;
}

const within = { least: 0.05, most: 20 };
/** Each makes the range about 0.6 as wide: at the end it is narrower than float32 can tell. */
const iterations = 40;
const goldenRatio = (Math.sqrt(5) - 1) / 2;

/**
 * The temperature with the least log loss, by golden-section search over its logarithm: the loss has one minimum, as it is
 * convex in 1 / temperature.
 */
export async function fitTemperature(rows: DecidingRows, afterLook: Turn = turn): Promise<number> {
  const lossAt = (logarithm: number): number => logLossAt(rows, Math.exp(logarithm));
  let [low, high] = [Math.log(within.least), Math.log(within.most)];
  let [left, right] = [high - goldenRatio * (high - low), low + goldenRatio * (high - low)];
  let [leftLoss, rightLoss] = [lossAt(left), lossAt(right)];
  for (let i = 0; i < iterations; i++) {
    if (leftLoss <= rightLoss) {
      [high, right, rightLoss] = [right, left, leftLoss];
      left = high - goldenRatio * (high - low);
      leftLoss = lossAt(left);
    } else {
      [low, left, leftLoss] = [left, right, rightLoss];
      right = low + goldenRatio * (high - low);
      rightLoss = lossAt(right);
    }
    await afterLook();
  }
  const temperature = Math.exp((low + high) / 2);
  return logLossAt(rows, temperature) < logLossAt(rows, 1) ? temperature : 1;
}

/** The mean log loss of the softmax of `outputs / temperature`. */
function logLossAt({ outputs, classes, weights = null }: DecidingRows, temperature: number): number {
  const width = outputs.length / classes.length;
  let sum = 0;
  for (let i = 0; i < classes.length; i++) {
    const first = i * width;
    let largest = -Infinity;
    for (let c = 0; c < width; c++) largest = Math.max(largest, outputs[first + c]);
    let total = 0;
    for (let c = 0; c < width; c++) total += Math.exp((outputs[first + c] - largest) / temperature);
    const loss = Math.log(total) - (outputs[first + classes[i]] - largest) / temperature;
    sum += loss * (weights?.[i] ?? 1);
  }
  return sum / totalWeight(weights, classes.length);
}
