// All that decides the numbers of a training, apart from the data; as trainer.ts passes it.
#pragma once
#include <vector>

#include "calls.h"

enum class Split { train, validation, test };
constexpr int splitCount = 3;

struct LayerProgram {
  int outputs;
  Activation activation;
  // As src/model/network/dropout.ts has them; a threshold of 0 is no dropout.
  uint32_t dropoutThreshold;
  float dropoutScale;
  uint32_t dropoutStream;
};

struct SplitSize {
  uint32_t count;
  bool hasWeights;
};

struct TrainerProgram {
  int inputs;
  // The hidden layers, and last the outputs.
  std::vector<LayerProgram> layers;
  Loss loss;
  Optimizer optimizer;
  // How many numbers the optimiser keeps for each parameter, apart from its average.
  int slots;
  bool averages;
  // The largest norm of a step's gradients; 0 is no limit.
  double clipNorm;
  double labelSmoothing;
  uint32_t seedLow;
  uint32_t seedHigh;
  // Bytes are scaled, float32 inputs are not.
  bool bytes;
  float scale;
  float shift;
  // Whether inputs may be read as lists.
  bool mayBeSparse;
  // The largest batch.
  int rows;
  SplitSize splits[splitCount];
};
