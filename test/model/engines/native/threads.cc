// Trains and predicts without Node.js, for the sanitizers and for other processors: odd shapes on 1 to 4 threads, stops in the middle, and
// ends with work under way. Prints digests of what is learnt and predicted, which must be the same for every number of threads,
// every instruction set and every processor.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <atomic>
#include <future>
#include <memory>
#include <vector>

#include "prediction-pool.h"
#include "trainer.h"

namespace {

struct Case {
  const char *name;
  // Inputs, hidden units, outputs.
  std::vector<int> widths;
  int batch;
  Loss loss;
  Optimizer optimizer;
  int slots;
  // Of the hidden layers in turn.
  std::vector<Activation> activations;
  bool bytes = true;
  // What three of four inputs are; −1 for none.
  int background = -1;
  bool drops = false;
  bool averages = false;
  bool weighted = false;
  double clipNorm = 0;
  double labelSmoothing = 0;
};

using enum Activation;

// Widths around those of vectors, panels and blocks.
const std::vector<Case> cases = {
    {"one number", {1, 1}, 1, Loss::mse, Optimizer::descent, 0, {}},
    {"one layer", {7, 257}, 5, Loss::crossEntropy, Optimizer::adam, 2, {}},
    {"a narrow unit", {3, 1, 7}, 5, Loss::oneHotMse, Optimizer::rmsprop, 1, {sigmoid}},
    {"clipped, dropout", {9, 64, 7, 8}, 5, Loss::crossEntropy, Optimizer::momentumDescent, 1, {gelu, silu}, false, -1, true, false,
     true, 0.1},
    {"averages", {64, 40, 17}, 67, Loss::huber, Optimizer::adam, 2, {tanh, leakyRelu}, false, -1, false, true},
    {"lists", {257, 40, 9}, 64, Loss::crossEntropy, Optimizer::adam, 2, {relu}, true, 200, true, true, true, 0.5, 0.1},
    {"lists of float32", {130, 161, 33, 300}, 37, Loss::crossEntropy, Optimizer::adam, 2, {mish, selu}, false, 0},
    {"many layers", {9, 8, 7, 130, 3, 64, 5}, 131, Loss::mae, Optimizer::rmsprop, 1, {identity, relu, tanh, mish, gelu}},
};

constexpr int trainingSamples = 150;
constexpr int otherSamples = 70;
constexpr int evaluationRows = 64;

// Numbers that are the same everywhere: G. Marsaglia's xorshift32.
struct Random {
  uint32_t state;

  uint32_t word() {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
  }
  float within(float bound) { return bound * (float(word() >> 8) / (1 << 23) - 1); }
  std::vector<float> numbers(size_t count, float bound) {
    std::vector<float> found(count);
    for (float &number : found) number = within(bound);
    return found;
  }
};

// FNV-1a.
struct Digest {
  uint64_t value = 0xcbf29ce484222325;

  template <typename Number>
  void add(const Number *numbers, size_t count) {
    const auto *bytes = reinterpret_cast<const unsigned char *>(numbers);
    for (size_t i = 0; i < count * sizeof(Number); i++) value = (value ^ bytes[i]) * 0x100000001b3;
  }
};

void require(bool holds, const char *what, const char *of) {
  if (holds) return;
  printf("%s: %s\n", of, what);
  exit(1);
}

TrainerProgram programOf(const Case &c) {
  TrainerProgram program = {};
  program.inputs = c.widths[0];
  for (size_t l = 1; l < c.widths.size(); l++) {
    const bool isLast = l + 1 == c.widths.size();
    const Activation activation = isLast ? identity : c.activations[(l - 1) % c.activations.size()];
    program.layers.push_back({c.widths[l], activation, c.drops && !isLast ? 1u << 30 : 0, 4.0f / 3, 77 + uint32_t(l)});
  }
  program.loss = c.loss;
  program.optimizer = c.optimizer;
  program.slots = c.slots;
  program.averages = c.averages;
  program.clipNorm = c.clipNorm;
  program.labelSmoothing = c.labelSmoothing;
  program.seedLow = 12;
  program.bytes = c.bytes;
  program.scale = c.bytes ? 1 / 80.0f : 1;
  program.shift = c.bytes ? -1.25f : 0;
  program.mayBeSparse = c.background >= 0;
  program.rows = c.batch > evaluationRows ? c.batch : evaluationRows;
  program.splits[0] = {trainingSamples, c.weighted};
  program.splits[2] = {otherSamples, false};
  return program;
}

void fill(SplitData &data, const Case &c, uint32_t count, Random random) {
  const int outputs = c.widths.back();
  for (size_t i = 0; i < size_t(count) * c.widths[0]; i++) {
    const bool isBackground = c.background >= 0 && random.word() % 4 != 0;
    if (c.bytes) data.bytes[i] = uint8_t(isBackground ? c.background : random.word() % 256);
    else data.floats[i] = isBackground ? 0 : random.within(2);
  }
  for (uint32_t i = 0; i < count; i++) {
    if (data.classes != nullptr) data.classes[i] = random.word() % outputs;
    if (data.weights != nullptr) data.weights[i] = float(random.word() % 4) / 2;
  }
  if (data.values != nullptr) {
    for (size_t i = 0; i < size_t(count) * outputs; i++) data.values[i] = random.within(1);
  }
  const float value = c.bytes ? float(c.background) / 80 - 1.25f : 0;
  if (c.background >= 0) data.background = {true, uint8_t(c.bytes ? c.background : 0), value};
}

std::vector<float> initialWeights(const DenseShape &shape, Random &random) {
  return random.numbers(size_t(shape.inputs) * shape.outputs, 1 / sqrtf(float(shape.inputs)));
}

std::unique_ptr<Trainer> trainerOf(const Case &c, const Kernels &kernels, int threads) {
  auto trainer = std::make_unique<Trainer>(programOf(c), kernels, threads);
  fill(trainer->dataOf(Split::train), c, trainingSamples, {1});
  fill(trainer->dataOf(Split::test), c, otherSamples, {3});
  Random random = {4};
  for (int layer = 0; layer < trainer->layerCount(); layer++) {
    const DenseShape shape = trainer->shapeOf(layer);
    const std::vector<float> weights = initialWeights(shape, random);
    const std::vector<float> bias = random.numbers(shape.outputs, 0.1f);
    trainer->writeLayer(layer, 0, weights.data(), bias.data());
    if (c.averages) trainer->writeLayer(layer, 1 + c.slots, weights.data(), bias.data());
  }
  return trainer;
}

// What one call works on, and its results; as long as they need, and not a number longer.
struct Work {
  std::vector<uint32_t> sizes;
  std::vector<uint32_t> samples;
  std::vector<double> weightSums;
  std::vector<OptimizerSettings> settings;
  std::vector<double> losses;
  std::vector<float> outputs;

