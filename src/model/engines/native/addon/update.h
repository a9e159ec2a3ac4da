// What is done with a gradient as soon as it is known: a step of the optimiser, or it is stored until the norm of all of them is
// known. Formulas: src/model/network/optimizers.ts.
#pragma once
#include "layout.h"
#include "calls.h"
#include "simd.h"

// Adam and AdamW, bias-corrected.
INLINE void adam(const OptimizerSettings &s, const float *gradients, float *w, float *m, float *v, int count) {
  const Vector shrink = splat(s.shrink), penalty = splat(s.penalty), keep1 = splat(s.beta1), take1 = splat(s.less1);
  const Vector keep2 = splat(s.beta2), take2 = splat(s.less2), size = splat(s.stepSize), root = splat(s.root);
  const Vector epsilon = splat(s.epsilon);
  for (int i = 0; i < count; i += lanes) {
    Vector weight = load(w + i);
    Vector gradient = multiplyAdd(penalty, weight, load(gradients + i));
    Vector mean = multiplyAdd(keep1, load(m + i), mul(take1, gradient));
    Vector square = multiplyAdd(keep2, load(v + i), mul(take2, mul(gradient, gradient)));
    store(m + i, mean);
    store(v + i, square);
    Vector change = div(mul(size, mean), multiplyAdd(squareRoot(square), root, epsilon));
    store(w + i, sub(mul(weight, shrink), change));
  }
}

INLINE void descent(const OptimizerSettings &s, const float *gradients, float *w, int count) {
  const Vector penalty = splat(s.penalty), rate = splat(-s.stepSize);
  for (int i = 0; i < count; i += lanes) {
    Vector weight = load(w + i);
    Vector gradient = multiplyAdd(penalty, weight, load(gradients + i));
    store(w + i, multiplyAdd(rate, gradient, weight));
  }
}

INLINE void momentumDescent(const OptimizerSettings &s, const float *gradients, float *w, float *buffer, int count) {
  const Vector penalty = splat(s.penalty), rate = splat(-s.stepSize), momentum = splat(s.beta1);
  const Vector ofGradient = splat(s.ofGradient), ofBuffer = splat(s.ofBuffer);
  for (int i = 0; i < count; i += lanes) {
    Vector weight = load(w + i);
    Vector gradient = multiplyAdd(penalty, weight, load(gradients + i));
    Vector velocity = multiplyAdd(momentum, load(buffer + i), gradient);
    store(buffer + i, velocity);
    Vector direction = multiplyAdd(ofBuffer, velocity, mul(ofGradient, gradient));
    store(w + i, multiplyAdd(rate, direction, weight));
  }
}

INLINE void rmsprop(const OptimizerSettings &s, const float *gradients, float *w, float *v, int count) {
  const Vector penalty = splat(s.penalty), rate = splat(s.stepSize), keep = splat(s.beta2), take = splat(s.less2);
  const Vector epsilon = splat(s.epsilon);
  for (int i = 0; i < count; i += lanes) {
    Vector weight = load(w + i);
    Vector gradient = multiplyAdd(penalty, weight, load(gradients + i));
    Vector square = multiplyAdd(keep, load(v + i), mul(take, mul(gradient, gradient)));
    store(v + i, square);
    store(w + i, sub(weight, div(mul(rate, gradient), add(squareRoot(square), epsilon))));
  }
}

// The average follows the parameters that a step has changed.
INLINE void follow(const OptimizerSettings &s, const float *w, float *average, int count) {
  const Vector keep = splat(s.averageKeep), take = splat(s.averageTake);
  for (int i = 0; i < count; i += lanes) {
    store(average + i, multiplyAdd(keep, load(average + i), mul(take, load(w + i))));
  }
}

