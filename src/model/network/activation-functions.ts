/** The activations as functions of one number, in float64: what every engine computes, but for rounding. NaN stays NaN. */
import { selu, type Activation } from './network.js';

export const negativeSlope = 0.01;

export const activationFunctions: Readonly<Record<Activation, (x: number) => number>> = {
  identity: (x) => x,
  relu: (x) => Math.max(0, x),
  leaky_relu: (x) => (x > 0 ? x : negativeSlope * x),
  sigmoid,
  tanh: Math.tanh,
  gelu: (x) => x * normalDistribution(x),
  silu: (x) => x * sigmoid(x),
  mish: (x) => x * Math.tanh(softplus(x)),
  selu: (x) => selu.scale * (x > 0 ? x : selu.alpha * Math.expm1(x)),
};

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** ln(1 + e^x), which is x where e^x would overflow. */
export function softplus(x: number): number {
  return x > 30 ? x : Math.log1p(Math.exp(x));
}

/** Φ(x) */
export function normalDistribution(x: number): number {
  return (1 + erf(x * Math.SQRT1_2)) / 2;
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
