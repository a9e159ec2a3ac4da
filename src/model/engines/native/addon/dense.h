// The three products of a dense layer, and the transposition that one of them needs.
#pragma once
#include "layout.h"
#include "tile.h"
#include "update.h"

// Inputs whose weights, of one panel, stay in the first-level cache while all rows read them.
constexpr int inputsOfDenseBlock = 256;

// out (rows, outputs) = x (rows, inputs) · weights + bias, for the rows, whole tiles, and panels of outputs that are given.
template <int columns>
static void denseOfColumns(const DenseShape &shape, const Parameters &parameters, const Matrix &x, const Matrix &out,
                           Range rows, Range panels) {
  constexpr int vectors = vectorsOfTile<columns>();
  for (int panel = panels.first; panel < panels.end; panel++) {
    const float *weights = parameters.weights + shape.at(panel, 0);
    const float *bias = parameters.bias + panel * columns;
    for (int first = 0; first < shape.inputs; first += inputsOfDenseBlock) {
      int end = first + inputsOfDenseBlock < shape.inputs ? first + inputsOfDenseBlock : shape.inputs;
      for (int column = 0; column < columns; column += vectors * lanes) {
        for (int row = rows.first; row < rows.end; row += tileRows) {
          float *at = out.panel(panel) + row * columns + column;
          Vector sums[tileRows][vectors];
          if (first == 0) fillTile(bias + column, sums);
          else loadTile(at, columns, sums);
          for (int k = first; k < end; k += panelColumns) {
            int count = end - k < panelColumns ? end - k : panelColumns;
            const float *a = x.panel(k / panelColumns) + row * panelColumns;
            addProducts<tileRows, vectors, panelColumns, 1, columns>(a, weights + k * columns + column, count, sums);
          }
          storeTile(at, columns, sums);
        }
      }
    }
  }
}

static void dense(const DenseShape &shape, const Parameters &parameters, const Matrix &x, const Matrix &out, Range rows,
                  Range panels) {
  if (shape.columns == panelColumns) denseOfColumns<panelColumns>(shape, parameters, x, out, rows, panels);
  else denseOfColumns<narrowPanelColumns>(shape, parameters, x, out, rows, panels);
}

// Rows of the factors that a block of gradients reads at a time: in the first-level cache, also in large batches.
constexpr int rowsOfGradientBlock = 128;

// A block (32 inputs, one panel) of the weights' gradient at a time, xᵀ · dz over `rows` rows, and the update by it.
template <int columns>
static void updateWeightsOfColumns(const Update &update, const Matrix &x, const Matrix &dz, int rows, Range inputBlocks,
                                   Range panels) {
  constexpr int vectors = vectorsOfTile<columns>();
  const DenseShape &shape = *update.shape;
  alignas(64) float gradient[blockRows * columns];
  for (int panel = panels.first; panel < panels.end; panel++) {
    for (int block = inputBlocks.first; block < inputBlocks.end; block++) {
      int input = block * blockRows;
      int count = shape.inputs - input < blockRows ? shape.inputs - input : blockRows;
      for (int first = 0; first < rows; first += rowsOfGradientBlock) {
        int rowCount = rows - first < rowsOfGradientBlock ? rows - first : rowsOfGradientBlock;
        const float *a = x.panel(block) + first * panelColumns;
        const float *b = dz.panel(panel) + first * columns;
        for (int column = 0; column < columns; column += vectors * lanes) {
          for (int i = 0; i < count; i += tileRows) {
            float *at = gradient + i * columns + column;
            Vector sums[tileRows][vectors];
            if (first == 0) clearTile(sums);
            else loadTile(at, columns, sums);
            addProducts<tileRows, vectors, 1, panelColumns, columns>(a + i, b + column, rowCount, sums);
            storeTile(at, columns, sums);
          }
        }
      }
      applyToWeights(update, gradient, panel, input, count);
    }
  }
}

