// What JavaScript can call; engines/native/addon.ts says with what.
#include <string.h>

#include <memory>
#include <new>
#include <set>

#include "completions.h"
#include "node-values.h"
#include "prediction-pool.h"
#include "predictor.h"
#include "trainer.h"

namespace {

// A trainer or predictor as JavaScript holds it; empty once it is freed.
template <typename Owned>
struct Handle {
  std::shared_ptr<Owned> owned;
  int64_t sizeBytes;
};

// Of one JavaScript environment: a process, or a thread of it.
struct Environment {
  explicit Environment(napi_env env) : completions(env) {}

  Completions completions;
  std::unique_ptr<PredictionPool> pool;
  std::set<Handle<Trainer> *> trainers;
};

Environment &environmentOf(napi_env env) {
  void *data = nullptr;
  napi_get_instance_data(env, &data);
  return *static_cast<Environment *>(data);
}

// The best first.
const Kernels *(*const instructionSets[])() = {avx512Kernels, avx2Kernels, neonKernels};

const Kernels *kernelsOf(const std::string &name) {
  for (const auto find : instructionSets) {
    const Kernels *kernels = find();
    if (kernels != nullptr && name == kernels->name) return kernels;
  }
  return nullptr;
}

struct Call {
  Call(napi_env env, napi_callback_info info) : env(env) {
    size_t count = sizeof values / sizeof *values;
    napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  }

  Value operator[](int index) const { return {env, values[index]}; }

