/** Elementary functions of four float32 at a time, accurate to a few units in the last place. NaN stays NaN. */

/**
 * e^x for x ≤ 0; below −87 it stays at e^−87, about the smallest result that is not a denormal number. S. Moshier, Cephes Math Library,
 * expf.
 */
@inline
export function exponential(x: v128): v128 {
  x = f32x4.max(x, f32x4.splat(-87));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)));
  const r = remainder(x, n);
  return f32x4.mul(f32x4.add(smallExponentialLess1(r), f32x4.splat(1)), powerOfTwo(n));
}

/** e^x − 1 for x ≤ 0, accurate also where it is near 0. */
@inline
export function exponentialLess1(x: v128): v128 {
  x = f32x4.max(x, f32x4.splat(-87));
  const one = f32x4.splat(1);
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)));
  const small = smallExponentialLess1(remainder(x, n));
  const large = f32x4.sub(f32x4.mul(f32x4.add(small, one), powerOfTwo(n)), one);
  return v128.bitselect(large, small, f32x4.ne(n, f32x4.splat(0)));
}

/** x − n · ln 2, with ln 2 in two parts, the first of which has few bits: its product is exact. */
@inline
function remainder(x: v128, n: v128): v128 {
  const r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  return f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.1219444e-4)));
}

/** e^r − 1 for |r| ≤ ln 2 / 2. */
@inline
function smallExponentialLess1(r: v128): v128 {
  let p = f32x4.splat(1.987569150e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  return f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r);
}

/** 2^n for whole n from −126 to 0. */
@inline
function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
}

/** 1 / (1 + e^−x), by the exponential of −|x| on both sides. */
@inline
export function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  const e = exponential(f32x4.neg(f32x4.abs(x)));
  const isNegative = f32x4.lt(x, f32x4.splat(0));
  return f32x4.div(v128.bitselect(e, one, isNegative), f32x4.add(one, e));
}

/** By a rational function of x², as in Eigen (`generic_fast_tanh_float`); beyond ±7.9 it is ±1. */
@inline
export function tanh(x: v128): v128 {
  const bound = f32x4.splat(7.90531110763549805);
  x = f32x4.max(f32x4.min(x, bound), f32x4.neg(bound));
  const s = f32x4.mul(x, x);
  let p = f32x4.splat(-2.76076847742355e-16);
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(2.00018790482477e-13));
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(-8.60467152213735e-11));
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(5.12229709037114e-8));
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(1.48572235717979e-5));
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(6.37261928875436e-4));
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(4.89352455891786e-3));
  let q = f32x4.splat(1.19825839466702e-6);
  q = f32x4.add(f32x4.mul(q, s), f32x4.splat(1.18534705686654e-4));
  q = f32x4.add(f32x4.mul(q, s), f32x4.splat(2.2684346324390e-3));
  q = f32x4.add(f32x4.mul(q, s), f32x4.splat(4.89352518554385e-3));
  return f32x4.div(f32x4.mul(x, p), q);
}

/** By a rational function of x², as in Eigen (`generic_fast_erf_float`); beyond ±4 it is ±1. */
@inline
function erf(x: v128): v128 {
  const bound = f32x4.splat(4);
  x = f32x4.max(f32x4.min(x, bound), f32x4.neg(bound));
  const s = f32x4.mul(x, x);
  let p = f32x4.splat(-2.72614225801306e-10);
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(2.77068142495902e-8));
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(-2.10102402082508e-6));
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(-5.69250639462346e-5));
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(-7.34990630326855e-4));
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(-2.954599808540250e-3));
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(-1.60960333262415e-2));
  let q = f32x4.splat(-1.45660718464996e-5);
  q = f32x4.add(f32x4.mul(q, s), f32x4.splat(-2.13374055278905e-4));
  q = f32x4.add(f32x4.mul(q, s), f32x4.splat(-1.68282697438203e-3));
  q = f32x4.add(f32x4.mul(q, s), f32x4.splat(-7.37332916720468e-3));
  q = f32x4.add(f32x4.mul(q, s), f32x4.splat(-1.42647390514189e-2));
  return f32x4.div(f32x4.mul(x, p), q);
}

/** Φ, the distribution function of the standard normal distribution. */
@inline
export function normalDistribution(x: v128): v128 {
  const half = f32x4.splat(0.5);
  return f32x4.add(half, f32x4.mul(half, erf(f32x4.mul(x, f32x4.splat(0.70710678118654752)))));
}

/** φ, its density. */
@inline
export function normalDensity(x: v128): v128 {
  const exponent = f32x4.mul(f32x4.splat(-0.5), f32x4.mul(x, x));
  return f32x4.mul(f32x4.splat(0.39894228040143268), exponential(exponent));
}
