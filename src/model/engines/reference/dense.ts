/** The dense layer: outputs = inputs · weightsᵀ + bias. Sums are float64, and rounded once, when they are stored. */
import { dot, multiply, transposed } from './matrix.js';
import type { Floats, Matrix } from './matrix.js';

/** inputs (batch, in), weights (out, in), bias (out) → outputs (batch, out) */
export function denseForward(outputs: Matrix, inputs: Matrix, weights: Matrix, bias: Floats): void {
  for (let b = 0; b < inputs.length; b++) {
    for (let o = 0; o < bias.length; o++) outputs[b][o] = dot(inputs[b], weights[o]) + bias[o];
  }
}

/** dOutputs (batch, out), inputs (batch, in) → dWeights (out, in) = dOutputsᵀ · inputs */
export function denseBackwardWeights(dWeights: Matrix, dOutputs: Matrix, inputs: Matrix): void {
  multiply(dWeights, transposed(dOutputs), transposed(inputs));
}

/** dOutputs (batch, out) → dBias (out), the sum over the batch */
export function denseBackwardBias(dBias: Floats, dOutputs: Matrix): void {
  for (let o = 0; o < dBias.length; o++) {
    dBias[o] = dOutputs.reduce((sum, row) => sum + row[o], 0);
  }
}

/** dOutputs (batch, out), weights (out, in) → dInputs (batch, in) = dOutputs · weights */
export function denseBackwardInputs(dInputs: Matrix, dOutputs: Matrix, weights: Matrix): void {
  multiply(dInputs, dOutputs, transposed(weights));
}
