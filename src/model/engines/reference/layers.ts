/** The network forward and backward: dense layers, each followed by its activation and dropout. */
import { fillDropoutFactors, type DropoutPlace } from '../../network/dropout.js';
import type { DenseLayer } from '../../network/network.js';
import { activationBackward, activationForward } from './activations.js';
import { dot, multiply, rowsOf, transposed } from './matrix.js';
import type { Floats, FloatsConstructor, Matrix } from './matrix.js';

export interface Layer extends DenseLayer {
  /** (outputs, inputs) */
  weights: Matrix;
  /** (outputs) */
  bias: Floats;
}

export interface TrainableLayer extends Layer {
  /** (outputs, inputs) */
  dWeights: Matrix;
  /** (outputs) */
  dBias: Floats;
}

/** All that the network computes for a batch; or, in the same shapes, the gradients of the loss by it. */
export interface Activations {
  /** By layer (batch, outputs): what the activation is applied to. */
  sums: Matrix[];
  /** The network's inputs (batch, inputs), then each layer's outputs (batch, outputs). */
  values: Matrix[];
}

/** The step whose dropout applies; null when evaluating and predicting. */
export type Dropout = Pick<DropoutPlace, 'seed' | 'step'> | null;

/** Room for `batch` samples. */
export function createActivations(
  layers: readonly DenseLayer[],
  batch: number,
  Numbers: FloatsConstructor,
): Activations {
  const room = (width: number): Matrix => rowsOf(new Numbers(batch * width), width);
  const widths = layers.map((layer) => layer.outputs);
  return { sums: widths.map(room), values: [layers[0].inputs, ...widths].map(room) };
}

/** The same buffers for a batch of only `size` samples. */
export function firstRows({ sums, values }: Activations, size: number): Activations {
  const first = (rows: Matrix): Matrix => rows.slice(0, size);
  return { sums: sums.map(first), values: values.map(first) };
}

/** The network's outputs (batch, outputs). */
export function outputsOf({ values }: Activations): Matrix {
  return values[values.length - 1];
}

/** Fills the activations from the network's inputs, `values[0]`, to its outputs. */
export function forward(layers: readonly Layer[], { sums, values }: Activations, dropout: Dropout): void {
  layers.forEach(({ weights, bias, activation, dropout: rate }, layer) => {
    denseForward(sums[layer], values[layer], weights, bias);
    activationForward(activation, values[layer + 1], sums[layer]);
    if (dropout) applyDropout(values[layer + 1], rate, { ...dropout, layer });
  });
}

/**
 * Fills every layer's gradients, after a forward pass with the same dropout. `gradients` holds the gradient of the
 * network's outputs; the others are computed in it, except that of the network's inputs, which is not needed.
 */
export function backward(
  layers: readonly TrainableLayer[],
  { sums, values }: Activations,
  gradients: Activations,
  dropout: Dropout,
): void {
  for (let layer = layers.length - 1; layer >= 0; layer--) {
    const { weights, dWeights, dBias, activation, dropout: rate } = layers[layer];
    const dValues = gradients.values[layer + 1];
    const dSums = gradients.sums[layer];
    if (dropout) applyDropout(dValues, rate, { ...dropout, layer });
    activationBackward(activation, dSums, dValues, sums[layer]);
    denseBackwardWeights(dWeights, dSums, values[layer]);
    denseBackwardBias(dBias, dSums);
    if (layer > 0) denseBackwardInputs(gradients.values[layer], dSums, weights);
  }
}

/**
 * inputs (batch, in), weights (out, in), bias (out) → outputs (batch, out) = inputs · weightsᵀ + bias. As everywhere here,
 * sums are float64 and rounded once, when they are stored.
 */
function denseForward(outputs: Matrix, inputs: Matrix, weights: Matrix, bias: Floats): void {
  for (let b = 0; b < inputs.length; b++) {
    for (let o = 0; o < bias.length; o++) outputs[b][o] = dot(inputs[b], weights[o]) + bias[o];
  }
}

/** dOutputs (batch, out), inputs (batch, in) → dWeights (out, in) = dOutputsᵀ · inputs */
function denseBackwardWeights(dWeights: Matrix, dOutputs: Matrix, inputs: Matrix): void {
  multiply(dWeights, transposed(dOutputs), transposed(inputs));
}

/** dOutputs (batch, out) → dBias (out), the sum over the batch */
function denseBackwardBias(dBias: Floats, dOutputs: Matrix): void {
  for (let o = 0; o < dBias.length; o++) {
    dBias[o] = dOutputs.reduce((sum, row) => sum + row[o], 0);
  }
}

/** dOutputs (batch, out), weights (out, in) → dInputs (batch, in) = dOutputs · weights */
function denseBackwardInputs(dInputs: Matrix, dOutputs: Matrix, weights: Matrix): void {
  multiply(dInputs, dOutputs, transposed(weights));
}

/** In place: values (batch, units) ← values · factors, for values and for their gradients. NaN stays NaN. */
function applyDropout(values: Matrix, rate: number, at: Omit<DropoutPlace, 'row'>): void {
  if (rate === 0) return;
  values.forEach((units, row) => {
    const factors = new Float64Array(units.length);
    fillDropoutFactors({ ...at, row, rate }, factors);
    for (let u = 0; u < units.length; u++) units[u] *= factors[u];
  });
}
