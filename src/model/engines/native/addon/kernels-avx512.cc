#if defined(__x86_64__)
#include "kernels-table.h"

const Kernels *avx512Kernels() {
  return __builtin_cpu_supports("avx512f") ? kernelsNamed("AVX-512") : nullptr;
}
#else
#include "kernels.h"

const Kernels *avx512Kernels() { return nullptr; }
#endif
