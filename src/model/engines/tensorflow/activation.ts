/** The activations and their gradients, in as few kernels as there are for them. */
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Activation } from '../../network/network.js';
import type { Constants } from './constants.js';
import type { Tf } from './tensorflow.js';

/** All (batch, units). */
interface Curve {
  value(sums: Tensor2D): Tensor2D;
  /** The gradient of the sums, from that of the values. */
  gradient(dValues: Tensor2D, sums: Tensor2D, values: Tensor2D): Tensor2D;
}

const negativeSlope = 0.01;

export function createActivations(tf: Tf, { of }: Constants): Record<Activation, Curve> {
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
      // The sign of what is never below 0 is the gradient.
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
  };
}
