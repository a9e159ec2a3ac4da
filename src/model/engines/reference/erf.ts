/**
 * The error function in float64, within 1e-15 of the true value: M. Abramowitz, I. Stegun, "Handbook of Mathematical
 * Functions", 1964, by a series near 0 and by a continued fraction beyond. In JavaScript there is none.
 */

/** Where both converge soon, and an exponent of −x² is not yet so large that its rounding shows. */
const seriesBelow = 2;
/** After so many the continued fraction is within a rounding of its limit at x = 2, and beyond it sooner. */
const fractionTerms = 60;

/** NaN stays NaN. */
export function erf(x: number): number {
  if (x < 0) return -erf(-x);
  return x > seriesBelow ? 1 - complement(x) : series(x);
}

/** 7.1.6: 2 / √π · exp(−x²) · Σ 2^n x^(2n + 1) / (1 · 3 · … · (2n + 1)), all of whose terms have the same sign. */
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
