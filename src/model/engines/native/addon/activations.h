// The activations and their gradients, as src/model/network/network.ts defines them.
#pragma once
#include "elementary.h"
#include "layout.h"
#include "calls.h"

constexpr float leakySlope = 0.01f;
constexpr float seluScale = 1.0507009873554805f;
// scale · α
constexpr float seluScaledAlpha = 1.7580993408473766f;

// mish(z) is z · n / d, where n / d = tanh(ln(1 + e^z)) = ((1 + e^z)² − 1) / ((1 + e^z)² + 1). By e = e^−|z|, so that nothing
// overflows and nothing is taken from what is nearly the same: e (e + 2) / (e (e + 2) + 2) below 0, and (1 + 2e) / (1 + 2e + 2e²) above.
INLINE Vector mishNumerator(Vector e, Mask isNegative) {
  return select(isNegative, mul(e, add(e, splat(2))), add(splat(1), add(e, e)));
}

INLINE Vector mishDenominator(Vector e, Mask isNegative) {
  Vector below = multiplyAdd(e, add(e, splat(2)), splat(2));
  return select(isNegative, below, multiplyAdd(add(e, e), add(splat(1), e), splat(1)));
}

// t + z · (1 − t²) · σ(z), with t = n / d: (1 − t²) · σ(z) is 4e (1 + e) / d², above 0 times e.
INLINE Vector mishSlope(Vector z) {
  Vector e = exponential(negative(magnitude(z)));
  Mask isNegative = isLess(z, zero());
  Vector denominator = mishDenominator(e, isNegative);
  Vector power = select(isNegative, e, mul(e, e));
  Vector bend = div(mul(z, mul(mul(splat(4), power), add(splat(1), e))), mul(denominator, denominator));
  return add(div(mishNumerator(e, isNegative), denominator), bend);
}

template <Activation kind>
INLINE Vector activation(Vector z) {
  switch (kind) {
    case Activation::identity: return z;
    case Activation::relu: return larger(zero(), z);
    case Activation::leakyRelu: return select(isLess(z, zero()), mul(z, splat(leakySlope)), z);
    case Activation::sigmoid: return sigmoid(z);
    case Activation::tanh: return hyperbolicTangent(z);
    case Activation::gelu: return mul(z, normalDistribution(z));
    case Activation::silu: return mul(z, sigmoid(z));
    case Activation::mish: {
      Vector e = exponential(negative(magnitude(z)));
      Mask isNegative = isLess(z, zero());
      return mul(z, div(mishNumerator(e, isNegative), mishDenominator(e, isNegative)));
    }
    case Activation::selu: {
      Vector below = mul(splat(seluScaledAlpha), exponentialLess1(smaller(zero(), z)));
      return select(isLess(zero(), z), mul(z, splat(seluScale)), below);
    }
  }
}

// The gradient of the argument from that of the value.
template <Activation kind>
INLINE Vector throughActivation(Vector gradient, Vector source) {
  switch (kind) {
    case Activation::identity: return gradient;
    case Activation::relu: return select(isNotZero(source), gradient, zero());
    case Activation::leakyRelu:
      return mul(gradient, select(isLess(zero(), source), splat(1), splat(leakySlope)));
    case Activation::sigmoid: return mul(gradient, mul(source, sub(splat(1), source)));
    case Activation::tanh: return mul(gradient, sub(splat(1), mul(source, source)));
    case Activation::gelu:
      return mul(gradient, multiplyAdd(source, normalDensity(source), normalDistribution(source)));
    case Activation::silu: {
      Vector on = sigmoid(source);
      return mul(gradient, mul(on, multiplyAdd(source, sigmoid(negative(source)), splat(1))));
    }
    case Activation::mish: return mul(gradient, mishSlope(source));
    // Below 0 the slope is scale · α · e^z, and the value scale · α · (e^z − 1).
    case Activation::selu:
      return mul(gradient,
                 select(isLess(zero(), source), splat(seluScale), add(source, splat(seluScaledAlpha))));
  }
}

// In place, of a layer's sums: its outputs. `source` keeps what the gradient is computed from, and `factors` are those of dropout; each
// is null where there is none.
template <Activation kind>
static void activate(const Matrix &values, float *source, const float *factors, int rows, Range panels) {
  for (int panel = panels.first; panel < panels.end; panel++) {
    const size_t first = values.panel(panel) - values.numbers;
    for (size_t at = first; at < first + size_t(rows) * values.columns; at += lanes) {
      Vector z = load(values.numbers + at);
      Vector h = activation<kind>(z);
      if (source != nullptr) store(source + at, isSlopeByArgument(kind) ? z : h);
      if (factors != nullptr) h = mul(h, load(factors + at));
      store(values.numbers + at, h);
    }
  }
}

// In place, of the gradient of a layer's outputs: that of its sums.
template <Activation kind>
static void activationGradient(const Matrix &gradient, const float *source, const float *factors, int rows, Range panels) {
  for (int panel = panels.first; panel < panels.end; panel++) {
    const size_t first = gradient.panel(panel) - gradient.numbers;
    for (size_t at = first; at < first + size_t(rows) * gradient.columns; at += lanes) {
      Vector g = load(gradient.numbers + at);
      if (factors != nullptr) g = mul(g, load(factors + at));
      store(gradient.numbers + at, throughActivation<kind>(g, load(source + at)));
    }
  }
}

typedef void ActivateKernel(const Matrix &, float *, const float *, int, Range);
typedef void ActivationGradientKernel(const Matrix &, const float *, const float *, int, Range);

static void activateAs(Activation kind, const Matrix &values, float *source, const float *factors, int rows, Range panels) {
  static ActivateKernel *const kernels[] = {
      activate<Activation::identity>, activate<Activation::relu>, activate<Activation::leakyRelu>,
      activate<Activation::sigmoid>,  activate<Activation::tanh>, activate<Activation::gelu>,
      activate<Activation::silu>,     activate<Activation::mish>, activate<Activation::selu>,
  };
  kernels[int(kind)](values, source, factors, rows, panels);
}

static void activationGradientAs(Activation kind, const Matrix &gradient, const float *source, const float *factors, int rows,
                                 Range panels) {
  static ActivationGradientKernel *const kernels[] = {
      activationGradient<Activation::identity>, activationGradient<Activation::relu>,
      activationGradient<Activation::leakyRelu>, activationGradient<Activation::sigmoid>,
      activationGradient<Activation::tanh>, activationGradient<Activation::gelu>,
      activationGradient<Activation::silu>, activationGradient<Activation::mish>,
      activationGradient<Activation::selu>,
  };
  kernels[int(kind)](gradient, source, factors, rows, panels);
}
