/** Dropout's factors: Philox4x32-10 on four blocks at a time, the same words as philox.ts and dropout.ts draw. */
import { transpose } from './blocks';

/**
 * factors (panels of `rowsStride` rows) for the quads of rows and the panels given. A unit of a row has the word
 * row · 4⌈units / 4⌉ + unit of the stream (seed, step, stream); it is kept, and its factor `scale`, where the word is at
 * least `threshold`.
 */
export function dropoutFactors(
  seedLow: u32,
  seedHigh: u32,
  step: u32,
  stream: u32,
  threshold: u32,
  scale: f32,
  units: usize,
  quads: usize,
  firstPanel: usize,
  endPanel: usize,
  factors: usize,
  rowsStride: usize,
): void {
  const blocksOfRow = <u32>((units + 3) >> 2);
  const rows = i32x4.mul(i32x4(0, 1, 2, 3), i32x4.splat(blocksOfRow));
  for (let panel = firstPanel; panel < endPanel; panel++) {
    for (let quad: usize = 0; quad < quads; quad++) {
      const out = factors + ((panel * rowsStride + (quad << 2)) << 5);
      const block = <u32>(quad << 2) * blocksOfRow + <u32>(panel << 1);
      const blocks = i32x4.add(rows, i32x4.splat(block));
      fourBlocks(blocks, seedLow, seedHigh, step, stream, threshold, scale, out);
      const next = i32x4.add(blocks, i32x4.splat(1));
      fourBlocks(next, seedLow, seedHigh, step, stream, threshold, scale, out + 16);
    }
  }
}

/** One block of each of four rows; the rows are 32 bytes apart at `out`. */
@inline
function fourBlocks(
  block: v128,
  key0: u32,
  key1: u32,
  step: u32,
  stream: u32,
  threshold: u32,
  scale: f32,
  out: usize,
): void {
  let c0 = block;
  let c1 = i32x4.splat(0);
  let c2 = i32x4.splat(step);
  let c3 = i32x4.splat(stream);
  for (let round = 0; round < 10; round++) {
    const m0 = i32x4.splat(0xd2511f53);
    const m1 = i32x4.splat(0xcd9e8d57);
    const high0 = multiplyHigh(m0, c0);
    const high1 = multiplyHigh(m1, c2);
    const low0 = i32x4.mul(m0, c0);
    c0 = v128.xor(v128.xor(high1, c1), i32x4.splat(key0));
    c1 = i32x4.mul(m1, c2);
    c2 = v128.xor(v128.xor(high0, c3), i32x4.splat(key1));
    c3 = low0;
    key0 += 0x9e3779b9;
    key1 += 0xbb67ae85;
  }
  const least = i32x4.splat(threshold);
  const kept = f32x4.splat(scale);
  transpose(
    v128.and(kept, i32x4.ge_u(c0, least)),
    v128.and(kept, i32x4.ge_u(c1, least)),
    v128.and(kept, i32x4.ge_u(c2, least)),
    v128.and(kept, i32x4.ge_u(c3, least)),
    out,
    32,
  );
}

/** The upper words of four products. */
@inline
function multiplyHigh(a: v128, b: v128): v128 {
  const low = i64x2.extmul_low_i32x4_u(a, b);
  const high = i64x2.extmul_high_i32x4_u(a, b);
  return v128.shuffle<i32>(low, high, 1, 3, 5, 7);
}
