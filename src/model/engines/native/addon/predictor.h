// Predictions: raw inputs to raw outputs, by one row or by slices of rows. How a row is computed depends on nothing but the row.
#pragma once
#include <memory>
#include <vector>

#include "arena.h"
#include "kernels.h"
#include "parameters.h"

struct PredictedLayer {
  int outputs;
  Activation activation;
};

struct PredictorProgram {
  int inputs;
  std::vector<PredictedLayer> layers;
  // A raw number becomes number · scale + shift.
  float scale;
  float shift;
};

class Predictor {
 public:
  // Rows worked on at a time.
  static constexpr int sliceRows = 64;

  // As many threads can predict at the same time, each by a number of its own. Throws std::bad_alloc.
  Predictor(const PredictorProgram &program, const Kernels &kernels, int threads);

  size_t sizeBytes() const { return arena.sizeBytes(); }
  int inputs() const { return program.inputs; }
  int outputs() const { return layers.back().shape.outputs; }

  // weights and bias are those of the outputs given.
  void writeLayer(int layer, const float *weights, const float *bias, Range outputs);
  // raw (count, inputs) → out (count, outputs), with at most `sliceRows` rows.
  void predict(const float *raw, int count, float *out, int thread) const;

 private:
  struct Layer {
    DenseShape shape;
    Activation activation;
    Parameters parameters;
  };

  // What one thread works with; a single row lies in the same places, as plain arrays.
  struct Workspace {
    // (sliceRows, inputs), as they came.
    float *raw;
    float *x;
    InputLists lists;
    // Of each layer.
    std::vector<float *> outputs;
  };

  void plan(int threads);
  void predictRows(const Workspace &space, int first, int count, float *out) const;
  void layersFrom(const Workspace &space, const Matrix &x, size_t firstLayer, int count) const;
  Matrix outputsOf(const Workspace &space, size_t layer, int count) const;

  const PredictorProgram program;
  const Kernels &kernels;
  Arena arena;
  std::vector<Layer> layers;
  std::vector<Workspace> spaces;
  // The first layer's sums where all raw inputs are 0.
  float *sumsOfZeros;
};
