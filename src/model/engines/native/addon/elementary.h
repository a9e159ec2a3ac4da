// Elementary functions of vectors, accurate to a few units in the last place. A NaN stays one, so that divergence cannot hide.
#pragma once
#include "simd.h"

// The value of a polynomial, by Horner's scheme, from the highest coefficient.
template <int count>
INLINE Vector polynomial(Vector x, const float (&coefficients)[count]) {
  Vector sum = splat(coefficients[0]);
#pragma GCC unroll 8
  for (int i = 1; i < count; i++) sum = multiplyAdd(sum, x, splat(coefficients[i]));
  return sum;
}

// e^r − 1 for |r| ≤ ln 2 / 2. S. Moshier, Cephes Math Library, expf.
INLINE Vector smallExponentialLess1(Vector r) {
  Vector p = polynomial(r, {1.987569150e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f,
                            5.0000001201e-1f});
  return multiplyAdd(p, mul(r, r), r);
}

// x − n · ln 2, with ln 2 in two parts.
INLINE Vector remainderOf(Vector x, Vector n) {
  Vector r = multiplyAdd(n, splat(-0.693359375f), x);
  return multiplyAdd(n, splat(2.12194440e-4f), r);
}

// e^x for x ≤ 0; below −87 it stays at e^−87, about the smallest result that is not a denormal number.
INLINE Vector exponential(Vector x) {
  x = larger(splat(-87), x);
  Vector n = nearest(mul(x, splat(1.44269504f)));
  return mul(add(smallExponentialLess1(remainderOf(x, n)), splat(1)), powerOfTwo(n));
}

// e^x − 1 for x ≤ 0, accurate also where it is near 0.
INLINE Vector exponentialLess1(Vector x) {
  x = larger(splat(-87), x);
  Vector n = nearest(mul(x, splat(1.44269504f)));
  Vector small = smallExponentialLess1(remainderOf(x, n));
  Vector large = sub(mul(add(small, splat(1)), powerOfTwo(n)), splat(1));
  return select(isNotZero(n), large, small);
}

// 1 / (1 + e^−x), by the exponential of −|x| on both sides.
INLINE Vector sigmoid(Vector x) {
  Vector e = exponential(negative(magnitude(x)));
  return div(select(isLess(x, zero()), e, splat(1)), add(splat(1), e));
}

INLINE Vector within(Vector x, float bound) { return larger(splat(-bound), smaller(splat(bound), x)); }

// By a rational function of x², as in Eigen (`generic_fast_tanh_float`); beyond ±7.9 it is ±1.
INLINE Vector hyperbolicTangent(Vector x) {
  x = within(x, 7.90531110763549805f);
  Vector s = mul(x, x);
  Vector p = polynomial(s, {-2.76076847742355e-16f, 2.00018790482477e-13f, -8.60467152213735e-11f, 5.12229709037114e-8f,
                            1.48572235717979e-5f, 6.37261928875436e-4f, 4.89352455891786e-3f});
  Vector q = polynomial(s, {1.19825839466702e-6f, 1.18534705686654e-4f, 2.2684346324390e-3f, 4.89352518554385e-3f});
  return div(mul(x, p), q);
}

// By a rational function of x², as in Eigen (`generic_fast_erf_float`); beyond ±4 it is ±1.
INLINE Vector errorFunction(Vector x) {
  x = within(x, 4);
  Vector s = mul(x, x);
  Vector p = polynomial(s, {-2.72614225801306e-10f, 2.77068142495902e-8f, -2.10102402082508e-6f, -5.69250639462346e-5f,
                            -7.34990630326855e-4f, -2.954599808540250e-3f, -1.60960333262415e-2f});
  Vector q = polynomial(s, {-1.45660718464996e-5f, -2.13374055278905e-4f, -1.68282697438203e-3f, -7.37332916720468e-3f,
                            -1.42647390514189e-2f});
  return div(mul(x, p), q);
}

// Φ, the distribution function of the standard normal distribution.
INLINE Vector normalDistribution(Vector x) {
  return multiplyAdd(splat(0.5f), errorFunction(mul(x, splat(0.70710678f))), splat(0.5f));
}

// φ, its density.
INLINE Vector normalDensity(Vector x) {
  return mul(splat(0.39894228f), exponential(mul(splat(-0.5f), mul(x, x))));
}
