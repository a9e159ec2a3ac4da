#if defined(__x86_64__)
#include "kernels-table.h"

const Kernels *avx2Kernels() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? kernelsNamed("AVX2") : nullptr;
}
#else
#include "kernels.h"

const Kernels *avx2Kernels() { return nullptr; }
#endif
