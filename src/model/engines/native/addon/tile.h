// The product of a few rows with a few vectors of columns, in registers. Everything dense is made of it.
#pragma once
#include "simd.h"

// sums[r][v] += Σ over n of a[r · rowStep + k · kStep] · b[k · bStep + v · lanes]
template <int rows, int vectors, int rowStep, int kStep, int bStep>
INLINE void addProducts(const float *a, const float *b, int n, Vector (&sums)[rows][vectors]) {
  for (int k = 0; k < n; k++) {
    Vector factors[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) factors[v] = load(b + v * lanes);
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
      Vector factor = splat(a[r * rowStep]);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++) sums[r][v] = multiplyAdd(factor, factors[v], sums[r][v]);
    }
    a += kStep;
    b += bStep;
  }
}

template <int rows, int vectors>
INLINE void loadTile(const float *from, int stride, Vector (&sums)[rows][vectors]) {
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) sums[r][v] = load(from + r * stride + v * lanes);
  }
}

template <int rows, int vectors>
INLINE void storeTile(float *to, int stride, Vector (&sums)[rows][vectors]) {
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) store(to + r * stride + v * lanes, sums[r][v]);
  }
}

// Every row of the tile begins as these vectors.
template <int rows, int vectors>
INLINE void fillTile(const float *from, Vector (&sums)[rows][vectors]) {
  loadTile(from, 0, sums);
}

template <int rows, int vectors>
INLINE void clearTile(Vector (&sums)[rows][vectors]) {
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) sums[r][v] = zero();
  }
}

// The vectors of a tile in panels of so many columns.
template <int columns>
constexpr int vectorsOfTile() {
  return columns < tileVectors * lanes ? columns / lanes : tileVectors;
}
