// The kernels of one instruction set, behind one table, so that everything around them is compiled once.
#pragma once
#include "calls.h"

struct Kernels {
  // As an engine's device names it.
  const char *name;
  void (*gather)(const Inputs &, const uint32_t *samples, const Matrix &x, Range rows);
  int (*countDifferences)(const Inputs &, uint32_t sample);
  void (*listRows)(const Inputs &, const uint32_t *samples, const InputLists &, Range rows);
  void (*listInputs)(const Inputs &, const uint32_t *samples, const InputLists &, int thread, Range rows);
  void (*dense)(const DenseShape &, const Parameters &, const Matrix &x, const Matrix &out, Range rows, Range panels);
  void (*sparseDense)(const DenseShape &, const Parameters &, const InputLists &, float background, const Matrix &out,
                      int rows, Range panels);
  // x (inputs) and out (panels of the layer) are plain arrays: one row.
  void (*denseRow)(const DenseShape &, const Parameters &, const float *x, float *out);
  void (*dropoutFactors)(const DropoutCall &, float *factors, int rowsStride, int rows, Range panels);
  void (*activate)(Activation, const Matrix &values, float *source, const float *factors, int rows, Range panels);
  void (*losses)(const LossCall &, Range rows);
  void (*inputGradient)(const DenseShape &, const float *weights, const float *dzT, const Matrix &dx, int rows, Range panels);
  void (*activationGradient)(Activation, const Matrix &gradient, const float *source, const float *factors, int rows,
                             Range panels);
  void (*transposePanels)(const Matrix &from, float *to, int rows, Range panels);
  void (*updateWeights)(const Update &, const Matrix &x, const Matrix &dz, int rows, Range inputBlocks, Range panels);
  void (*updateSparseWeights)(const Update &, const InputLists &, float background, const Matrix &dz, int rows, Range panels);
  void (*updateBias)(const Update &, const Matrix &dz, int rows, Range panels);
  void (*sumSquares)(const DenseShape &, const Parameters &gradients, double *squares, Range panels);
  void (*updateStored)(const Update &, float factor, Range panels);
};

// Null where this processor does not have it, or the addon was compiled for another kind of processor.
const Kernels *avx512Kernels();
const Kernels *avx2Kernels();
const Kernels *neonKernels();

// Denormal numbers count as 0 while it lives; afterwards the thread's settings are as before. Averages of units that are off would
// otherwise fade into denormal numbers, which are many times slower.
class WithoutDenormals {
 public:
  WithoutDenormals();
  ~WithoutDenormals();
  WithoutDenormals(const WithoutDenormals &) = delete;

 private:
  uint64_t before;
};