static void updateWeights(const Update &update, const Matrix &x, const Matrix &dz, int rows, Range inputBlocks,
                          Range panels) {
  if (dz.columns == panelColumns) updateWeightsOfColumns<panelColumns>(update, x, dz, rows, inputBlocks, panels);
  else updateWeightsOfColumns<narrowPanelColumns>(update, x, dz, rows, inputBlocks, panels);
}

// The biases' gradient, the sum of dz over `rows` rows, and the update by it.
static void updateBias(const Update &update, const Matrix &dz, int rows, Range panels) {
  alignas(64) float gradient[panelColumns];
  for (int panel = panels.first; panel < panels.end; panel++) {
    for (int column = 0; column < dz.columns; column += lanes) {
      Vector sum = zero();
      for (int row = 0; row < rows; row++) sum = add(sum, load(dz.panel(panel) + row * dz.columns + column));
      store(gradient + column, sum);
    }
    applyToBias(update, gradient, panel);
  }
}

INLINE void transposeBlock(const float *from, float *to) {
  for (int i = 0; i < blockRows; i += 4) {
    for (int j = 0; j < panelColumns; j += 4) {
      transpose4(from + i * panelColumns + j, panelColumns, to + j * blockRows + i, blockRows);
    }
  }
}

// dx (rows, inputs) = dz · weightsᵀ, for whole blocks of rows and the panels of inputs that are given. Computed as
// dxᵀ = weights · dzᵀ, since the weights can then be read as they lie; dzᵀ is (blocks of rows, outputs, 32).
template <int columns>
static void inputGradientOfColumns(const DenseShape &shape, const float *weights, const float *dzT, const Matrix &dx, int rows,
                                   Range panels) {
  constexpr int vectors = tileVectors;
  const int outputRows = shape.panels() * columns;
  alignas(64) float block[panelColumns * blockRows];
  for (int panel = panels.first; panel < panels.end; panel++) {
    for (int rowBlock = 0; rowBlock < blocksOf(rows, blockRows); rowBlock++) {
      const float *b = dzT + size_t(rowBlock) * outputRows * blockRows;
      for (int first = 0; first < shape.outputs; first += inputsOfDenseBlock) {
        int end = first + inputsOfDenseBlock < shape.outputs ? first + inputsOfDenseBlock : shape.outputs;
        for (int column = 0; column < blockRows; column += vectors * lanes) {
          for (int i = 0; i < panelColumns; i += tileRows) {
            float *at = block + i * blockRows + column;
            Vector sums[tileRows][vectors];
            if (first == 0) clearTile(sums);
            else loadTile(at, blockRows, sums);
            for (int output = first; output < end; output += columns) {
              int count = end - output < columns ? end - output : columns;
              const float *a = weights + shape.at(output / columns, panel * panelColumns + i);
              addProducts<tileRows, vectors, columns, 1, blockRows>(a, b + output * blockRows + column, count, sums);
            }
            storeTile(at, blockRows, sums);
          }
        }
      }
      transposeBlock(block, dx.panel(panel) + rowBlock * blockRows * panelColumns);
    }
  }
}

static void inputGradient(const DenseShape &shape, const float *weights, const float *dzT, const Matrix &dx, int rows,
                          Range panels) {
  if (shape.columns == panelColumns) inputGradientOfColumns<panelColumns>(shape, weights, dzT, dx, rows, panels);
  else inputGradientOfColumns<narrowPanelColumns>(shape, weights, dzT, dx, rows, panels);
}

// to (blocks of rows, columns, 32) ← the panels of a matrix with panels of 32 columns.
static void transposePanels(const Matrix &from, float *to, int rows, Range panels) {
  const int outputRows = from.panels() * panelColumns;
  for (int panel = panels.first; panel < panels.end; panel++) {
    for (int rowBlock = 0; rowBlock < blocksOf(rows, blockRows); rowBlock++) {
      const float *block = from.panel(panel) + rowBlock * blockRows * panelColumns;
      transposeBlock(block, to + (size_t(rowBlock) * outputRows + panel * panelColumns) * blockRows);
    }
  }
}
