#include "trainer-memory.h"

TrainerMemory::TrainerMemory(const TrainerProgram &program, int threads)
    : program(program), threads(threads), rows(roundUp(program.rows, blockRows)) {
  plan();
}

void TrainerMemory::allocate() {
  arena.allocate();
  layers.clear();
  plan();
}

void TrainerMemory::plan() {
  const size_t last = program.layers.size() - 1;
  int width = program.inputs;
  for (size_t l = 0; l <= last; l++) {
    layers.push_back(planLayer(program.layers[l], width, l == 0, l == last));
    width = program.layers[l].outputs;
  }
  for (BatchInputs &batch : inputs) {
    batch.x = planMatrix(program.inputs, panelColumns);
    if (program.mayBeSparse) batch.lists = planLists();
  }
  for (int split = 0; split < splitCount; split++) splits[split] = planSplit(program.splits[split]);
}

Layer TrainerMemory::planLayer(const LayerProgram &layer, int width, bool isFirst, bool isLast) {
  const int columns = isLast && layer.outputs <= narrowPanelColumns ? narrowPanelColumns : panelColumns;
  const DenseShape shape = {width, layer.outputs, columns};
  const size_t numbers = size_t(shape.biasCount()) * rows;
  const bool drops = layer.dropoutThreshold != 0;
  Layer planned = {};
  planned.program = layer;
  planned.shape = shape;
  planned.learned.values = planParameters(shape);
  for (int slot = 0; slot < program.slots; slot++) planned.learned.slots[slot] = planParameters(shape);
  if (program.averages) planned.learned.averages = planParameters(shape);
  if (program.clipNorm != 0) {
    planned.learned.gradients = planParameters(shape);
    planned.squares = arena.take<double>(shape.panels());
  }
  planned.outputs = planMatrix(layer.outputs, columns);
  planned.gradient = planMatrix(layer.outputs, columns);
  if (!isFirst) planned.gradientT = arena.take<float>(numbers);
  if (drops || isSlopeByArgument(layer.activation)) planned.source = arena.take<float>(numbers);
  if (drops) planned.factors = arena.take<float>(numbers);
  return planned;
}

Parameters TrainerMemory::planParameters(const DenseShape &shape) {
  float *weights = arena.take<float>(shape.weightCount());
  return {weights, arena.take<float>(shape.biasCount())};
}

Matrix TrainerMemory::planMatrix(int width, int columns) {
  return {arena.take<float>(size_t(roundUp(width, columns)) * rows), width, columns, rows};
}

InputLists TrainerMemory::planLists() {
  InputLists lists = {};
  lists.inputs = program.inputs;
  lists.threads = threads;
  lists.rowsOfThread = blocksOf(rows, threads);
  lists.byRow = arena.take<Entry>(size_t(rows) * lists.inputs);
  lists.pieceEnds = arena.take<uint32_t>(size_t(rows) * lists.pieces());
  lists.byInput = arena.take<Entry>(size_t(threads) * lists.inputs * lists.rowsOfThread);
  lists.inputCounts = arena.take<uint32_t>(size_t(threads) * lists.inputs);
  return lists;
}

SplitData TrainerMemory::planSplit(const SplitSize &size) {
  const bool hasClasses = program.loss == Loss::crossEntropy || program.loss == Loss::oneHotMse;
  const size_t inputCount = size_t(size.count) * program.inputs;
  SplitData split = {};
  if (program.bytes) split.bytes = arena.take<uint8_t>(inputCount, Arena::overread);
  else split.floats = arena.take<float>(inputCount, Arena::overread);
  if (hasClasses) split.classes = arena.take<uint32_t>(size.count);
  else split.values = arena.take<float>(size_t(size.count) * program.layers.back().outputs);
  if (size.hasWeights) split.weights = arena.take<float>(size.count);
  return split;
}
