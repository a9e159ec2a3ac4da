// Threads for predictions that would keep the event loop busy: one request after the other, slice by slice.
#pragma once
#include <deque>
#include <memory>
#include <mutex>

#include "predictor.h"
#include "team.h"

struct PredictionRequest {
  std::shared_ptr<Predictor> predictor;
  // (count, inputs) and (count, outputs)
  const float *raw;
  int count;
  float *out;
  // Called on a thread of the pool.
  std::function<void()> done;
};

class PredictionPool {
 public:
  explicit PredictionPool(int threads) : team(threads) {}
  // The request at hand ends early, and those that wait are left out.
  ~PredictionPool();

  void add(PredictionRequest request);

 private:
  void next();
  void carryOut(int thread);

  std::mutex mutex;
  // The first one is worked on.
  std::deque<PredictionRequest> requests;
  std::atomic<int> nextSlice{0};
  std::atomic<bool> isEnding{false};
  // Last, so that its threads end before what they use.
  Team team;
};
