/** The whole network, forward and backward: which layer reads what, and in which order. */
import type { DropoutPlace } from '../../network/dropout.js';
import type { DenseLayer } from '../../network/network.js';
import { activationBackward, activationForward } from './activation.js';
import { denseBackwardBias, denseBackwardInputs, denseBackwardWeights, denseForward } from './dense.js';
import { applyDropout } from './dropout.js';
import { rowsOf } from './matrix.js';
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

/** What the network makes of a batch; or, shaped the same, the loss's gradients by it. */
export interface Activations {
  /** By layer (batch, outputs): what the activation is applied to. */
  sums: Matrix[];
  /** The network's inputs (batch, inputs), then each layer's outputs (batch, outputs); the last are the logits. */
  values: Matrix[];
}

/** Which step of which run the units are switched off for; none when evaluating and predicting. */
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

export function logitsOf({ values }: Activations): Matrix {
  return values[values.length - 1];
}

/** Fills the activations from their inputs, `values[0]`, to the logits. */
export function forward(layers: readonly Layer[], { sums, values }: Activations, dropout: Dropout): void {
  layers.forEach(({ weights, bias, activation, dropout: rate }, layer) => {
    denseForward(sums[layer], values[layer], weights, bias);
    activationForward(activation, values[layer + 1], sums[layer]);
    if (dropout) applyDropout(values[layer + 1], rate, { ...dropout, layer });
  });
}

/**
 * Fills every layer's gradients, after a forward pass with the same dropout. `gradients` has the logits' gradient when it
 * comes in; the others are worked out in it, save that of the network's inputs, which nobody needs.
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
