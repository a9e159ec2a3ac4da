/** The network and its loss, forward and backward: one kernel after the other, with nothing recorded in between. */
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { fillDropoutFactors, type DropoutPlace } from '../../network/dropout.js';
import type { Loss } from '../../network/losses.js';
import {
  denseLayers,
  selu,
  type Activation,
  type DenseLayer,
  type NetworkSpec,
} from '../../network/network.js';
import type { Tf } from './tensorflow.js';

/** The step whose dropout applies; null when evaluating and predicting. */
export type Dropout = Pick<DropoutPlace, 'seed' | 'step'> | null;

/** What a layer computed for a batch. */
interface Pass {
  /** (batch, inputs) */
  inputs: Tensor2D;
  /** (batch, outputs), what the activation is applied to. */
  sums: Tensor2D;
  /** (batch, outputs), what it gives. */
  values: Tensor2D;
  /** (batch, outputs), what dropout multiplies that by. */
  factors: Tensor2D | null;
}

/** For use in a tidy, which disposes of all that they create. */
export interface Passes {
  /** inputs (batch, inputs) → outputs (batch, outputs), and what the way back needs. */
  forward(
    parameters: readonly Tensor[],
    inputs: Tensor2D,
    dropout: Dropout,
  ): { outputs: Tensor2D; passes: Pass[] };
  /** The gradient of the outputs (batch, outputs) → the gradients of the parameters, in their order. */
  backward(parameters: readonly Tensor[], passes: readonly Pass[], dOutputs: Tensor2D): Tensor[];
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
      return { outputs: inputs, passes };
    },

    backward(parameters, passes, dNetworkOutputs) {
      const gradients: Tensor[] = [];
      let dOutputs = dNetworkOutputs;
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

/**
 * The gradient of the batch's loss by the outputs, all (batch, outputs), in a tidy: Σ w·dl / Σ w. `targets` are one-hot or
 * values; of one-hot targets of cross_entropy `smoothing` is spread over the classes. `shares` (batch, 1) is each sample's w / Σ w; null where all samples count the same.
 */
export function lossGradient(
  tf: Tf,
  { of }: Constants,
  loss: Loss,
  {
    outputs,
    targets,
    smoothing,
    shares,
  }: { outputs: Tensor2D; targets: Tensor2D; smoothing: number; shares: Tensor2D | null },
): Tensor2D {
  const [batch, width] = outputs.shape;
  const slopesOf = (): { slopes: Tensor2D; factor: number } => {
    if (loss === 'cross_entropy') {
      const smoothed: Tensor2D =
        smoothing === 0 ? targets : tf.add(tf.mul(targets, of(1 - smoothing)), of(smoothing / width));
      return { slopes: tf.sub(tf.softmax(outputs), smoothed), factor: 1 };
    }
    const errors: Tensor2D = tf.sub(outputs, targets);
    if (loss === 'mae') return { slopes: tf.sign(errors), factor: 1 / width };
    if (loss === 'huber') return { slopes: tf.clipByValue(errors, -1, 1), factor: 1 / width };
    return { slopes: errors, factor: 2 / width };
  };
  const { slopes, factor } = slopesOf();
  if (shares === null) return tf.mul(slopes, of(factor / batch));
  return tf.mul(slopes, factor === 1 ? shares : tf.mul(shares, of(factor)));
}

/** All (batch, units). */
interface Curve {
  value(sums: Tensor2D): Tensor2D;
  /** The gradient of the sums, from that of the values. */
  gradient(dValues: Tensor2D, sums: Tensor2D, values: Tensor2D): Tensor2D;
}

const negativeSlope = 0.01;

function createActivations(tf: Tf, { of }: Constants): Record<Activation, Curve> {
  /** Φ(x) */
  const normalDistribution = (x: Tensor2D): Tensor2D =>
    tf.mul(tf.add(tf.erf(tf.mul(x, of(Math.SQRT1_2))), of(1)), of(0.5));
  /** Φ′(x) */
  const normalDensity = (x: Tensor2D): Tensor2D =>
    tf.mul(tf.exp(tf.mul(tf.square(x), of(-0.5))), of(1 / Math.sqrt(2 * Math.PI)));

  return {
    identity: {
      value: (x) => x,
      gradient: (dValues) => dValues,
    },
    relu: {
      value: (x) => tf.relu(x),
      // The outputs are never below 0, so their sign is the slope.
      gradient: (dValues, _, values) => tf.mul(dValues, tf.sign(values)),
    },
    leaky_relu: {
      value: (x) => tf.leakyRelu(x, negativeSlope),
      gradient: (dValues, x) => tf.where(tf.greater(x, of(0)), dValues, tf.mul(dValues, of(negativeSlope))),
    },
    sigmoid: {
      value: (x) => tf.sigmoid(x),
      gradient: (dValues, _, values) => tf.mul(dValues, tf.mul(values, tf.sub(of(1), values))),
    },
    tanh: {
      value: (x) => tf.tanh(x),
      gradient: (dValues, _, values) => tf.mul(dValues, tf.sub(of(1), tf.square(values))),
    },
    gelu: {
      value: (x) => tf.mul(x, normalDistribution(x)),
      gradient: (dValues, x) => tf.mul(dValues, tf.add(normalDistribution(x), tf.mul(x, normalDensity(x)))),
    },
    silu: {
      value: (x) => tf.mul(x, tf.sigmoid(x)),
      gradient(dValues, x, values) {
        const on: Tensor2D = tf.sigmoid(x);
        return tf.mul(dValues, tf.add(on, tf.mul(values, tf.sub(of(1), on))));
      },
    },
    mish: {
      value: (x) => tf.mul(x, tf.tanh(tf.softplus(x))),
      gradient(dValues, x) {
        const t: Tensor2D = tf.tanh(tf.softplus(x));
        const slope = tf.mul(tf.mul(x, tf.sub(of(1), tf.square(t))), tf.sigmoid(x));
        return tf.mul(dValues, tf.add(t, slope));
      },
    },
    selu: {
      value: (x) => tf.selu(x),
      // Below 0 the slope is scale · α · e^x, and the value scale · α · (e^x − 1).
      gradient(dValues, x, values) {
        const below = tf.add(values, of(selu.scale * selu.alpha));
        return tf.mul(dValues, tf.where(tf.greater(x, of(0)), of(selu.scale), below));
      },
    },
  };
}

/** Numbers that are on the device once, however often they are used. */
export interface Constants {
  of: (value: number) => Scalar;
  dispose: () => void;
}

export function createConstants(tf: Tf): Constants {
  const scalars = new Map<number, Scalar>();
  return {
    of(value) {
      let scalar = scalars.get(value);
      if (scalar === undefined) {
        // No tidy that it is created in may dispose of it.
        scalar = tf.keep(tf.scalar(value));
        scalars.set(value, scalar);
      }
      return scalar;
    },
    dispose() {
      tf.dispose([...scalars.values()]);
      scalars.clear();
    },
  };
}
