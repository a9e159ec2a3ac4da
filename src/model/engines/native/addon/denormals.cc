#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

// Results and operands: MXCSR's bits 15 and 6.
constexpr unsigned flushToZero = 0x8040;

WithoutDenormals::WithoutDenormals() : before(_mm_getcsr()) { _mm_setcsr(unsigned(before) | flushToZero); }
WithoutDenormals::~WithoutDenormals() { _mm_setcsr(unsigned(before)); }

#elif defined(__aarch64__)

// FPCR's bit 24.
constexpr uint64_t flushToZero = 1 << 24;

WithoutDenormals::WithoutDenormals() {
  asm volatile("mrs %0, fpcr" : "=r"(before));
  asm volatile("msr fpcr, %0" : : "r"(before | flushToZero));
}
WithoutDenormals::~WithoutDenormals() { asm volatile("msr fpcr, %0" : : "r"(before)); }

#else

WithoutDenormals::WithoutDenormals() : before(0) {}
WithoutDenormals::~WithoutDenormals() {}

#endif
