// Threads that work on one thing at a time together. They are the children of the thread that creates them, and so have its
// priority.
#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

class Team {
 public:
  // Throws std::system_error where the machine has no thread left.
  explicit Team(int threads);
  // Waits for the work under way.
  ~Team();
  Team(const Team &) = delete;

  int size() const { return int(threads.size()); }

  // Returns at once. `work` runs on every thread, which it is told; `done`, on the last that finishes. One work at a time.
  void start(std::function<void(int)> work, std::function<void()> done);

  // Called by every thread in its work: returns when all have come.
  void meet();

 private:
  void loop(int thread);
  void endThreads();
  // Spins for a while and then sleeps until the number is another.
  static void awaitChange(std::atomic<uint32_t> &number, uint32_t from);

  std::vector<std::thread> threads;
  std::function<void(int)> work;
  std::function<void()> done;
  bool ending = false;
  // Each counts up; on a cache line of its own.
  alignas(64) std::atomic<uint32_t> begun{0};
  // Works whose `done` has returned.
  alignas(64) std::atomic<uint32_t> ended{0};
  // Threads that have finished the work at hand.
  alignas(64) std::atomic<uint32_t> finished{0};
  alignas(64) std::atomic<uint32_t> arrived{0};
  alignas(64) std::atomic<uint32_t> round{0};
};
