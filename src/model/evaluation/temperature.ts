/**
 * Temperature scaling: the one number by which a classifier's outputs are divided so that its probabilities are as honest as
 * one number can make them. C. Guo et al., "On Calibration of Modern Neural Networks", 2017, section 4.2.
 */

const within = { least: 0.05, most: 20 };
/** Each makes the range about 0.6 as wide: at the end it is narrower than float32 can tell. */
const iterations = 40;
const goldenRatio = (Math.sqrt(5) - 1) / 2;

/**
 * The temperature with the least log loss, by golden-section search over its logarithm: the loss has one minimum, as it is
 * convex in 1 / temperature. `outputs` (count, width) are raw, `classes` (count) class indices; at least one.
 */
export function fitTemperature(outputs: Float32Array, classes: ArrayLike<number>): number {
  const lossAt = (logarithm: number): number => logLossAt(outputs, classes, Math.exp(logarithm));
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
  }
  const temperature = Math.exp((low + high) / 2);
  return logLossAt(outputs, classes, temperature) < logLossAt(outputs, classes, 1) ? temperature : 1;
}

/** The mean log loss of the softmax of `outputs / temperature`. */
function logLossAt(outputs: Float32Array, classes: ArrayLike<number>, temperature: number): number {
  const width = outputs.length / classes.length;
  let sum = 0;
  for (let i = 0; i < classes.length; i++) {
    const first = i * width;
    let largest = -Infinity;
    for (let c = 0; c < width; c++) largest = Math.max(largest, outputs[first + c]);
    let total = 0;
    for (let c = 0; c < width; c++) total += Math.exp((outputs[first + c] - largest) / temperature);
    sum += Math.log(total) - (outputs[first + classes[i]] - largest) / temperature;
  }
  return sum / classes.length;
}
