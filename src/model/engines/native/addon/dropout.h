// Dropout's factors: the words that src/lib/philox.ts and src/model/network/dropout.ts draw. Integers only, so the compiler may
// use any vectors.
#pragma once
#include "layout.h"
#include "calls.h"

constexpr int wordsOfBlock = 4;
constexpr int blocksOfPanel = panelColumns / wordsOfBlock;

// words (4, 8): the words of 8 blocks, word by word. Philox4x32-10: J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3".
static void drawWords(const DropoutCall &call, uint32_t firstBlock, uint32_t (&words)[wordsOfBlock][blocksOfPanel]) {
  auto &[c0, c1, c2, c3] = words;
  uint32_t key0 = call.seedLow, key1 = call.seedHigh;
  for (int i = 0; i < blocksOfPanel; i++) {
    c0[i] = firstBlock + i;
    c1[i] = 0;
    c2[i] = call.step;
    c3[i] = call.stream;
  }
  for (int round = 0; round < 10; round++) {
    for (int i = 0; i < blocksOfPanel; i++) {
      const uint64_t product0 = uint64_t(0xd2511f53) * c0[i], product1 = uint64_t(0xcd9e8d57) * c2[i];
      c0[i] = uint32_t(product1 >> 32) ^ c1[i] ^ key0;
      c1[i] = uint32_t(product1);
      c2[i] = uint32_t(product0 >> 32) ^ c3[i] ^ key1;
      c3[i] = uint32_t(product0);
    }
    key0 += 0x9e3779b9;
    key1 += 0xbb67ae85;
  }
}

// factors (panels, rowsStride, 32) for the first `rows` rows of the panels given.
static void dropoutFactors(const DropoutCall &call, float *factors, int rowsStride, int rows, Range panels) {
  const uint32_t blocksOfRow = uint32_t(blocksOf(call.units, wordsOfBlock));
  for (int panel = panels.first; panel < panels.end; panel++) {
    for (int row = 0; row < rows; row++) {
      uint32_t words[wordsOfBlock][blocksOfPanel];
      drawWords(call, uint32_t(row) * blocksOfRow + uint32_t(panel * blocksOfPanel), words);
      float *to = factors + (size_t(panel) * rowsStride + row) * panelColumns;
      for (int unit = 0; unit < panelColumns; unit++) {
        to[unit] = words[unit % wordsOfBlock][unit / wordsOfBlock] >= call.threshold ? call.scale : 0;
      }
    }
  }
}
