/**
 * The activations and their gradients, number by number. A NaN stays a NaN in both directions, as in PyTorch, so that
 * divergence cannot hide.
 */
import type { Activation } from '../../network/network.js';
import { erf } from './erf.js';
import type { Matrix } from './matrix.js';

interface Curve {
  value: (x: number) => number;
  /** The gradient of x, from that of the value. */
  gradient: (dValue: number, x: number) => number;
}

const negativeSlope = 0.01;

const curves: Record<Activation, Curve> = {
  identity: {
    value: (x) => x,
    gradient: (dValue) => dValue,
  },
  relu: {
    value: (x) => Math.max(0, x),
    // At 0 itself it is 0.
    gradient: (dValue, x) => (x <= 0 ? 0 : dValue),
  },
  leaky_relu: {
    value: (x) => (x > 0 ? x : negativeSlope * x),
    gradient: (dValue, x) => (x > 0 ? dValue : negativeSlope * dValue),
  },
  sigmoid: {
    value: sigmoid,
    gradient: (dValue, x) => dValue * sigmoid(x) * (1 - sigmoid(x)),
  },
  tanh: {
    value: Math.tanh,
    gradient: (dValue, x) => dValue * (1 - Math.tanh(x) ** 2),
  },
  gelu: {
    value: (x) => x * normalDistribution(x),
    gradient: (dValue, x) => dValue * (normalDistribution(x) + x * normalDensity(x)),
  },
};

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** Φ(x) */
function normalDistribution(x: number): number {
  return (1 + erf(x * Math.SQRT1_2)) / 2;
}

/** Φ′(x) */
function normalDensity(x: number): number {
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
}

/** sums (batch, units) → values (batch, units) */
export function activationForward(activation: Activation, values: Matrix, sums: Matrix): void {
  const { value } = curves[activation];
  sums.forEach((row, b) => row.forEach((x, i) => (values[b][i] = value(x))));
}

/** dValues (batch, units), sums (batch, units) → dSums (batch, units) */
export function activationBackward(
  activation: Activation,
  dSums: Matrix,
  dValues: Matrix,
  sums: Matrix,
): void {
  const { gradient } = curves[activation];
  sums.forEach((row, b) => row.forEach((x, i) => (dSums[b][i] = gradient(dValues[b][i], x))));
}
