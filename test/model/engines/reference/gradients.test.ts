import { describe, expect, test } from 'vitest';
import {
  backward,
  createActivations,
  forward,
  logitsOf,
} from '../../../../src/model/engines/reference/forward-backward.js';
import { lossFunctions } from '../../../../src/model/engines/reference/loss.js';
import { rowsOf } from '../../../../src/model/engines/reference/matrix.js';
import { losses, type Loss } from '../../../../src/model/network/losses.js';
import { activations as words, denseLayers, type Activation } from '../../../../src/model/network/network.js';
import { fillUniform } from '../../../../src/lib/philox.js';
import { expectClose } from '../close.js';

/** Uniform in [−1, 1), by part. */
function randomNumbers(part: number, count: number): Float64Array {
  const uniform = new Float32Array(count);
  fillUniform({ seed: 1, purpose: 'initialization', part, step: 0 }, 0, uniform);
  return Float64Array.from(uniform, (value) => 2 * value - 1);
}

/** A float64 network of random parameters, with a random batch. */
function randomProblem(widths: number[], batch: number, activation: Activation, dropout: number) {
  const network = {
    inputs: widths[0],
    hidden: widths.slice(1, -1).map((units) => ({ units, activation, dropout })),
    outputs: widths[widths.length - 1],
  };
  const tensors = denseLayers(network).map(({ inputs, outputs }, l) => ({
    weights: randomNumbers(2 * l, outputs * inputs),
    bias: randomNumbers(2 * l + 1, outputs),
    dWeights: new Float64Array(outputs * inputs).fill(NaN),
    dBias: new Float64Array(outputs).fill(NaN),
  }));
  const layers = denseLayers(network).map((layer, l) => ({
    ...layer,
    ...tensors[l],
    weights: rowsOf(tensors[l].weights, layer.inputs),
    dWeights: rowsOf(tensors[l].dWeights, layer.inputs),
  }));
  const activations = createActivations(layers, batch, Float64Array);
  const inputs = rowsOf(randomNumbers(100, batch * network.inputs), network.inputs);
  activations.values[0].forEach((row, b) => row.set(inputs[b]));
  const labels = Uint8Array.from({ length: batch }, (_, b) => (3 * b + 1) % network.outputs);
  return { tensors, layers, activations, labels };
}

/** Compares the gradients of all parameters with central differences of the mean loss. */
function expectGradients(
  { tensors, layers, activations, labels }: ReturnType<typeof randomProblem>,
  loss: Loss,
) {
  const batch = labels.length;
  // The masks are those of a step, the same for every evaluation.
  const dropout = { seed: 3, step: 4 };
  const gradients = createActivations(layers, batch, Float64Array);
  forward(layers, activations, dropout);
  lossFunctions[loss].backward(logitsOf(gradients), logitsOf(activations), labels);
  backward(layers, activations, gradients, dropout);

  /** The mean loss, and on which side of 0 the hidden units are. */
  function evaluate() {
    forward(layers, activations, dropout);
    return {
      loss: lossFunctions[loss].forward(logitsOf(activations), labels) / batch,
      sides: activations.sums.slice(0, -1).flatMap((rows) => rows.map((row) => row.map(Math.sign).join())),
    };
  }

  const h = 1e-5;
  const slope = (values: Float64Array, i: number): number => {
    const value = values[i];
    values[i] = value + h;
    const above = evaluate();
    values[i] = value - h;
    const below = evaluate();
    values[i] = value;
    // Across a kink there is no slope to compare with.
    expect(above.sides).toEqual(below.sides);
    return (above.loss - below.loss) / (2 * h);
  };
  const slopes = (values: Float64Array) => values.map((_, i) => slope(values, i));

  // The difference quotient is off by about h² = 1e-10 and by 1e-16 / h = 1e-11.
  const tolerance = { absolute: 1e-9, relative: 1e-7 };
  tensors.forEach(({ weights, bias, dWeights, dBias }, l) => {
    expectClose(`fc${l + 1}.weight`, dWeights, slopes(weights), tolerance);
    expectClose(`fc${l + 1}.bias`, dBias, slopes(bias), tolerance);
  });
}

const shapes = [
  [7, 3],
  [3, 1],
  [1, 7],
  [3, 1, 7],
  [7, 3, 3],
  [1, 7, 3],
  [7, 3, 1, 7],
  [3, 7, 7, 3],
  [1, 1, 3, 7],
].map((widths) => ({ widths }));

describe.each(shapes)('the gradients of a network of widths $widths', ({ widths }) => {
  test.each([1, 5])('agree with central differences for a batch of %i', (batch) => {
    expectGradients(randomProblem(widths, batch, 'relu', 0), 'cross_entropy');
  });
});

describe.each(words)('the gradients of %s', (activation) => {
  describe.each(losses)('by %s', (loss) => {
    test.each([0, 0.1, 0.5])('agree with central differences at a dropout of %d', (dropout) => {
      expectGradients(randomProblem([5, 7, 4, 3], 5, activation, dropout), loss);
    });
  });
});
