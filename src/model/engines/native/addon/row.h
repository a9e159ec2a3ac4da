// A dense layer for a single row, as a prediction of one sample needs it: the same sums in the same order as in a tile.
#pragma once
#include "layout.h"
#include "sparse.h"

template <int panels, int columns>
static void denseRowOfGroup(const float *weights, size_t panelStride, const float *bias, int inputs, const float *x, float *out) {
  constexpr int vectors = columns / lanes;
  Vector sums[panels][vectors];
#pragma GCC unroll 4
  for (int p = 0; p < panels; p++) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) sums[p][v] = load(bias + p * columns + v * lanes);
  }
  for (int input = 0; input < inputs; input++) {
    const Vector factor = splat(x[input]);
#pragma GCC unroll 4
    for (int p = 0; p < panels; p++) {
#pragma GCC unroll 8
      for (int v = 0; v < vectors; v++) {
        const float *at = weights + p * panelStride + size_t(input) * columns + v * lanes;
        sums[p][v] = multiplyAdd(factor, load(at), sums[p][v]);
      }
    }
  }
#pragma GCC unroll 4
  for (int p = 0; p < panels; p++) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) store(out + p * columns + v * lanes, sums[p][v]);
  }
}

// out (outputs) = x (inputs) · weights + bias
static void denseRow(const DenseShape &shape, const Parameters &parameters, const float *x, float *out) {
  const size_t panelStride = shape.at(1, 0);
  for (int panel = 0; panel < shape.panels();) {
    const float *weights = parameters.weights + shape.at(panel, 0);
    const float *bias = parameters.bias + panel * shape.columns;
    float *to = out + panel * shape.columns;
    if (shape.columns == narrowPanelColumns) {
      denseRowOfGroup<1, narrowPanelColumns>(weights, panelStride, bias, shape.inputs, x, to);
      panel++;
    } else if (panel + panelsOfGroup <= shape.panels()) {
      denseRowOfGroup<panelsOfGroup, panelColumns>(weights, panelStride, bias, shape.inputs, x, to);
      panel += panelsOfGroup;
    } else {
      denseRowOfGroup<1, panelColumns>(weights, panelStride, bias, shape.inputs, x, to);
      panel++;
    }
  }
}
