// How many GFLOP/s this processor's vectors reach at most, on as many threads as the argument says: fused multiply-adds in
// registers, and nothing else. Prints a line for each instruction set. bench/train.mjs compiles and runs it.
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <algorithm>
#include <thread>
#include <vector>

// Enough sums that none waits for itself.
constexpr int sums = 12;
constexpr long rounds = 20'000'000;
constexpr int tries = 5;

static volatile float sink;

__attribute__((target("avx512f"))) static void avx512() {
  __m512 sum[sums], factor = _mm512_set1_ps(0.999f), term = _mm512_set1_ps(0.1f);
  for (__m512 &each : sum) each = _mm512_set1_ps(1);
  for (long round = 0; round < rounds; round++) {
    asm volatile("" : "+v"(factor), "+v"(term));
#pragma GCC unroll 12
    for (__m512 &each : sum) each = _mm512_fmadd_ps(each, factor, term);
  }
  for (__m512 &each : sum) sink = _mm512_cvtss_f32(each);
}

__attribute__((target("avx2,fma"))) static void avx2() {
  __m256 sum[sums], factor = _mm256_set1_ps(0.999f), term = _mm256_set1_ps(0.1f);
  for (__m256 &each : sum) each = _mm256_set1_ps(1);
  for (long round = 0; round < rounds; round++) {
    asm volatile("" : "+x"(factor), "+x"(term));
#pragma GCC unroll 12
    for (__m256 &each : sum) each = _mm256_fmadd_ps(each, factor, term);
  }
  for (__m256 &each : sum) sink = _mm256_cvtss_f32(each);
}

static double secondsNow() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

static void report(const char *name, void (*work)(), int lanes, int threads) {
  double best = 0;
  for (int i = 0; i < tries; i++) {
    const double start = secondsNow();
    std::vector<std::thread> team;
    for (int thread = 0; thread < threads; thread++) team.emplace_back(work);
    for (std::thread &thread : team) thread.join();
    best = std::max(best, 2.0 * sums * lanes * rounds * threads / (secondsNow() - start) / 1e9);
  }
  printf("%s, %d thread%s: %.0f GFLOP/s at most\n", name, threads, threads == 1 ? "" : "s", best);
}

int main(int count, char **values) {
  const int threads = count > 1 ? atoi(values[1]) : 1;
  if (__builtin_cpu_supports("avx512f")) report("AVX-512", avx512, 16, threads);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) report("AVX2", avx2, 8, threads);
}
