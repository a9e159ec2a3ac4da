/** The whole network, forward and backward: one kernel after the other, with nothing recorded in between. */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { fillDropoutFactors, type DropoutPlace } from '../../network/dropout.js';
import { denseLayers, type DenseLayer, type NetworkSpec } from '../../network/network.js';
import { createActivations } from './activation.js';
import type { Constants } from './constants.js';
import type { Tf } from './tensorflow.js';

/** Which step of which run the units are switched off for; none when evaluating and predicting. */
export type Dropout = Pick<DropoutPlace, 'seed' | 'step'> | null;

/** What a layer made of a batch. */
interface Pass {
  /** (batch, inputs) */
  inputs: Tensor2D;
  /** (batch, outputs), what the activation is applied to. */
  sums: Tensor2D;
  /** (batch, outputs), what it made of them. */
  values: Tensor2D;
  /** (batch, outputs), what dropout multiplied that by. */
  factors: Tensor2D | null;
}

/** For use in a tidy, which all that is made belongs to. */
export interface Passes {
  /** inputs (batch, inputs) → logits (batch, classes), and what the way back needs. */
  forward(
    parameters: readonly Tensor[],
    inputs: Tensor2D,
    dropout: Dropout,
  ): { logits: Tensor2D; passes: Pass[] };
  /** dLogits (batch, classes) → the gradients of the parameters, in their order. */
  backward(parameters: readonly Tensor[], passes: readonly Pass[], dLogits: Tensor2D): Tensor[];
}

/** Parameters are those of parameterShapes, in its order. */
export function createPasses(tf: Tf, network: NetworkSpec, constants: Constants): Passes {
  const layers = denseLayers(network);
  const activations = createActivations(tf, constants);

  function dropoutFactors(
    { outputs, dropout: rate }: DenseLayer,
    at: Omit<DropoutPlace, 'row'>,
    batch: number,
  ): Tensor2D {
    const factors = new Float32Array(batch * outputs);
    for (let row = 0; row < batch; row++) {
      fillDropoutFactors({ ...at, row, rate }, factors.subarray(row * outputs, (row + 1) * outputs));
    }
    return tf.tensor2d(factors, [batch, outputs]);
  }

  return {
    forward(parameters, networkInputs, dropout) {
      const passes: Pass[] = [];
      let inputs = networkInputs;
      layers.forEach((layer, l) => {
        const [weights, bias] = parametersOf(parameters, l);
        const sums: Tensor2D = tf.add(tf.matMul(inputs, weights, false, true), bias);
        const values = activations[layer.activation].value(sums);
        const factors =
          dropout && layer.dropout > 0
            ? dropoutFactors(layer, { ...dropout, layer: l }, inputs.shape[0])
            : null;
        passes.push({ inputs, sums, values, factors });
        inputs = factors ? tf.mul(values, factors) : values;
      });
      return { logits: inputs, passes };
    },

    backward(parameters, passes, dLogits) {
      const gradients: Tensor[] = [];
      let dOutputs = dLogits;
      for (let l = layers.length - 1; l >= 0; l--) {
        const { inputs, sums, values, factors } = passes[l];
        const dValues: Tensor2D = factors ? tf.mul(dOutputs, factors) : dOutputs;
        const dSums = activations[layers[l].activation].gradient(dValues, sums, values);
        gradients.unshift(tf.matMul(dSums, inputs, true, false), tf.sum(dSums, 0));
        if (l > 0) dOutputs = tf.matMul(dSums, parametersOf(parameters, l)[0]);
      }
      return gradients;
    },
  };
}

/** weights (outputs, inputs), bias (outputs) */
function parametersOf(parameters: readonly Tensor[], layer: number): [Tensor2D, Tensor1D] {
  return parameters.slice(2 * layer, 2 * layer + 2) as [Tensor2D, Tensor1D];
}
