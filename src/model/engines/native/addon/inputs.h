// From samples as they are stored to a batch as the network takes it.
#pragma once
#include "layout.h"
#include "simd.h"
#include "calls.h"

INLINE size_t sampleAt(const Inputs &inputs, uint32_t sample) { return size_t(sample) * inputs.width; }

// x (rows, width) ← the samples of the rows given. Columns beyond the width get numbers that nothing reads.
static void gather(const Inputs &inputs, const uint32_t *samples, const Matrix &x, Range rows) {
  const Vector scale = splat(inputs.scale), shift = splat(inputs.shift);
  for (int row = rows.first; row < rows.end; row++) {
    const size_t from = sampleAt(inputs, samples[row]);
    if (row + 1 < rows.end && inputs.bytes != nullptr) {
      __builtin_prefetch(inputs.bytes + sampleAt(inputs, samples[row + 1]));
    }
    for (int i = 0; i < inputs.width; i += lanes) {
      float *to = x.panel(i / panelColumns) + row * panelColumns + i % panelColumns;
      const Vector raw = inputs.bytes == nullptr ? load(inputs.floats + from + i) : loadBytes(inputs.bytes + from + i);
      store(to, multiplyAdd(raw, scale, shift));
    }
  }
}

// Inputs looked at together.
constexpr int inputsAtATime = 16;

// Of the inputs of a sample from `first` on, one bit for each that is not the background.
INLINE uint32_t differences(const Inputs &inputs, uint32_t sample, int first) {
  const size_t from = sampleAt(inputs, sample) + first;
  uint32_t found = 0;
  if (inputs.bytes != nullptr) {
    found = differingBytes(inputs.bytes + from, inputs.background);
  } else {
    for (int i = 0; i < inputsAtATime; i += lanes) found |= bitsOf(isNotZero(load(inputs.floats + from + i))) << i;
  }
  const int left = inputs.width - first;
  return left < inputsAtATime ? found & ((1u << left) - 1) : found;
}

// How many inputs of a sample are not the background.
static int countDifferences(const Inputs &inputs, uint32_t sample) {
  int count = 0;
  for (int first = 0; first < inputs.width; first += inputsAtATime) {
    count += __builtin_popcount(differences(inputs, sample, first));
  }
  return count;
}

// Calls `add(input, value)` for every input of a sample that is not the background.
template <typename Add>
INLINE void forEachDifference(const Inputs &inputs, uint32_t sample, Add add) {
  const size_t from = sampleAt(inputs, sample);
  for (int first = 0; first < inputs.width; first += inputsAtATime) {
    for (uint32_t found = differences(inputs, sample, first); found != 0; found &= found - 1) {
      const int input = first + __builtin_ctz(found);
      const float difference = inputs.bytes == nullptr ? inputs.floats[from + input]
                                                       : float(inputs.bytes[from + input] - inputs.background);
      add(input, difference * inputs.scale);
    }
  }
}

// Calls `add` for each entry of a row, in the order of inputs, after it is listed by row.
template <typename Add>
INLINE void listRow(const Inputs &inputs, uint32_t sample, const InputLists &lists, int row, Add add) {
  Entry *const begin = lists.byRow + size_t(row) * lists.inputs;
  uint32_t *const ends = lists.pieceEnds + size_t(row) * lists.pieces();
  Entry *next = begin;
  int piece = 0;
  forEachDifference(inputs, sample, [&](int input, float value) {
    while (input >= (piece + 1) * inputsOfPiece) ends[piece++] = uint32_t(next - begin);
    *next++ = {uint32_t(input * panelColumns), value};
    add(input, value);
  });
  while (piece < lists.pieces()) ends[piece++] = uint32_t(next - begin);
}

// Of the samples of these rows, by row only.
static void listRows(const Inputs &inputs, const uint32_t *samples, const InputLists &lists, Range rows) {
  for (int row = rows.first; row < rows.end; row++) listRow(inputs, samples[row], lists, row, [](int, float) {});
}

// Of the samples of a thread's rows, by row and by input.
static void listInputs(const Inputs &inputs, const uint32_t *samples, const InputLists &lists, int thread, Range rows) {
  uint32_t *counts = lists.inputCounts + size_t(thread) * lists.inputs;
  Entry *byInput = lists.byInput + size_t(thread) * lists.inputs * lists.rowsOfThread;
  memset(counts, 0, sizeof(uint32_t) * lists.inputs);
  for (int row = rows.first; row < rows.end; row++) {
    listRow(inputs, samples[row], lists, row, [&](int input, float value) {
      byInput[size_t(input) * lists.rowsOfThread + counts[input]++] = {uint32_t(row * panelColumns), value};
    });
  }
}
