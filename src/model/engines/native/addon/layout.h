// Where numbers lie. Everything that kernels multiply is in panels: groups of 32 neighbouring columns, row after row, so that a
// tile reads both factors as they lie. Only the last layer's outputs may be in panels of 16, since they are usually few.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Never called: a copy that was compiled for a newer processor could be linked into code that older ones run.
#define ALWAYS_INLINE inline __attribute__((always_inline))

constexpr int panelColumns = 32;
constexpr int narrowPanelColumns = 16;
// Rows of a batch are worked on in tiles of this many, or of a divisor of it.
constexpr int rowsOfTile = 8;
// Rows of a batch are padded to blocks of this many, and inputs of a layer too.
constexpr int blockRows = 32;

// From the first to before the end.
struct Range {
  int first;
  int end;
};

ALWAYS_INLINE int roundUp(int count, int multiple) { return (count + multiple - 1) / multiple * multiple; }
ALWAYS_INLINE int blocksOf(int count, int size) { return (count + size - 1) / size; }

// The part of `count` things that is a thread's.
ALWAYS_INLINE Range partOf(int count, int thread, int threads) {
  return {int(int64_t(count) * thread / threads), int(int64_t(count) * (thread + 1) / threads)};
}

// A batch of numbers: (panels, rowsStride, columns), samples as rows and units as columns.
struct Matrix {
  float *numbers;
  int width;
  int columns;
  int rowsStride;

  ALWAYS_INLINE int panels() const { return blocksOf(width, columns); }
  ALWAYS_INLINE float *panel(int index) const { return numbers + size_t(index) * rowsStride * columns; }
};

// A dense layer's weights are (panels, inputRows, columns): outputs in panels, inputs as rows, padded with what is never read.
struct DenseShape {
  int inputs;
  int outputs;
  int columns;

  ALWAYS_INLINE int panels() const { return blocksOf(outputs, columns); }
  ALWAYS_INLINE int inputRows() const { return roundUp(inputs, blockRows); }
  ALWAYS_INLINE size_t weightCount() const { return size_t(panels()) * inputRows() * columns; }
  ALWAYS_INLINE int biasCount() const { return panels() * columns; }
  // Where the weight of (input, panel) begins.
  ALWAYS_INLINE size_t at(int panel, int input) const { return (size_t(panel) * inputRows() + input) * columns; }
};

struct Parameters {
  float *weights = nullptr;
  float *bias = nullptr;
};

// An input that differs from the background, and by how much; or a row whose input does.
struct Entry {
  // The number of the input or row times panelColumns, which is where its numbers begin in a panel.
  uint32_t offset;
  float value;
};

// Inputs whose weights, of several panels, stay in the first-level cache while all rows read them.
constexpr int inputsOfPiece = 64;

// A batch of inputs of which most are one number, the background: what differs, by row and by input.
struct InputLists {
  // (rowsStride, inputs) The entries of each row, in the order of inputs.
  Entry *byRow;
  // (rowsStride, pieces) How many of a row's entries come before the end of each piece of inputs.
  uint32_t *pieceEnds;
  // (threads, inputs, rowsOfThread) The entries of each input, in the order of the rows that the thread gathered.
  Entry *byInput;
  // (threads, inputs)
  uint32_t *inputCounts;
  int inputs;
  int threads;
  int rowsOfThread;

  ALWAYS_INLINE int pieces() const { return blocksOf(inputs, inputsOfPiece); }
};
