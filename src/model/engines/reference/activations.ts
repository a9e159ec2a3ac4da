/** The activations and their gradients, number by number. A NaN stays a NaN in both directions, so that divergence cannot hide. */
import {
  activationFunctions,
  negativeSlope,
  normalDistribution,
  sigmoid,
  softplus,
} from '../../network/activation-functions.js';
import { selu, type Activation } from '../../network/network.js';
import type { Matrix } from './matrix.js';

/** The gradient of x, from that of the value. */
const gradients: Record<Activation, (dValue: number, x: number) => number> = {
  identity: (dValue) => dValue,
  // 0 at 0 itself, as in PyTorch.
  relu: (dValue, x) => (x <= 0 ? 0 : dValue),
  leaky_relu: (dValue, x) => (x > 0 ? dValue : negativeSlope * dValue),
  sigmoid: (dValue, x) => dValue * sigmoid(x) * (1 - sigmoid(x)),
  tanh: (dValue, x) => dValue * (1 - Math.tanh(x) ** 2),
  gelu: (dValue, x) => dValue * (normalDistribution(x) + x * normalDensity(x)),
  silu: (dValue, x) => dValue * sigmoid(x) * (1 + x * (1 - sigmoid(x))),
  mish: (dValue, x) => {
    const t = Math.tanh(softplus(x));
    return dValue * (t + x * (1 - t * t) * sigmoid(x));
  },
  selu: (dValue, x) => dValue * selu.scale * (x > 0 ? 1 : selu.alpha * Math.exp(x)),
};

/** Φ′(x) */
function normalDensity(x: number): number {
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
}

/** sums (batch, units) → values (batch, units) */
export function activationForward(activation: Activation, values: Matrix, sums: Matrix): void {
  const valueOf = activationFunctions[activation];
  sums.forEach((row, b) => row.forEach((x, i) => (values[b][i] = valueOf(x))));
}

/** dValues (batch, units), sums (batch, units) → dSums (batch, units) */
export function activationBackward(
  activation: Activation,
  dSums: Matrix,
  dValues: Matrix,
  sums: Matrix,
): void {
  const gradientOf = gradients[activation];
  sums.forEach((row, b) => row.forEach((x, i) => (dSums[b][i] = gradientOf(dValues[b][i], x))));
}
