/** The whole network, forward and backward: which layer reads what, and in which order. */
import type { DenseLayer } from '../../network.js';
import { reluBackward, reluForward } from './activation.js';
import { denseBackwardBias, denseBackwardInputs, denseBackwardWeights, denseForward } from './dense.js';
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

/** The network's inputs (batch, inputs), then each layer's outputs (batch, outputs); the last are the logits. */
export type Activations = readonly Matrix[];

/** Room for the activations of `batch` samples. */
export function createActivations(
  layers: readonly DenseLayer[],
  batch: number,
  Numbers: FloatsConstructor,
): Activations {
  const widths = [layers[0].inputs, ...layers.map((layer) => layer.outputs)];
  return widths.map((width) => rowsOf(new Numbers(batch * width), width));
}

/** The same buffers for a batch of only `size` samples. */
export function firstRows(activations: Activations, size: number): Activations {
  return activations.map((rows) => rows.slice(0, size));
}

export function logitsOf(activations: Activations): Matrix {
  return activations[activations.length - 1];
}

/** Fills `activations` from its inputs to its logits. */
export function forward(layers: readonly Layer[], activations: Activations): void {
  layers.forEach(({ weights, bias, activation }, l) => {
    denseForward(activations[l + 1], activations[l], weights, bias);
    if (activation === 'relu') reluForward(activations[l + 1]);
  });
}

/**
 * Fills every layer's gradients. `dActivations`, shaped as `activations`, has the logits' gradient when it comes in;
 * the others are worked out in it, save that of the network's inputs, which nobody needs.
 */
export function backward(
  layers: readonly TrainableLayer[],
  activations: Activations,
  dActivations: Activations,
): void {
  for (let l = layers.length - 1; l >= 0; l--) {
    const { weights, dWeights, dBias, activation } = layers[l];
    const dOutputs = dActivations[l + 1];
    if (activation === 'relu') reluBackward(dOutputs, activations[l + 1]);
    denseBackwardWeights(dWeights, dOutputs, activations[l]);
    denseBackwardBias(dBias, dOutputs);
    if (l > 0) denseBackwardInputs(dActivations[l], dOutputs, weights);
  }
}