  // Batches in the samples' order, with a short one at the end of each epoch.
  Work(const Case &c, uint32_t count, uint32_t batch, int batches) {
    for (uint32_t first = 0; int(sizes.size()) < batches; first = first + batch < count ? first + batch : 0) {
      sizes.push_back(count - first < batch ? count - first : batch);
      for (uint32_t i = 0; i < sizes.back(); i++) samples.push_back((first + i) * 7 % count);
    }
    weightSums.assign(batches, double(batch));
    const OptimizerSettings step = {0.999f, 0.001f, 0.01f, 0.9f, 0.1f, 0.99f, 0.01f, 1.5f, 1e-3f, 0.5f, 0.5f, 0.9f, 0.1f};
    settings.assign(batches, step);
    losses.resize(samples.size());
    outputs.resize(samples.size() * c.widths.back());
  }

  Batches batches(Split split, bool learns) {
    return {split,           learns,          int(sizes.size()), 0,            sizes.data(), samples.data(),
            weightSums.data(), settings.data(), losses.data(),     outputs.data()};
  }
};

bool finished(Trainer &trainer, const Batches &batches) {
  std::promise<bool> whole;
  trainer.start(batches, [&](bool isWhole) { whole.set_value(isWhole); });
  return whole.get_future().get();
}

struct Digests {
  // Of all but the losses, whose logarithms are those of the system's library.
  Digest numbers;
  Digest losses;
};

Digests train(const Case &c, const Kernels &kernels, int threads) {
  Digests digests;
  const std::unique_ptr<Trainer> trainer = trainerOf(c, kernels, threads);
  Work steps(c, trainingSamples, c.batch, 6);
  Work evaluation(c, otherSamples, evaluationRows, 2);
  require(finished(*trainer, steps.batches(Split::train, true)), "the steps are not whole", c.name);
  require(finished(*trainer, evaluation.batches(Split::test, false)), "the evaluation is not whole", c.name);
  for (const Work *work : {&steps, &evaluation}) {
    digests.numbers.add(work->outputs.data(), work->outputs.size());
    digests.losses.add(work->losses.data(), work->losses.size());
  }
  for (int layer = 0; layer < trainer->layerCount(); layer++) {
    const DenseShape shape = trainer->shapeOf(layer);
    std::vector<float> weights(size_t(shape.inputs) * shape.outputs), bias(shape.outputs);
    for (int kept = 0; kept <= c.slots + c.averages; kept++) {
      trainer->readLayer(layer, kept, weights.data(), bias.data());
      digests.numbers.add(weights.data(), weights.size());
      digests.numbers.add(bias.data(), bias.size());
    }
    for (float weight : weights) require(isfinite(weight), "a weight is no number", c.name);
  }
  return digests;
}

// The work at hand is stopped, or ends; either way its end is told once, and a trainer can be freed at any moment.
void interrupt(const Case &c, const Kernels &kernels, int threads) {
  Work many(c, trainingSamples, c.batch, 2000), few(c, trainingSamples, c.batch, 2);
  std::atomic<int> told{0};
  {
    const std::unique_ptr<Trainer> trainer = trainerOf(c, kernels, threads);
    finished(*trainer, few.batches(Split::train, true));
    std::promise<bool> whole;
    trainer->start(many.batches(Split::train, true), [&](bool isWhole) { whole.set_value(isWhole); });
    trainer->stop();
    require(!whole.get_future().get(), "2000 batches were worked on after a stop", c.name);
  }
  for (int i = 0; i < 5; i++) {
    const std::unique_ptr<Trainer> trainer = trainerOf(c, kernels, threads);
    const bool stops = i % 2 == 0;
    trainer->start((stops ? many : few).batches(Split::train, true), [&](bool isWhole) { told += isWhole || stops; });
    if (stops) trainer->stop();
  }
  require(told == 5, "the end of some work was not told", c.name);
}

std::shared_ptr<Predictor> predictorOf(const Case &c, const Kernels &kernels, int threads) {
  PredictorProgram program = {c.widths[0], {}, 0.5f, -0.25f};
  for (const LayerProgram &layer : programOf(c).layers) program.layers.push_back({layer.outputs, layer.activation});
  auto predictor = std::make_shared<Predictor>(program, kernels, threads);
  Random random = {5};
  for (size_t l = 0; l < program.layers.size(); l++) {
    const DenseShape shape = {c.widths[l], c.widths[l + 1], panelColumns};
    const std::vector<float> weights = initialWeights(shape, random), bias = random.numbers(shape.outputs, 0.1f);
    predictor->writeLayer(int(l), weights.data(), bias.data(), {0, shape.outputs});
  }
  return predictor;
}

// Raw inputs of several slices: dense, sparse, and both.
std::vector<float> rawInputs(const Case &c, int count) {
  Random random = {6};
  std::vector<float> raw = random.numbers(size_t(count) * c.widths[0], 2);
  for (size_t i = raw.size() / 3; i < raw.size(); i++) {
    if (random.word() % 4 != 0) raw[i] = 0;
  }
  return raw;
}

std::vector<float> predictedInSlices(const Predictor &predictor, const std::vector<float> &raw, int count) {
  std::vector<float> out(size_t(count) * predictor.outputs());
  for (int first = 0; first < count; first += Predictor::sliceRows) {
    const int rows = count - first < Predictor::sliceRows ? count - first : Predictor::sliceRows;
    predictor.predict(raw.data() + size_t(first) * predictor.inputs(), rows, out.data() + size_t(first) * predictor.outputs(), 0);
  }
  return out;
}

void predict(const Case &c, const Kernels &kernels, int threads, Digest &digest) {
  constexpr int count = 2 * Predictor::sliceRows + 5, requests = 4;
  const std::shared_ptr<Predictor> predictor = predictorOf(c, kernels, 1 + threads);
  const std::vector<float> raw = rawInputs(c, count);
  const std::vector<float> expected = predictedInSlices(*predictor, raw, count);
  digest.add(expected.data(), expected.size());
  std::vector<std::vector<float>> outs(2 * requests, std::vector<float>(expected.size()));
  PredictionPool pool(threads);
  std::vector<std::promise<void>> ends(requests);
  for (int i = 0; i < requests; i++) {
    pool.add({predictor, raw.data(), count, outs[i].data(), [&ends, i] { ends[i].set_value(); }});
  }
  // Meanwhile the event loop predicts with the same predictor.
  require(predictedInSlices(*predictor, raw, count) == expected, "a prediction beside the threads differs", c.name);
  for (int i = 0; i < requests; i++) {
    ends[i].get_future().wait();
    require(outs[i] == expected, "a prediction by threads differs", c.name);
  }
  // These end with the pool, done or not.
  for (int i = requests; i < 2 * requests; i++) pool.add({predictorOf(c, kernels, 1 + threads), raw.data(), count, outs[i].data(), [] {}});
}

}  // namespace

