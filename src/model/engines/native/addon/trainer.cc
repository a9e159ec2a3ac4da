#include "trainer.h"

#include <math.h>

Trainer::Trainer(const TrainerProgram &program, const Kernels &kernels, int threads)
    : program(program), kernels(kernels), memory(this->program, threads), team(threads) {
  memory.allocate();
}

Parameters &Trainer::keptOf(Layer &layer, int kept) {
  LearnedParameters &learned = layer.learned;
  if (kept == 0) return learned.values;
  return kept <= program.slots ? learned.slots[kept - 1] : learned.averages;
}

void Trainer::writeLayer(int index, int kept, const float *weights, const float *bias) {
  Layer &layer = memory.layers[index];
  writeParameters(layer.shape, keptOf(layer, kept), weights, bias, {0, layer.shape.outputs});
}

void Trainer::readLayer(int index, int kept, float *weights, float *bias) {
  Layer &layer = memory.layers[index];
  readParameters(layer.shape, keptOf(layer, kept), weights, bias);
}

void Trainer::start(const Batches &work, std::function<void(bool)> done) {
  batches = work;
  isWhole = true;
  firstSamples.assign(1, 0);
  for (int batch = 0; batch < work.count; batch++) firstSamples.push_back(firstSamples[batch] + work.sizes[batch]);
  team.start([this](int thread) { carryOut(thread); }, [this, done = std::move(done)] { done(isWhole); });
}

void Trainer::carryOut(int thread) {
  const WithoutDenormals withoutDenormals;
  if (batches.count > 0) gather(0, thread);
  team.meet();
  for (int batch = 0; batch < batches.count; batch++) {
    if (thread == 0) isLast[batch % 2] = isStopped;
    hiddenLayers(batch, thread);
    lastLayer(batch, thread);
    if (batch + 1 < batches.count) gather(batch + 1, thread);
    team.meet();
    if (batches.learns) backward(batch, thread);
    if (isLast[batch % 2]) {
      if (thread == 0) isWhole = batch + 1 == batches.count;
      return;
    }
  }
}

// Into the form in which the split is read: panels or lists.
void Trainer::gather(int batch, int thread) {
  const SplitData &from = split();
  const Inputs inputs = {from.bytes, from.floats, program.inputs, program.scale, program.shift, from.background.raw};
  const uint32_t *samples = batches.samples + firstSamples[batch];
  const BatchInputs &to = memory.inputs[batch % 2];
  const Range rows = part(rowsOf(batch), thread);
  if (from.background.exists) kernels.listInputs(inputs, samples, to.lists, thread, rows);
  else kernels.gather(inputs, samples, to.x, rows);
}

const Matrix &Trainer::inputsOf(size_t layer, int batch) const {
  return layer == 0 ? memory.inputs[batch % 2].x : memory.layers[layer - 1].outputs;
}

// Evaluations use the averages, where parameters are averaged.
const Parameters &Trainer::parametersOf(const Layer &layer) const {
  return program.averages && !batches.learns ? layer.learned.averages : layer.learned.values;
}

void Trainer::hiddenLayers(int batch, int thread) {
  const Background &background = split().background;
  const int rows = roundUp(rowsOf(batch), rowsOfTile);
  for (size_t l = 0; l + 1 < memory.layers.size(); l++) {
    const Layer &layer = memory.layers[l];
    const Parameters &parameters = parametersOf(layer);
    const Range panels = part(layer.shape.panels(), thread);
    if (l == 0 && background.exists) {
      const InputLists &lists = memory.inputs[batch % 2].lists;
      kernels.sparseDense(layer.shape, parameters, lists, background.value, layer.outputs, rowsOf(batch), panels);
    } else {
      kernels.dense(layer.shape, parameters, inputsOf(l, batch), layer.outputs, {0, rows}, panels);
    }
    activate(layer, batch, rows, panels);
    team.meet();
  }
}

void Trainer::activate(const Layer &layer, int batch, int rows, Range panels) {
  const auto &[outputs, activation, threshold, scale, stream] = layer.program;
  const bool drops = batches.learns && layer.factors != nullptr;
  if (drops) {
    const uint32_t step = batches.firstStep + uint32_t(batch);
    const DropoutCall call = {program.seedLow, program.seedHigh, step, stream, threshold, scale, outputs};
    kernels.dropoutFactors(call, layer.factors, layer.outputs.rowsStride, rows, panels);
  }
  float *source = batches.learns ? layer.source : nullptr;
  kernels.activate(activation, layer.outputs, source, drops ? layer.factors : nullptr, rows, panels);
}

