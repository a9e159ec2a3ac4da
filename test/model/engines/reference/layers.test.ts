import { describe, expect, test } from 'vitest';
import {
  backward,
  createActivations,
  forward,
  outputsOf,
} from '../../../../src/model/engines/reference/layers.js';
import { lossGradient, lossSumOf } from '../../../../src/model/engines/reference/losses.js';
import { weightSumOf } from '../../../../src/model/engines/batch-report.js';
import { rowsOf } from '../../../../src/model/engines/reference/matrix.js';
import { isClassLoss, losses, type Loss } from '../../../../src/model/network/losses.js';
import { activations as words, denseLayers, type Activation } from '../../../../src/model/network/network.js';
import { fillUniform } from '../../../../src/lib/philox.js';
import { expectClose } from '../close.js';

/** Uniform in [−1, 1), by part. */
function randomNumbers(part: number, count: number): Float64Array {
  const uniform = new Float32Array(count);
  fillUniform({ seed: 1, purpose: 'initialization', part, step: 0 }, 0, uniform);
  return Float64Array.from(uniform, (value) => 2 * value - 1);
}

interface Traits {
  loss: Loss;
  activation: Activation;
  dropout: number;
  weighted: boolean;
}

/** A float64 network of random parameters, with a random batch. */
function randomProblem(widths: number[], batch: number, { loss, activation, dropout, weighted }: Traits) {
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
  const split = {
    targets: isClassLoss(loss)
      ? Uint8Array.from({ length: batch }, (_, b) => (3 * b + 1) % network.outputs)
      : Float32Array.from(randomNumbers(101, batch * network.outputs), (value) => 2 * value),
    weights: weighted ? Float32Array.from({ length: batch }, (_, b) => b % 3) : null,
  };
  const rows = Uint32Array.from({ length: batch }, (_, b) => b);
  return { loss, tensors, layers, activations, batch: { split, rows } };
}

/** Compares the gradients of all parameters with central differences of the batch's loss. */
function expectGradients({ loss, tensors, layers, activations, batch }: ReturnType<typeof randomProblem>) {
  const weightSum = weightSumOf(batch.split, batch.rows);
  // The masks are those of a step, the same for every evaluation.
  const dropout = { seed: 3, step: 4 };
  const gradients = createActivations(layers, batch.rows.length, Float64Array);
  forward(layers, activations, dropout);
  lossGradient(loss, outputsOf(gradients), outputsOf(activations), batch);
  backward(layers, activations, gradients, dropout);

  /** The loss of the batch, and on which side of 0 the hidden units are. */
  function evaluate() {
    forward(layers, activations, dropout);
    return {
      loss: lossSumOf(loss, outputsOf(activations), batch) / weightSum,
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
    const traits = { loss: 'cross_entropy', activation: 'relu', dropout: 0, weighted: false } as const;
    expectGradients(randomProblem(widths, batch, traits));
  });
});

describe.each(words)('the gradients of %s', (activation) => {
  describe.each(losses)('by %s', (loss) => {
    test.each([0, 0.1, 0.5])('agree with central differences at a dropout of %d', (dropout) => {
      expectGradients(randomProblem([5, 7, 4, 3], 5, { loss, activation, dropout, weighted: false }));
    });

    test('agree with central differences where samples are weighted', () => {
      expectGradients(randomProblem([5, 7, 4, 3], 5, { loss, activation, dropout: 0.1, weighted: true }));
    });
  });
});