int main() {
  std::vector<const Kernels *> sets;
  for (const Kernels *set : {avx512Kernels(), avx2Kernels(), neonKernels()}) {
    if (set != nullptr) sets.push_back(set);
  }
  require(!sets.empty(), "this processor has none of the instruction sets", "AVX2, AVX-512, NEON");
  for (const Case &c : cases) {
    std::vector<Digests> trained;
    std::vector<Digest> predicted;
    const auto add = [&](const Kernels &set, int threads) {
      trained.push_back(train(c, set, threads));
      predicted.emplace_back();
      predict(c, set, threads, predicted.back());
    };
    for (int threads = 1; threads <= 4; threads++) {
      add(*sets[0], threads);
      interrupt(c, *sets[0], threads);
    }
    // How threads share the work has nothing to do with what they compute by.
    for (const Kernels *set : sets) {
      if (set != sets[0]) add(*set, 3);
    }
    for (size_t i = 0; i < trained.size(); i++) {
      require(trained[i].numbers.value == trained[0].numbers.value, "training depends on threads or instruction set", c.name);
      require(trained[i].losses.value == trained[0].losses.value, "losses depend on threads or instruction set", c.name);
      require(predicted[i].value == predicted[0].value, "predictions depend on threads or instruction set", c.name);
    }
    printf("%-18s training %016llx, losses %016llx, predictions %016llx\n", c.name, (unsigned long long)trained[0].numbers.value,
           (unsigned long long)trained[0].losses.value, (unsigned long long)predicted[0].value);
  }
}
