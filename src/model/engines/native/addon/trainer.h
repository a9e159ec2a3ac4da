// Training and evaluation of one network, batch by batch: which kernel works on what, in which order, on which thread.
//
// Each thread owns panels of every layer's outputs: it computes them, their gradient and their weights, so it finds them in its
// cache. The last layer is usually narrow: there each thread owns rows of the batch, and the weights of some inputs. No sum is
// divided between threads, so their number does not change a bit.
#pragma once
#include <atomic>

#include "kernels.h"
#include "parameters.h"
#include "team.h"
#include "trainer-memory.h"

// A run of steps, or an evaluation.
struct Batches {
  Split split;
  bool learns;
  int count;
  // Steps done before the first.
  uint32_t firstStep;
  // (batches) The samples of each.
  const uint32_t *sizes;
  // (all samples) As rows of the split.
  const uint32_t *samples;
  // (batches) Not 0.
  const double *weightSums;
  // (batches)
  const OptimizerSettings *settings;
  // (all samples) The weighted loss of each.
  double *losses;
  // (all samples, outputs)
  float *outputs;
};

class Trainer {
 public:
  // Throws std::bad_alloc.
  Trainer(const TrainerProgram &program, const Kernels &kernels, int threads);

  size_t sizeBytes() const { return memory.sizeBytes(); }
  int layerCount() const { return int(memory.layers.size()); }
  DenseShape shapeOf(int layer) const { return memory.layers[layer].shape; }
  // Written before anything else is called.
  SplitData &dataOf(Split split) { return memory.splits[int(split)]; }

  // `kept`: 0 are the values, then come the slots, and last the averages. Weights are (outputs, inputs), as PyTorch has them.
  void writeLayer(int layer, int kept, const float *weights, const float *bias);
  void readLayer(int layer, int kept, float *weights, float *bias);

  // Returns at once. `done` is called on a thread of the trainer's, and told whether all batches were worked on.
  void start(const Batches &batches, std::function<void(bool)> done);
  // Ends the work under way after the batch at hand.
  void stop() { isStopped = true; }

 private:
  void carryOut(int thread);
  void gather(int batch, int thread);
  void hiddenLayers(int batch, int thread);
  void activate(const Layer &layer, int batch, int rows, Range panels);
  void lastLayer(int batch, int thread);
  void backward(int batch, int thread);
  void updateWeights(size_t layer, int batch, Range inputBlocks, Range panels);
  void updateClipped(int batch, int thread);

  Parameters &keptOf(Layer &layer, int kept);
  const Parameters &parametersOf(const Layer &layer) const;
  const SplitData &split() const { return memory.splits[int(batches.split)]; }
  const Matrix &inputsOf(size_t layer, int batch) const;
  Update updateOf(const Layer &layer, int batch) const;
  int rowsOf(int batch) const { return int(batches.sizes[batch]); }
  Range part(int count, int thread) const { return partOf(count, thread, team.size()); }

  const TrainerProgram program;
  const Kernels &kernels;
  TrainerMemory memory;

  Batches batches = {};
  // (batches) Where each begins among all samples.
  std::vector<size_t> firstSamples;
  std::atomic<bool> isStopped{false};
  // Whether a batch is the last to be worked on: decided by one thread for all, and read by them after they have met.
  bool isLast[2] = {false, false};
  bool isWhole = true;
  // Last, so that its threads end before what they use.
  Team team;
};
