// The first layer on inputs of which most are one number, the background: only what differs from it is multiplied. The
// background's own share is the same for all rows, and added once.
#pragma once
#include "layout.h"
#include "simd.h"
#include "update.h"

constexpr int vectorsOfPanel = panelColumns / lanes;
// Panels worked on at a time: eight vectors, so that no sum waits for the one before it.
constexpr int panelsOfGroup = vectorsOfPanel < 8 ? 8 / vectorsOfPanel : 1;

template <int panels>
using PanelSums = Vector[panels][vectorsOfPanel];

template <int panels>
INLINE void loadSums(const float *from, size_t panelStride, PanelSums<panels> &sums) {
#pragma GCC unroll 4
  for (int p = 0; p < panels; p++) {
#pragma GCC unroll 8
    for (int v = 0; v < vectorsOfPanel; v++) sums[p][v] = load(from + p * panelStride + v * lanes);
  }
}

template <int panels>
INLINE void storeSums(float *to, size_t panelStride, const PanelSums<panels> &sums) {
#pragma GCC unroll 4
  for (int p = 0; p < panels; p++) {
#pragma GCC unroll 8
    for (int v = 0; v < vectorsOfPanel; v++) store(to + p * panelStride + v * lanes, sums[p][v]);
  }
}

// sums += Σ of the entries' values times the numbers at their offsets.
template <int panels>
INLINE void addEntries(const Entry *entry, const Entry *end, const float *numbers, size_t panelStride,
                       PanelSums<panels> &sums) {
  for (; entry < end; entry++) {
    const Vector value = splat(entry->value);
    const float *from = numbers + entry->offset;
#pragma GCC unroll 4
    for (int p = 0; p < panels; p++) {
#pragma GCC unroll 8
      for (int v = 0; v < vectorsOfPanel; v++) {
        sums[p][v] = multiplyAdd(value, load(from + p * panelStride + v * lanes), sums[p][v]);
      }
    }
  }
}

// to (columns) ← bias + background · Σ of the panel's weights over all inputs. Two sums, of even and odd inputs, so that no addition
// waits long.
INLINE void sumsOfBackground(const DenseShape &shape, const Parameters &parameters, float background, int panel, float *to) {
  const float *weights = parameters.weights + shape.at(panel, 0);
  PanelSums<2> sums;
#pragma GCC unroll 8
  for (int v = 0; v < vectorsOfPanel; v++) sums[0][v] = sums[1][v] = zero();
  if (background != 0) {
    for (int input = 0; input + 1 < shape.inputs; input += 2) {
      const float *at = weights + input * panelColumns;
#pragma GCC unroll 8
      for (int v = 0; v < vectorsOfPanel; v++) {
        sums[0][v] = add(sums[0][v], load(at + v * lanes));
        sums[1][v] = add(sums[1][v], load(at + panelColumns + v * lanes));
      }
    }
    if (shape.inputs % 2 == 1) {
      const float *at = weights + (shape.inputs - 1) * panelColumns;
      for (int v = 0; v < vectorsOfPanel; v++) sums[0][v] = add(sums[0][v], load(at + v * lanes));
    }
  }
  for (int v = 0; v < vectorsOfPanel; v++) {
    const Vector bias = load(parameters.bias + panel * panelColumns + v * lanes);
    store(to + v * lanes, multiplyAdd(add(sums[0][v], sums[1][v]), splat(background), bias));
  }
}

template <int panels>
static void sparseDenseOfGroup(const DenseShape &shape, const float *weights, const float *starts, const InputLists &lists,
                               float *out, size_t outStride, int rows) {
  const size_t panelStride = shape.at(1, 0);
  // A single row reads all weights once, so its inputs need not be worked on in pieces.
  const int firstPiece = rows == 1 ? lists.pieces() - 1 : 0;
  for (int piece = firstPiece; piece < lists.pieces(); piece++) {
    for (int row = 0; row < rows; row++) {
      const uint32_t *ends = lists.pieceEnds + size_t(row) * lists.pieces();
      const Entry *entries = lists.byRow + size_t(row) * lists.inputs;
      float *at = out + row * panelColumns;
      PanelSums<panels> sums;
      if (piece == firstPiece) loadSums<panels>(starts, panelColumns, sums);
      else loadSums<panels>(at, outStride, sums);
      const uint32_t first = piece == firstPiece ? 0 : ends[piece - 1];
      addEntries<panels>(entries + first, entries + ends[piece], weights, panelStride, sums);
      storeSums<panels>(at, outStride, sums);
    }
  }
}

