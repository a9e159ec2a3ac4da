// The vectors of the instruction set that a file is compiled for, and the few operations that the kernels use. Every operation
// gives each lane the same bits on every instruction set: products are added by fused multiply-add or not at all, and
// nothing is approximate. Lanes are neighbouring numbers, never parts of one sum.
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "layout.h"

#define INLINE static ALWAYS_INLINE

#if defined(__AVX512F__)
#include <immintrin.h>

typedef __m512 Vector;
typedef __mmask16 Mask;
// Lanes, and the rows and vectors of a tile: all its sums and factors stay in registers.
enum { lanes = 16, tileRows = 8, tileVectors = 2 };

INLINE Vector load(const float *from) { return _mm512_loadu_ps(from); }
INLINE void store(float *to, Vector v) { _mm512_storeu_ps(to, v); }
INLINE Vector splat(float number) { return _mm512_set1_ps(number); }
INLINE Vector add(Vector a, Vector b) { return _mm512_add_ps(a, b); }
INLINE Vector sub(Vector a, Vector b) { return _mm512_sub_ps(a, b); }
INLINE Vector mul(Vector a, Vector b) { return _mm512_mul_ps(a, b); }
INLINE Vector div(Vector a, Vector b) { return _mm512_div_ps(a, b); }
INLINE Vector multiplyAdd(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
INLINE Vector squareRoot(Vector v) { return _mm512_sqrt_ps(v); }
INLINE Vector larger(Vector least, Vector v) { return _mm512_max_ps(least, v); }
INLINE Vector smaller(Vector most, Vector v) { return _mm512_min_ps(most, v); }
INLINE Vector magnitude(Vector v) { return _mm512_abs_ps(v); }
INLINE Vector nearest(Vector v) { return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE Mask isLess(Vector a, Vector b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
INLINE Mask isNotZero(Vector v) { return _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_NEQ_UQ); }
INLINE Vector select(Mask mask, Vector where, Vector elsewhere) { return _mm512_mask_blend_ps(mask, elsewhere, where); }
INLINE uint32_t bitsOf(Mask mask) { return mask; }
INLINE Vector powerOfTwo(Vector n) {
  __m512i exponent = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
  return _mm512_castsi512_ps(_mm512_slli_epi32(exponent, 23));
}
INLINE Vector loadBytes(const uint8_t *from) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)from)));
}

#elif defined(__AVX2__)
#include <immintrin.h>

typedef __m256 Vector;
typedef __m256 Mask;
enum { lanes = 8, tileRows = 4, tileVectors = 2 };

INLINE Vector load(const float *from) { return _mm256_loadu_ps(from); }
INLINE void store(float *to, Vector v) { _mm256_storeu_ps(to, v); }
INLINE Vector splat(float number) { return _mm256_set1_ps(number); }
INLINE Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
INLINE Vector sub(Vector a, Vector b) { return _mm256_sub_ps(a, b); }
INLINE Vector mul(Vector a, Vector b) { return _mm256_mul_ps(a, b); }
INLINE Vector div(Vector a, Vector b) { return _mm256_div_ps(a, b); }
INLINE Vector multiplyAdd(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
INLINE Vector squareRoot(Vector v) { return _mm256_sqrt_ps(v); }
INLINE Vector larger(Vector least, Vector v) { return _mm256_max_ps(least, v); }
INLINE Vector smaller(Vector most, Vector v) { return _mm256_min_ps(most, v); }
INLINE Vector magnitude(Vector v) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), v); }
INLINE Vector nearest(Vector v) { return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE Mask isLess(Vector a, Vector b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
INLINE Mask isNotZero(Vector v) { return _mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_NEQ_UQ); }
INLINE Vector select(Mask mask, Vector where, Vector elsewhere) { return _mm256_blendv_ps(elsewhere, where, mask); }
INLINE uint32_t bitsOf(Mask mask) { return (uint32_t)_mm256_movemask_ps(mask); }
INLINE Vector powerOfTwo(Vector n) {
  __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
  return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
}
INLINE Vector loadBytes(const uint8_t *from) {
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)from)));
}

#elif defined(__aarch64__)
#include <arm_neon.h>

