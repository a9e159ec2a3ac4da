// The loss of each sample of some rows, and the gradient of the batch's loss. What losses are, src/model/network/losses.ts says.
#pragma once
#include <math.h>

#include "elementary.h"
#include "layout.h"
#include "calls.h"

constexpr int sumsOfRow = 8;

// In a fixed order, whatever the lanes.
INLINE double totalOf(const double (&sums)[sumsOfRow]) {
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

INLINE float *rowOf(const Matrix &matrix, int panel, int row) { return matrix.panel(panel) + row * matrix.columns; }

INLINE int widthOf(const Matrix &matrix, int panel) {
  int left = matrix.width - panel * matrix.columns;
  return left < matrix.columns ? left : matrix.columns;
}

INLINE float *outputAt(const Matrix &matrix, int row, int output) {
  return rowOf(matrix, output / matrix.columns, row) + output % matrix.columns;
}

// gradient[row] ← e^(logit − largest), 0 in the columns beyond the outputs; returns the sum.
INLINE double exponentials(const Matrix &logits, const Matrix &gradient, int row, float largest) {
  double sums[sumsOfRow] = {0};
  for (int panel = 0; panel < logits.panels(); panel++) {
    const float *from = rowOf(logits, panel, row);
    float *to = rowOf(gradient, panel, row);
    for (int i = 0; i < logits.columns; i += lanes) store(to + i, exponential(sub(load(from + i), splat(largest))));
    const int width = widthOf(logits, panel);
    for (int i = width; i < logits.columns; i++) to[i] = 0;
    for (int i = 0; i < logits.columns; i++) sums[i % sumsOfRow] += to[i];
  }
  return totalOf(sums);
}

static void crossEntropyOfRow(const LossCall &call, int row) {
  const Matrix &logits = *call.outputs, &gradient = *call.gradient;
  float largest = -INFINITY;
  double logitSum = 0;
  for (int panel = 0; panel < logits.panels(); panel++) {
    const float *from = rowOf(logits, panel, row);
    for (int i = 0; i < widthOf(logits, panel); i++) {
      if (!(from[i] <= largest)) largest = from[i];
      if (call.smoothing != 0) logitSum += from[i];
    }
  }
  const double sum = exponentials(logits, gradient, row, largest);
  const uint32_t sample = call.samples[row];
  const double weight = call.weights == nullptr ? 1 : call.weights[sample];
  const int own = int(call.classes[sample]);
  double target = *outputAt(logits, row, own);
  if (call.smoothing != 0) target += call.smoothing * (logitSum / logits.width - target);
  call.losses[row] = weight * (log(sum) + largest - target);

  // (softmax − target) · weight / weightSum
  const float scale = float(weight / (sum * call.weightSum));
  const float spread = float(call.smoothing * weight / (logits.width * call.weightSum));
  for (int panel = 0; panel < logits.panels(); panel++) {
    float *to = rowOf(gradient, panel, row);
    for (int i = 0; i < widthOf(logits, panel); i++) to[i] = to[i] * scale - spread;
  }
  *outputAt(gradient, row, own) -= float((1 - call.smoothing) * weight / call.weightSum);
}

INLINE double lossOf(Loss loss, double error) {
  if (loss == Loss::mae) return fabs(error);
  if (loss == Loss::huber) return fabs(error) <= 1 ? error * error / 2 : fabs(error) - 0.5;
  return error * error;
}

INLINE double slopeOf(Loss loss, double error) {
  if (loss == Loss::mae) return error > 0 ? 1 : error < 0 ? -1 : error;
  if (loss == Loss::huber) return error > 1 ? 1 : error < -1 ? -1 : error;
  return 2 * error;
}

// The mean over the outputs of a function of their errors.
static void errorLossOfRow(const LossCall &call, int row) {
  const Matrix &outputs = *call.outputs;
  const uint32_t sample = call.samples[row];
  const double weight = call.weights == nullptr ? 1 : call.weights[sample];
  const double scale = weight / (outputs.width * call.weightSum);
  double sum = 0;
  for (int output = 0; output < outputs.width; output++) {
    const double target = call.values != nullptr ? call.values[size_t(sample) * outputs.width + output]
                                                 : call.classes[sample] == uint32_t(output);
    const double error = *outputAt(outputs, row, output) - target;
    sum += lossOf(call.loss, error);
    *outputAt(*call.gradient, row, output) = float(slopeOf(call.loss, error) * scale);
  }
  call.losses[row] = weight * (sum / outputs.width);
}

static void losses(const LossCall &call, Range rows) {
  for (int row = rows.first; row < rows.end; row++) {
    if (call.loss == Loss::crossEntropy) crossEntropyOfRow(call, row);
    else errorLossOfRow(call, row);
    if (call.gradientT == nullptr) continue;
    const Matrix &gradient = *call.gradient;
    const int outputRows = gradient.panels() * gradient.columns;
    float *to = call.gradientT + size_t(row / blockRows) * outputRows * blockRows + row % blockRows;
    for (int output = 0; output < gradient.width; output++) to[output * blockRows] = *outputAt(gradient, row, output);
  }
}
