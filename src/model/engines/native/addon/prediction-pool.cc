#include "prediction-pool.h"

PredictionPool::~PredictionPool() {
  const std::lock_guard lock(mutex);
  isEnding = true;
  if (requests.size() > 1) requests.erase(requests.begin() + 1, requests.end());
}

void PredictionPool::add(PredictionRequest request) {
  const std::lock_guard lock(mutex);
  requests.push_back(std::move(request));
  if (requests.size() == 1) next();
}

// With the mutex held.
void PredictionPool::next() {
  nextSlice = 0;
  team.start([this](int thread) { carryOut(thread); },
             [this] {
               PredictionRequest finished;
               {
                 const std::lock_guard lock(mutex);
                 finished = std::move(requests.front());
                 requests.pop_front();
                 if (!requests.empty()) next();
               }
               finished.done();
             });
}

// Nobody else touches the request meanwhile: a deque does not move what it holds when others are added.
void PredictionPool::carryOut(int thread) {
  const PredictionRequest *request;
  {
    const std::lock_guard lock(mutex);
    request = &requests.front();
  }
  const Predictor &predictor = *request->predictor;
  for (int slice = nextSlice++; !isEnding && slice * Predictor::sliceRows < request->count; slice = nextSlice++) {
    const size_t first = size_t(slice) * Predictor::sliceRows;
    const int left = request->count - int(first);
    const int rows = left < Predictor::sliceRows ? left : Predictor::sliceRows;
    // The first number is the event loop's.
    predictor.predict(request->raw + first * predictor.inputs(), rows, request->out + first * predictor.outputs(), thread + 1);
  }
}
