#include "team.h"

Team::Team(int count) {
  try {
    for (int thread = 0; thread < count; thread++) threads.emplace_back([this, thread] { loop(thread); });
  } catch (...) {
    endThreads();
    throw;
  }
}

Team::~Team() {
  // No thread may leave before the work at hand is finished: others meet it there.
  for (uint32_t seen = ended; seen != begun; seen = ended) awaitChange(ended, seen);
  endThreads();
}

void Team::endThreads() {
  ending = true;
  begun.fetch_add(1, std::memory_order_release);
  begun.notify_all();
  for (std::thread &thread : threads) thread.join();
}

void Team::start(std::function<void(int)> newWork, std::function<void()> newDone) {
  work = std::move(newWork);
  done = std::move(newDone);
  begun.fetch_add(1, std::memory_order_release);
  begun.notify_all();
}

void Team::loop(int thread) {
  for (uint32_t seen = 0;; seen++) {
    awaitChange(begun, seen);
    if (ending) return;
    work(thread);
    if (finished.fetch_add(1, std::memory_order_acq_rel) + 1 < threads.size()) continue;
    finished.store(0, std::memory_order_relaxed);
    // It may start the next work, which replaces both functions.
    const auto call = std::move(done);
    call();
    ended.fetch_add(1, std::memory_order_release);
    ended.notify_all();
  }
}

void Team::meet() {
  if (threads.size() == 1) return;
  const uint32_t seen = round.load(std::memory_order_acquire);
  if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == threads.size()) {
    arrived.store(0, std::memory_order_relaxed);
    round.store(seen + 1, std::memory_order_release);
    round.notify_all();
  } else {
    awaitChange(round, seen);
  }
}

// Some tens of microseconds: longer than threads of an idle machine wait for each other, and shorter than a time slice.
constexpr int spins = 1000;

static inline void pauseSpinning() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
}

void Team::awaitChange(std::atomic<uint32_t> &number, uint32_t from) {
  for (int i = 0; i < spins; i++) {
    if (number.load(std::memory_order_acquire) != from) return;
    pauseSpinning();
  }
  number.wait(from, std::memory_order_acquire);
}
