// Where a trainer keeps everything: parameters, samples, and what one batch needs.
#pragma once
#include <vector>

#include "arena.h"
#include "program.h"

struct Layer {
  LayerProgram program;
  DenseShape shape;
  LearnedParameters learned;
  // (panels) The sum of the squares of each panel's gradients.
  double *squares;
  // What the next layer sees.
  Matrix outputs;
  // The gradient of the sums that the activation is applied to, and its transpose (blocks of rows, columns, 32).
  Matrix gradient;
  float *gradientT;
  // As `outputs`: what the activation's gradient is computed from, null where that is the outputs; and dropout's factors.
  float *source;
  float *factors;
};

// What most inputs of a split are: where there is such a number, the split's batches are read as lists.
struct Background {
  bool exists;
  uint8_t raw;
  float value;
};

// The samples of a split; pointers are null where there is nothing.
struct SplitData {
  // (count, inputs)
  uint8_t *bytes;
  float *floats;
  // (count) or (count, outputs)
  uint32_t *classes;
  float *values;
  // (count)
  float *weights;
  Background background;
};

// The inputs of a batch, in the form in which its split is read.
struct BatchInputs {
  Matrix x;
  InputLists lists;
};

class TrainerMemory {
 public:
  // Only plans.
  TrainerMemory(const TrainerProgram &program, int threads);

  size_t sizeBytes() const { return arena.sizeBytes(); }
  // All zero. Throws std::bad_alloc.
  void allocate();

  std::vector<Layer> layers;
  SplitData splits[splitCount];
  // One can be gathered while the other is worked on.
  BatchInputs inputs[2];

 private:
  void plan();
  Layer planLayer(const LayerProgram &layer, int width, bool isFirst, bool isLast);
  Parameters planParameters(const DenseShape &shape);
  Matrix planMatrix(int width, int columns);
  InputLists planLists();
  SplitData planSplit(const SplitSize &size);

  const TrainerProgram &program;
  const int threads;
  const int rows;
  Arena arena;
};
