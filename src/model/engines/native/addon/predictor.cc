#include "predictor.h"

// With a larger share of inputs that are not 0, dense kernels are faster.
constexpr double mostSparse = 0.4;

// The rows of a slice in their order.
static const uint32_t *ownOrder() {
  static const struct Order {
    uint32_t rows[Predictor::sliceRows];
    Order() {
      for (uint32_t row = 0; row < Predictor::sliceRows; row++) rows[row] = row;
    }
  } order;
  return order.rows;
}

Predictor::Predictor(const PredictorProgram &program, const Kernels &kernels, int threads)
    : program(program), kernels(kernels) {
  plan(threads);
  arena.allocate();
  plan(threads);
}

void Predictor::plan(int threads) {
  layers.clear();
  spaces.assign(threads, {});
  int width = program.inputs;
  for (size_t l = 0; l < program.layers.size(); l++) {
    const auto &[outputs, activation] = program.layers[l];
    const bool isNarrow = l + 1 == program.layers.size() && outputs <= narrowPanelColumns;
    const DenseShape shape = {width, outputs, isNarrow ? narrowPanelColumns : panelColumns};
    float *weights = arena.take<float>(shape.weightCount());
    layers.push_back({shape, activation, {weights, arena.take<float>(shape.biasCount())}});
    width = outputs;
  }
  sumsOfZeros = arena.take<float>(layers[0].shape.biasCount());
  for (Workspace &space : spaces) {
    space.raw = arena.take<float>(size_t(sliceRows) * program.inputs, Arena::overread);
    space.x = arena.take<float>(size_t(sliceRows) * roundUp(program.inputs, panelColumns));
    space.lists = {};
    space.lists.inputs = program.inputs;
    space.lists.byRow = arena.take<Entry>(size_t(sliceRows) * program.inputs);
    space.lists.pieceEnds = arena.take<uint32_t>(size_t(sliceRows) * space.lists.pieces());
    for (const Layer &layer : layers) {
      space.outputs.push_back(arena.take<float>(size_t(sliceRows) * layer.shape.biasCount()));
    }
  }
}

void Predictor::writeLayer(int index, const float *weights, const float *bias, Range outputs) {
  const Layer &layer = layers[index];
  writeParameters(layer.shape, layer.parameters, weights, bias, outputs);
  if (index != 0) return;
  for (int output = outputs.first; output < outputs.end; output++) {
    double sum = 0;
    for (int input = 0; input < program.inputs; input++) sum += *weights++;
    sumsOfZeros[output] = float(*bias++ + program.shift * sum);
  }
}

void Predictor::predict(const float *raw, int count, float *out, int thread) const {
  if (count == 0) return;
  const WithoutDenormals withoutDenormals;
  const Workspace &space = spaces[thread];
  memcpy(space.raw, raw, sizeof(float) * count * program.inputs);
  predictRows(space, 0, count, out);
}

// Panels of one row are a plain array.
Matrix Predictor::outputsOf(const Workspace &space, size_t layer, int count) const {
  const DenseShape &shape = layers[layer].shape;
  return {space.outputs[layer], shape.outputs, shape.columns, count == 1 ? 1 : sliceRows};
}

// Where some of the rows are sparse and others are not, one by one.
void Predictor::predictRows(const Workspace &space, int first, int count, float *out) const {
  const Inputs inputs = {nullptr, space.raw + size_t(first) * program.inputs, program.inputs, program.scale, program.shift, 0};
  const Layer &layer = layers[0];
  int sparseRows = 0;
  if (layers.size() > 1) {
    for (int row = 0; row < count; row++) {
      sparseRows += kernels.countDifferences(inputs, uint32_t(row)) <= mostSparse * program.inputs;
    }
    if (sparseRows > 0 && sparseRows < count) {
      for (int row = 0; row < count; row++) predictRows(space, first + row, 1, out + size_t(row) * this->outputs());
      return;
    }
  }
  if (sparseRows == 0) {
    const Matrix x = {space.x, program.inputs, panelColumns, count == 1 ? 1 : sliceRows};
    kernels.gather(inputs, ownOrder(), x, {0, count});
    layersFrom(space, x, 0, count);
  } else {
    const Matrix sums = outputsOf(space, 0, count);
    kernels.listRows(inputs, ownOrder(), space.lists, {0, count});
    const Parameters parameters = {layer.parameters.weights, sumsOfZeros};
    const Range panels = {0, layer.shape.panels()};
    kernels.sparseDense(layer.shape, parameters, space.lists, 0, sums, count, panels);
    kernels.activate(layer.activation, sums, nullptr, nullptr, count, panels);
    layersFrom(space, sums, 1, count);
  }
  const Matrix last = outputsOf(space, layers.size() - 1, count);
  for (int row = 0; row < count; row++) {
    for (int output = 0; output < last.width; output++) {
      *out++ = last.panel(output / last.columns)[row * last.columns + output % last.columns];
    }
  }
}

// The layers from `firstLayer` on, of which x are the inputs.
void Predictor::layersFrom(const Workspace &space, const Matrix &x, size_t firstLayer, int count) const {
  Matrix from = x;
  for (size_t l = firstLayer; l < layers.size(); l++) {
    const Layer &layer = layers[l];
    const Matrix to = outputsOf(space, l, count);
    const Range panels = {0, layer.shape.panels()};
    if (count == 1) kernels.denseRow(layer.shape, layer.parameters, from.numbers, to.numbers);
    else kernels.dense(layer.shape, layer.parameters, from, to, {0, roundUp(count, rowsOfTile)}, panels);
    kernels.activate(layer.activation, to, nullptr, nullptr, count, panels);
    from = to;
  }
}