typedef float32x4_t Vector;
typedef uint32x4_t Mask;
enum { lanes = 4, tileRows = 4, tileVectors = 4 };

INLINE Vector load(const float *from) { return vld1q_f32(from); }
INLINE void store(float *to, Vector v) { vst1q_f32(to, v); }
INLINE Vector splat(float number) { return vdupq_n_f32(number); }
INLINE Vector add(Vector a, Vector b) { return vaddq_f32(a, b); }
INLINE Vector sub(Vector a, Vector b) { return vsubq_f32(a, b); }
INLINE Vector mul(Vector a, Vector b) { return vmulq_f32(a, b); }
INLINE Vector div(Vector a, Vector b) { return vdivq_f32(a, b); }
INLINE Vector multiplyAdd(Vector a, Vector b, Vector c) { return vfmaq_f32(c, a, b); }
INLINE Vector squareRoot(Vector v) { return vsqrtq_f32(v); }
INLINE Vector larger(Vector least, Vector v) { return vmaxq_f32(least, v); }
INLINE Vector smaller(Vector most, Vector v) { return vminq_f32(most, v); }
INLINE Vector magnitude(Vector v) { return vabsq_f32(v); }
INLINE Vector nearest(Vector v) { return vrndnq_f32(v); }
INLINE Mask isLess(Vector a, Vector b) { return vcltq_f32(a, b); }
INLINE Mask isNotZero(Vector v) { return vmvnq_u32(vceqq_f32(v, vdupq_n_f32(0))); }
INLINE Vector select(Mask mask, Vector where, Vector elsewhere) { return vbslq_f32(mask, where, elsewhere); }
INLINE uint32_t bitsOf(Mask mask) {
  const uint32_t bits[4] = {1, 2, 4, 8};
  return vaddvq_u32(vandq_u32(mask, vld1q_u32(bits)));
}
INLINE Vector powerOfTwo(Vector n) {
  int32x4_t exponent = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
  return vreinterpretq_f32_s32(vshlq_n_s32(exponent, 23));
}
INLINE Vector loadBytes(const uint8_t *from) {
  uint32_t word;
  memcpy(&word, from, 4);
  uint8x8_t bytes = vreinterpret_u8_u32(vdup_n_u32(word));
  return vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(bytes))));
}
#endif

static_assert(rowsOfTile % tileRows == 0, "tiles end where a thread's rows end");

// `larger` and `smaller` give a NaN of their second argument back.

INLINE Vector zero() { return splat(0); }
INLINE Vector negative(Vector v) { return sub(splat(-0.0f), v); }

// Of the 16 bytes, one bit for each that is another than `background`.
INLINE uint32_t differingBytes(const uint8_t *from, uint8_t background) {
#if defined(__aarch64__)
  uint32_t bits = 0;
  for (int i = 0; i < 16; i++) bits |= (uint32_t)(from[i] != background) << i;
  return bits;
#else
  __m128i same = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)from), _mm_set1_epi8((char)background));
  return 0xffffu & ~(uint32_t)_mm_movemask_epi8(same);
#endif
}

// to[j][i] = from[i][j] for a block of 4 × 4.
INLINE void transpose4(const float *from, int fromStride, float *to, int toStride) {
#if defined(__aarch64__)
  float32x4x4_t rows;
  float block[16];
  for (int i = 0; i < 4; i++) rows.val[i] = vld1q_f32(from + i * fromStride);
  vst4q_f32(block, rows);
  for (int i = 0; i < 4; i++) vst1q_f32(to + i * toStride, vld1q_f32(block + 4 * i));
#else
  __m128 r0 = _mm_loadu_ps(from), r1 = _mm_loadu_ps(from + fromStride);
  __m128 r2 = _mm_loadu_ps(from + 2 * fromStride), r3 = _mm_loadu_ps(from + 3 * fromStride);
  _MM_TRANSPOSE4_PS(r0, r1, r2, r3);
  _mm_storeu_ps(to, r0);
  _mm_storeu_ps(to + toStride, r1);
  _mm_storeu_ps(to + 2 * toStride, r2);
  _mm_storeu_ps(to + 3 * toStride, r3);
#endif
}