  napi_env env;
  napi_value values[6];
};

napi_value numberOf(napi_env env, double number) {
  napi_value value;
  napi_create_double(env, number, &value);
  return value;
}

template <typename Owned>
void release(napi_env env, Handle<Owned> &handle) {
  if (handle.owned == nullptr) return;
  handle.owned = nullptr;
  int64_t total;
  napi_adjust_external_memory(env, -handle.sizeBytes, &total);
}

// Null where the machine does not have the memory or the threads.
template <typename Owned, typename Make>
napi_value handleOf(napi_env env, napi_finalize finalize, Make make) {
  napi_value value;
  try {
    std::shared_ptr<Owned> owned = make();
    auto *handle = new Handle<Owned>{owned, int64_t(owned->sizeBytes())};
    int64_t total;
    napi_adjust_external_memory(env, handle->sizeBytes, &total);
    napi_create_external(env, handle, finalize, nullptr, &value);
  } catch (const std::exception &) {
    napi_get_null(env, &value);
  }
  return value;
}

std::vector<LayerProgram> layersOf(const Value &layers) {
  std::vector<LayerProgram> found;
  for (uint32_t i = 0; i < layers.length(); i++) {
    const Value layer = layers[i];
    found.push_back({layer["outputs"].integer(), Activation(layer["activation"].integer()),
                     layer["dropoutThreshold"].word(), layer["dropoutScale"].single(), layer["dropoutStream"].word()});
  }
  return found;
}

TrainerProgram trainerProgramOf(const Value &program) {
  TrainerProgram found = {};
  found.inputs = program["inputs"].integer();
  found.layers = layersOf(program["layers"]);
  found.loss = Loss(program["loss"].integer());
  found.optimizer = Optimizer(program["optimizer"].integer());
  found.slots = program["slots"].integer();
  found.averages = program["averages"].boolean();
  found.clipNorm = program["clipNorm"].number();
  found.labelSmoothing = program["labelSmoothing"].number();
  found.seedLow = program["seedLow"].word();
  found.seedHigh = program["seedHigh"].word();
  found.bytes = program["bytes"].boolean();
  found.scale = program["scale"].single();
  found.shift = program["shift"].single();
  found.mayBeSparse = program["mayBeSparse"].boolean();
  found.rows = program["rows"].integer();
  for (uint32_t split = 0; split < splitCount; split++) {
    const Value size = program["splits"][split];
    found.splits[split] = {size["count"].word(), size["hasWeights"].boolean()};
  }
  return found;
}

// () → names of the instruction sets that this processor has, the best first
napi_value getInstructionSets(napi_env env, napi_callback_info) {
  napi_value names;
  napi_create_array(env, &names);
  uint32_t count = 0;
  for (const auto find : instructionSets) {
    if (const Kernels *kernels = find()) {
      napi_value name;
      napi_create_string_utf8(env, kernels->name, NAPI_AUTO_LENGTH, &name);
      napi_set_element(env, names, count++, name);
    }
  }
  return names;
}

// (program, threads) → bytes
napi_value trainerBytes(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const TrainerProgram program = trainerProgramOf(call[0]);
  return numberOf(env, double(TrainerMemory(program, call[1].integer()).sizeBytes()));
}

void forgetTrainer(napi_env env, Handle<Trainer> &handle) {
  if (handle.owned == nullptr) return;
  environmentOf(env).trainers.erase(&handle);
  release(env, handle);
}

// (program, threads, instruction set) → trainer, or null
napi_value createTrainer(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const napi_finalize finalize = [](napi_env env, void *data, void *) {
    auto *handle = static_cast<Handle<Trainer> *>(data);
    forgetTrainer(env, *handle);
    delete handle;
  };
  const napi_value value = handleOf<Trainer>(env, finalize, [&] {
    return std::make_shared<Trainer>(trainerProgramOf(call[0]), *kernelsOf(call[2].text()), call[1].integer());
  });
  const Value handle(env, value);
  if (!handle.isNull()) environmentOf(env).trainers.insert(handle.external<Handle<Trainer>>());
  return value;
}

Trainer &trainerOf(const Call &call) { return *call[0].external<Handle<Trainer>>()->owned; }

template <typename Number>
void copyInto(Number *to, const Value &from) {
  const View<Number> view = from.view<Number>();
  if (view.length > 0) memcpy(to, view.numbers, sizeof(Number) * view.length);
}

// (trainer, split, inputs, background or null)
napi_value setInputs(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  SplitData &split = trainerOf(call).dataOf(Split(call[1].integer()));
  if (split.bytes != nullptr) copyInto(split.bytes, call[2]);
  else copyInto(split.floats, call[2]);
  const Value background = call[3];
  if (background.isNull()) split.background = {};
  else split.background = {true, uint8_t(background["raw"].integer()), background["value"].single()};
  return nullptr;
}

// (trainer, split, classes or null, values or null, weights or null)
napi_value setTargets(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  SplitData &split = trainerOf(call).dataOf(Split(call[1].integer()));
  copyInto(split.classes, call[2]);
  copyInto(split.values, call[3]);
  copyInto(split.weights, call[4]);
  return nullptr;
}

// (trainer, layer, kept, weights, bias)
napi_value writeTrainerLayer(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  trainerOf(call).writeLayer(call[1].integer(), call[2].integer(), call[3].view<float>().numbers,
                             call[4].view<float>().numbers);
  return nullptr;
}

// (trainer, layer, kept, weights, bias), which are filled
napi_value readTrainerLayer(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  trainerOf(call).readLayer(call[1].integer(), call[2].integer(), call[3].view<float>().numbers,
                            call[4].view<float>().numbers);
  return nullptr;
}

// (trainer, batches) → promise of whether all were worked on
napi_value run(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const Value wanted = call[1];
  const View<uint32_t> sizes = wanted["sizes"].view<uint32_t>();
  const Batches batches = {
      Split(wanted["split"].integer()),
      wanted["learns"].boolean(),
      int(sizes.length),
      wanted["firstStep"].word(),
      sizes.numbers,
      wanted["samples"].view<uint32_t>().numbers,
      wanted["weightSums"].view<double>().numbers,
      reinterpret_cast<const OptimizerSettings *>(wanted["settings"].view<float>().numbers),
      wanted["losses"].view<double>().numbers,
      wanted["outputs"].view<float>().numbers,
  };
  std::function<void(bool)> resolve;
  const napi_value promise = environmentOf(env).completions.promise(wanted.value, &resolve);
  trainerOf(call).start(batches, resolve);
  return promise;
}

// (trainer) Ends the work under way after the batch at hand.
napi_value stop(napi_env env, napi_callback_info info) {
  trainerOf(Call(env, info)).stop();
  return nullptr;
}

// (trainer) Nothing is under way.
napi_value freeTrainer(napi_env env, napi_callback_info info) {
  forgetTrainer(env, *Call(env, info)[0].external<Handle<Trainer>>());
  return nullptr;
}

// (program, threads, instruction set) → predictor, or null
napi_value createPredictor(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const Value wanted = call[0];
  PredictorProgram program = {wanted["inputs"].integer(), {}, wanted["scale"].single(), wanted["shift"].single()};
  for (const LayerProgram &layer : layersOf(wanted["layers"])) program.layers.push_back({layer.outputs, layer.activation});
  const int threads = call[1].integer();
  Environment &environment = environmentOf(env);
  const napi_finalize finalize = [](napi_env env, void *data, void *) {
    auto *handle = static_cast<Handle<Predictor> *>(data);
    release(env, *handle);
    delete handle;
  };
  return handleOf<Predictor>(env, finalize, [&] {
    if (environment.pool == nullptr) environment.pool = std::make_unique<PredictionPool>(threads);
    return std::make_shared<Predictor>(program, *kernelsOf(call[2].text()), 1 + threads);
  });
}

Handle<Predictor> &predictorOf(const Call &call) { return *call[0].external<Handle<Predictor>>(); }

// (predictor, layer, weights, bias, first output), of as many outputs as bias has numbers
napi_value writePredictorLayer(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const View<float> bias = call[3].view<float>();
  const int first = call[4].integer();
  predictorOf(call).owned->writeLayer(call[1].integer(), call[2].view<float>().numbers, bias.numbers,
                                      {first, first + int(bias.length)});
  return nullptr;
}

// (predictor) → bytes
napi_value predictorBytes(napi_env env, napi_callback_info info) {
  return numberOf(env, double(predictorOf(Call(env, info)).sizeBytes));
}

// (predictor, raw, count, out), at most Predictor::sliceRows rows
napi_value predictNow(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  predictorOf(call).owned->predict(call[1].view<float>().numbers, call[2].integer(), call[3].view<float>().numbers, 0);
  return nullptr;
}

// (predictor, raw, count, out, [raw, out]) → promise
napi_value predictOnThreads(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Environment &environment = environmentOf(env);
  std::function<void(bool)> resolve;
  const napi_value promise = environment.completions.promise(call[4].value, &resolve);
  environment.pool->add({predictorOf(call).owned, call[1].view<float>().numbers, call[2].integer(),
                         call[3].view<float>().numbers, [resolve] { resolve(true); }});
  return promise;
}

napi_value freePredictor(napi_env env, napi_callback_info info) {
  release(env, predictorOf(Call(env, info)));
  return nullptr;
}

// Threads end before what they call.
void endThreads(void *data) {
  auto &environment = *static_cast<Environment *>(data);
  for (Handle<Trainer> *handle : environment.trainers) handle->owned->stop();
  for (Handle<Trainer> *handle : environment.trainers) handle->owned = nullptr;
  environment.trainers.clear();
  environment.pool = nullptr;
  environment.completions.close();
}

void define(napi_env env, napi_value exports, const char *name, napi_callback callback) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
  napi_set_named_property(env, exports, name, function);
}

}  // namespace

NAPI_MODULE_INIT() {
  auto *environment = new Environment(env);
  napi_set_instance_data(env, environment, [](napi_env, void *data, void *) { delete static_cast<Environment *>(data); },
                         nullptr);
  napi_add_env_cleanup_hook(env, endThreads, environment);
  define(env, exports, "instructionSets", getInstructionSets);
  define(env, exports, "trainerBytes", trainerBytes);
  define(env, exports, "createTrainer", createTrainer);
  define(env, exports, "setInputs", setInputs);
  define(env, exports, "setTargets", setTargets);
  define(env, exports, "writeTrainerLayer", writeTrainerLayer);
  define(env, exports, "readTrainerLayer", readTrainerLayer);
  define(env, exports, "run", run);
  define(env, exports, "stop", stop);
  define(env, exports, "freeTrainer", freeTrainer);
  define(env, exports, "createPredictor", createPredictor);
  define(env, exports, "writePredictorLayer", writePredictorLayer);
  define(env, exports, "predictorBytes", predictorBytes);
  define(env, exports, "predictNow", predictNow);
  define(env, exports, "predictOnThreads", predictOnThreads);
  define(env, exports, "freePredictor", freePredictor);
  return exports;
}
