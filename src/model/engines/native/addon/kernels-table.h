// Everything that is compiled once for each instruction set. Only C headers may come in here: an inline function of C++'s
// library, compiled for a newer processor, could be linked into code that older ones run.
#pragma once
#include "activations.h"
#include "dense.h"
#include "dropout.h"
#include "inputs.h"
#include "kernels.h"
#include "losses.h"
#include "row.h"
#include "sparse.h"
#include "update.h"

static const Kernels *kernelsNamed(const char *name) {
  static Kernels kernels = {
      name,
      gather,
      countDifferences,
      listRows,
      listInputs,
      dense,
      sparseDense,
      denseRow,
      dropoutFactors,
      activateAs,
      losses,
      inputGradient,
      activationGradientAs,
      transposePanels,
      updateWeights,
      updateSparseWeights,
      updateBias,
      sumSquares,
      updateStored,
  };
  return &kernels;
}