// out (rows, outputs) = x · weights + bias, with x in lists.
static void sparseDense(const DenseShape &shape, const Parameters &parameters, const InputLists &lists, float background,
                        const Matrix &out, int rows, Range panels) {
  alignas(64) float starts[panelsOfGroup][panelColumns];
  const size_t outStride = size_t(out.rowsStride) * panelColumns;
  for (int panel = panels.first; panel < panels.end;) {
    const int count = panels.end - panel >= panelsOfGroup ? panelsOfGroup : 1;
    for (int p = 0; p < count; p++) sumsOfBackground(shape, parameters, background, panel + p, starts[p]);
    const float *weights = parameters.weights + shape.at(panel, 0);
    const auto kernel = count == 1 ? sparseDenseOfGroup<1> : sparseDenseOfGroup<panelsOfGroup>;
    kernel(shape, weights, starts[0], lists, out.panel(panel), outStride, rows);
    panel += count;
  }
}

// Inputs whose gradients are gathered before the update by them; with those of a group of panels, in the first-level cache.
constexpr int inputsOfSparseBlock = 16;

template <int panels>
static void updateSparseOfGroup(const Update &update, const InputLists &lists, const float *starts, const float *dz,
                                size_t dzStride, int panel) {
  const DenseShape &shape = *update.shape;
  alignas(64) float gradients[panels][inputsOfSparseBlock][panelColumns];
  for (int first = 0; first < shape.inputs; first += inputsOfSparseBlock) {
    const int left = shape.inputs - first;
    const int count = left < inputsOfSparseBlock ? left : inputsOfSparseBlock;
    for (int i = 0; i < count; i++) {
      PanelSums<panels> sums;
      loadSums<panels>(starts, panelColumns, sums);
      for (int thread = 0; thread < lists.threads; thread++) {
        const size_t list = size_t(thread) * lists.inputs + first + i;
        const Entry *entries = lists.byInput + list * lists.rowsOfThread;
        addEntries<panels>(entries, entries + lists.inputCounts[list], dz, dzStride, sums);
      }
      storeSums<panels>(gradients[0][i], inputsOfSparseBlock * panelColumns, sums);
    }
    for (int p = 0; p < panels; p++) applyToWeights(update, gradients[p][0], panel + p, first, count);
  }
}

// The weights of these panels by xᵀ · dz over `rows` rows, with x in lists.
static void updateSparseWeights(const Update &update, const InputLists &lists, float background, const Matrix &dz, int rows,
                                Range panels) {
  alignas(64) float starts[panelsOfGroup][panelColumns];
  const size_t dzStride = size_t(dz.rowsStride) * panelColumns;
  for (int panel = panels.first; panel < panels.end;) {
    const int count = panels.end - panel >= panelsOfGroup ? panelsOfGroup : 1;
    for (int p = 0; p < count; p++) {
      for (int v = 0; v < vectorsOfPanel; v++) {
        Vector sum = zero();
        if (background != 0) {
          for (int row = 0; row < rows; row++) sum = add(sum, load(dz.panel(panel + p) + row * panelColumns + v * lanes));
        }
        store(starts[p] + v * lanes, mul(sum, splat(background)));
      }
    }
    const auto kernel = count == 1 ? updateSparseOfGroup<1> : updateSparseOfGroup<panelsOfGroup>;
    kernel(update, lists, starts[0], dz.panel(panel), dzStride, panel);
    panel += count;
  }
}