// Outputs, losses and their gradient of this thread's rows; the gradient costs an evaluation next to nothing.
void Trainer::lastLayer(int batch, int thread) {
  const size_t last = memory.layers.size() - 1;
  const Layer &layer = memory.layers[last];
  const Range tiles = part(blocksOf(rowsOf(batch), rowsOfTile), thread);
  const Range rows = {tiles.first * rowsOfTile, tiles.end * rowsOfTile};
  const Range used = {rows.first, rows.end < rowsOf(batch) ? rows.end : rowsOf(batch)};
  kernels.dense(layer.shape, parametersOf(layer), inputsOf(last, batch), layer.outputs, rows, {0, layer.shape.panels()});
  const SplitData &data = split();
  const LossCall call = {
      program.loss,
      batches.learns ? program.labelSmoothing : 0,
      &layer.outputs,
      &layer.gradient,
      batches.learns ? layer.gradientT : nullptr,
      batches.samples + firstSamples[batch],
      data.classes,
      data.values,
      data.weights,
      batches.weightSums[batch],
      batches.losses + firstSamples[batch],
  };
  kernels.losses(call, used);
  float *to = batches.outputs + (firstSamples[batch] + used.first) * layer.shape.outputs;
  for (int row = used.first; row < used.end; row++) {
    for (int output = 0; output < layer.shape.outputs; output++) {
      const int columns = layer.shape.columns;
      *to++ = layer.outputs.panel(output / columns)[row * columns + output % columns];
    }
  }
}

Update Trainer::updateOf(const Layer &layer, int batch) const {
  return {program.optimizer, batches.settings + batch, &layer.shape, &layer.learned};
}

void Trainer::updateWeights(size_t index, int batch, Range inputBlocks, Range panels) {
  const Layer &layer = memory.layers[index];
  const Background &background = split().background;
  const Update update = updateOf(layer, batch);
  if (index == 0 && background.exists) {
    const InputLists &lists = memory.inputs[batch % 2].lists;
    kernels.updateSparseWeights(update, lists, background.value, layer.gradient, rowsOf(batch), panels);
  } else {
    kernels.updateWeights(update, inputsOf(index, batch), layer.gradient, rowsOf(batch), inputBlocks, panels);
  }
}

// From the last layer to the first: the gradient of the layer below, and the update of this one. The weights of a layer are updated when
// every thread has read what it needs of them.
void Trainer::backward(int batch, int thread) {
  const size_t last = memory.layers.size() - 1;
  const int rows = roundUp(rowsOf(batch), rowsOfTile);
  for (size_t l = last; l > 0; l--) {
    const Layer &layer = memory.layers[l];
    const Layer &below = memory.layers[l - 1];
    const Range panelsBelow = part(below.shape.panels(), thread);
    kernels.inputGradient(layer.shape, layer.learned.values.weights, layer.gradientT, below.gradient, rows, panelsBelow);
    const float *source = below.source == nullptr ? below.outputs.numbers : below.source;
    kernels.activationGradient(below.program.activation, below.gradient, source, below.factors, rows, panelsBelow);
    if (l > 1) kernels.transposePanels(below.gradient, below.gradientT, rows, panelsBelow);
    // Of the last layer no other thread has read the weights of these inputs.
    if (l == last) updateWeights(l, batch, panelsBelow, {0, layer.shape.panels()});
    if (last > 1) team.meet();
    const Range panels = part(layer.shape.panels(), thread);
    if (l < last) updateWeights(l, batch, {0, below.shape.panels()}, panels);
    kernels.updateBias(updateOf(layer, batch), layer.gradient, rowsOf(batch), panels);
  }
  const Layer &first = memory.layers[0];
  const Range panels = part(first.shape.panels(), thread);
  const int inputBlocks = blocksOf(program.inputs, blockRows);
  // A single layer's outputs are usually few, so there each thread has inputs.
  if (last == 0) updateWeights(0, batch, part(inputBlocks, thread), {0, first.shape.panels()});
  else updateWeights(0, batch, {0, inputBlocks}, panels);
  kernels.updateBias(updateOf(first, batch), first.gradient, rowsOf(batch), panels);
  if (program.clipNorm != 0) updateClipped(batch, thread);
  // With one hidden layer no thread needs what another one changes in the next batch before they meet there.
  if (last != 1) team.meet();
}

// As src/model/network/optimizers.ts has `clip_norm`.
static float clipFactor(double clipNorm, double norm) {
  const double factor = clipNorm / (norm + 1e-6);
  return factor < 1 || isnan(factor) ? float(factor) : 1;
}

// Each panel's squares are added up by one thread, and those of all panels in their order, so that no bit can differ.
void Trainer::updateClipped(int batch, int thread) {
  team.meet();
  for (const Layer &layer : memory.layers) {
    kernels.sumSquares(layer.shape, layer.learned.gradients, layer.squares, part(layer.shape.panels(), thread));
  }
  team.meet();
  double sum = 0;
  for (const Layer &layer : memory.layers) {
    for (int panel = 0; panel < layer.shape.panels(); panel++) sum += layer.squares[panel];
  }
  const float factor = clipFactor(program.clipNorm, sqrt(sum));
  for (const Layer &layer : memory.layers) {
    kernels.updateStored(updateOf(layer, batch), factor, part(layer.shape.panels(), thread));
  }
}
