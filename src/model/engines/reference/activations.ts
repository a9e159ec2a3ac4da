/**
 * The activations and their gradients, number by number. A NaN stays a NaN in both directions, so that divergence cannot
 * hide.
 */
import { selu, type Activation } from '../../network/network.js';
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
    // 0 at 0 itself, as in PyTorch.
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
  silu: {
    value: (x) => x * sigmoid(x),
    gradient: (dValue, x) => dValue * sigmoid(x) * (1 + x * (1 - sigmoid(x))),
  },
  mish: {
    value: (x) => x * Math.tanh(softplus(x)),
    gradient: (dValue, x) => {
      const t = Math.tanh(softplus(x));
      return dValue * (t + x * (1 - t * t) * sigmoid(x));
    },
  },
  selu: {
    value: (x) => selu.scale * (x > 0 ? x : selu.alpha * Math.expm1(x)),
    gradient: (dValue, x) => dValue * selu.scale * (x > 0 ? 1 : selu.alpha * Math.exp(x)),
  },
};

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** ln(1 + e^x), which is x where e^x would overflow. */
function softplus(x: number): number {
  return x > 30 ? x : Math.log1p(Math.exp(x));
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

/** Here both converge quickly, and x² is still so small that the rounding of exp(−x²) does not show. */
const seriesBelow = 2;
/** After this many terms the continued fraction is within a rounding of its limit at x = 2; beyond it, sooner. */
const fractionTerms = 60;

/**
 * The error function in float64, within 1e-15 of the true value, which JavaScript does not have. M. Abramowitz, I. Stegun,
 * "Handbook of Mathematical Functions", 1964: a series near 0 and a continued fraction beyond. NaN stays NaN.
 */
export function erf(x: number): number {
  if (x < 0) return -erf(-x);
  return x > seriesBelow ? 1 - complement(x) : series(x);
}

/** 7.1.6: 2 / √π · exp(−x²) · Σ 2^n x^(2n + 1) / (1 · 3 · … · (2n + 1)), whose terms all have the same sign. */
function series(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Number.EPSILON * 1e-2 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** 7.1.14: erfc(x) = exp(−x²) / √π · 1 / (x + (1/2) / (x + 1 / (x + (3/2) / (x + …)))) */
function complement(x: number): number {
  let tail = x;
  for (let n = fractionTerms; n > 0; n--) tail = x + n / 2 / tail;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * tail);
}