// `count` neighbouring parameters, a multiple of 16, by their gradients. Pointers are null where nothing is kept.
static void optimizerStep(const Update &update, const float *gradients, float *w, float *slot0, float *slot1, float *average,
                 int count) {
  const OptimizerSettings &settings = *update.settings;
  switch (update.optimizer) {
    case Optimizer::adam: adam(settings, gradients, w, slot0, slot1, count); break;
    case Optimizer::descent: descent(settings, gradients, w, count); break;
    case Optimizer::momentumDescent: momentumDescent(settings, gradients, w, slot0, count); break;
    case Optimizer::rmsprop: rmsprop(settings, gradients, w, slot0, count); break;
  }
  if (average != nullptr) follow(settings, w, average, count);
}

INLINE float *offset(float *numbers, size_t at) { return numbers == nullptr ? nullptr : numbers + at; }

static void stepAt(const Update &update, const float *gradients, float *Parameters::*part, size_t at, int count) {
  const LearnedParameters &learned = *update.learned;
  optimizerStep(update, gradients, learned.values.*part + at, offset(learned.slots[0].*part, at),
       offset(learned.slots[1].*part, at), offset(learned.averages.*part, at), count);
}

static void apply(const Update &update, const float *gradients, float *Parameters::*part, size_t at, int count) {
  if (update.learned->gradients.weights == nullptr) stepAt(update, gradients, part, at, count);
  else memcpy(update.learned->gradients.*part + at, gradients, sizeof(float) * count);
}

// gradient (count, columns) of the weights of `count` inputs from `input`.
INLINE void applyToWeights(const Update &update, const float *gradient, int panel, int input, int count) {
  const DenseShape &shape = *update.shape;
  apply(update, gradient, &Parameters::weights, shape.at(panel, input), count * shape.columns);
}

// gradient (columns)
INLINE void applyToBias(const Update &update, const float *gradient, int panel) {
  const DenseShape &shape = *update.shape;
  apply(update, gradient, &Parameters::bias, size_t(panel) * shape.columns, shape.columns);
}

// The sum of the squares of neighbouring numbers of one row or several, of which `width` in each group of `columns` count. Always in
// the same order.
static double squaresOf(const float *numbers, int rows, int columns, int width) {
  double sums[panelColumns] = {0};
  for (int row = 0; row < rows; row++) {
    for (int column = 0; column < columns; column++) {
      double number = numbers[row * columns + column];
      sums[column] += number * number;
    }
  }
  double sum = 0;
  for (int column = 0; column < width; column++) sum += sums[column];
  return sum;
}

// squares (panels) ← the sum of the squares of each panel's stored gradients.
static void sumSquares(const DenseShape &shape, const Parameters &gradients, double *squares, Range panels) {
  for (int panel = panels.first; panel < panels.end; panel++) {
    int left = shape.outputs - panel * shape.columns;
    int width = left < shape.columns ? left : shape.columns;
    squares[panel] = squaresOf(gradients.weights + shape.at(panel, 0), shape.inputs, shape.columns, width) +
                     squaresOf(gradients.bias + panel * shape.columns, 1, shape.columns, width);
  }
}

// The parameters of these panels by `factor` times their stored gradients.
static void updateStored(const Update &update, float factor, Range panels) {
  const DenseShape &shape = *update.shape;
  const Parameters &gradients = update.learned->gradients;
  const Vector factors = splat(factor);
  alignas(64) float scaled[blockRows * panelColumns];
  const auto scale = [&](const float *from, int count) {
    for (int i = 0; i < count; i += lanes) store(scaled + i, mul(factors, load(from + i)));
  };
  for (int panel = panels.first; panel < panels.end; panel++) {
    for (int input = 0; input < shape.inputs; input += blockRows) {
      int count = (shape.inputs - input < blockRows ? shape.inputs - input : blockRows) * shape.columns;
      scale(gradients.weights + shape.at(panel, input), count);
      stepAt(update, scaled, &Parameters::weights, shape.at(panel, input), count);
    }
    scale(gradients.bias + panel * shape.columns, shape.columns);
    stepAt(update, scaled, &Parameters::bias, size_t(panel) * shape.columns, shape.columns);
  }
}
