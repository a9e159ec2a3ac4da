// What the kernels are told beside numbers: how inputs are read, what is dropped, how losses are computed and parameters updated.
#pragma once
#include "layout.h"

// As trainer.ts numbers them.
enum class Activation { identity, relu, leakyRelu, sigmoid, tanh, gelu, silu, mish, selu };
enum class Optimizer { adam, descent, momentumDescent, rmsprop };
enum class Loss { crossEntropy, oneHotMse, mse, mae, huber };

// Whether the slope is computed from the argument; that of the others is computed from the value.
ALWAYS_INLINE constexpr bool isSlopeByArgument(Activation kind) {
  return kind == Activation::gelu || kind == Activation::silu || kind == Activation::mish;
}

// Of one step, worked out in float64 by optimizer-settings.ts, in this order.
struct OptimizerSettings {
  // The factor of the weight, and the fraction of it that is added to the gradient.
  float shrink;
  float penalty;
  // The learning rate, corrected for the bias of Adam's first steps.
  float stepSize;
  // β1 of Adam or the momentum, and 1 − β1.
  float beta1;
  float less1;
  // β2 of Adam or α of RMSprop, and 1 − β2.
  float beta2;
  float less2;
  // 1 / √(1 − β2^step)
  float root;
  float epsilon;
  // The fractions of gradient and buffer in a step with momentum.
  float ofGradient;
  float ofBuffer;
  // The decay of the average, and 1 less it.
  float averageKeep;
  float averageTake;
};

// A layer's parameters and what is kept beside them; pointers are null where it is not.
struct LearnedParameters {
  Parameters values;
  Parameters slots[2];
  Parameters averages;
  // Only where the gradients of a step are clipped, and so needed a second time.
  Parameters gradients;
};

// One layer's update.
struct Update {
  Optimizer optimizer;
  const OptimizerSettings *settings;
  const DenseShape *shape;
  const LearnedParameters *learned;
};

// How the inputs of a batch are read.
struct Inputs {
  // (samples, width); the one that is not null. Both may be read 64 bytes beyond their end.
  const uint8_t *bytes;
  const float *floats;
  int width;
  // A number becomes number · scale + shift.
  float scale;
  float shift;
  // What most inputs are, as it is stored; 0 for float32 inputs.
  uint8_t background;
};

// Of one layer in one step.
struct DropoutCall {
  uint32_t seedLow;
  uint32_t seedHigh;
  uint32_t step;
  // The purpose and the layer.
  uint32_t stream;
  // A unit is kept where its word is at least this.
  uint32_t threshold;
  float scale;
  int units;
};

// The rows of a batch and what is compared with their outputs.
struct LossCall {
  Loss loss;
  // Of the target, the fraction that is spread over all classes.
  double smoothing;
  const Matrix *outputs;
  // The gradient of the outputs, and its transpose (blocks of rows, columns, 32); null where nothing is learnt.
  const Matrix *gradient;
  float *gradientT;
  // (rows) The samples.
  const uint32_t *samples;
  // (samples) for classes, (samples, outputs) for values; the other is null.
  const uint32_t *classes;
  const float *values;
  // (samples), or null.
  const float *weights;
  // Σ of the batch's weights; not 0.
  double weightSum;
  // (rows)
  double *losses;
};
