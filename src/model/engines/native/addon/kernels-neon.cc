#if defined(__aarch64__)
#include "kernels-table.h"

const Kernels *neonKernels() { return kernelsNamed("NEON"); }
#else
#include "kernels.h"

const Kernels *neonKernels() { return nullptr; }
#endif
