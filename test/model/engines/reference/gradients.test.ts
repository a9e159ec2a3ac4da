import { describe, expect, test } from 'vitest';
import {
  crossEntropyBackward,
  crossEntropyForward,
} from '../../../../src/model/engines/reference/cross-entropy.js';
import {
  backward,
  createActivations,
  forward,
  logitsOf,
} from '../../../../src/model/engines/reference/forward-backward.js';
import { rowsOf } from '../../../../src/model/engines/reference/matrix.js';
import { denseLayers } from '../../../../src/model/network.js';
import { fillUniform } from '../../../../src/model/philox.js';
import { expectClose } from '../close.js';

/** Uniform in [−1, 1), by part. */
function randomNumbers(part: number, count: number): Float64Array {
  const uniform = new Float32Array(count);
  fillUniform({ seed: 1, purpose: 'initialization', part, step: 0 }, 0, uniform);
  return Float64Array.from(uniform, (value) => 2 * value - 1);
}

/** A float64 network of random parameters, with a random batch. */
function randomProblem(widths: number[], batch: number) {
  const network = {
    inputs: widths[0],
    hidden: widths.slice(1, -1).map((units) => ({ units, activation: 'relu' as const })),
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
  activations[0].forEach((row, b) => row.set(inputs[b]));
  const labels = Uint8Array.from({ length: batch }, (_, b) => (3 * b + 1) % network.outputs);
  return { tensors, layers, activations, labels };
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
    const { tensors, layers, activations, labels } = randomProblem(widths, batch);
    const dActivations = createActivations(layers, batch, Float64Array);
    forward(layers, activations);
    crossEntropyBackward(logitsOf(dActivations), logitsOf(activations), labels);
    backward(layers, activations, dActivations);

    /** The mean loss, and which hidden units are on. */
    function evaluate() {
      forward(layers, activations);
      const hidden = activations.slice(1, -1).flat();
      return {
        loss: crossEntropyForward(logitsOf(activations), labels).lossSum / batch,
        on: hidden.map((row) => row.map(Math.sign).join()).join(),
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
      // Across a kink of ReLU there is no slope to compare with.
      expect(above.on).toBe(below.on);
      return (above.loss - below.loss) / (2 * h);
    };
    const slopes = (values: Float64Array) => values.map((_, i) => slope(values, i));

    // The difference quotient is off by about h² = 1e-10 and by 1e-16 / h = 1e-11.
    const tolerance = { absolute: 1e-9, relative: 1e-7 };
    tensors.forEach(({ weights, bias, dWeights, dBias }, l) => {
      expectClose(`fc${l + 1}.weight`, dWeights, slopes(weights), tolerance);
      expectClose(`fc${l + 1}.bias`, dBias, slopes(bias), tolerance);
    });
  });
});
