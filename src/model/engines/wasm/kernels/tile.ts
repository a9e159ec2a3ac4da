/**
 * The micro-kernel that does nearly all the work: a tile of 4 by 8, C = start + Σ_j A(·, j) · B(j, ·). Eight accumulators,
 * four splats and two vectors of B are the 14 registers that V8 can hold; it unrolls by itself, and a loop unrolled here
 * would spill. Each number of C is one sum in the order of j, so that its bits do not depend on how tiles are divided.
 */

/**
 * The four numbers of A at step j lie side by side at `a + j · aBytes`, the eight of B at `b + 32 j`; `start` is where the
 * eight numbers lie that every row of C begins from. C is four rows of a panel.
 */
@inline
export function tile(a: usize, aBytes: usize, b: usize, steps: usize, start: usize, c: usize): void {
  let c00 = v128.load(start);
  let c01 = v128.load(start, 16);
  let c10 = c00;
  let c11 = c01;
  let c20 = c00;
  let c21 = c01;
  let c30 = c00;
  let c31 = c01;
  const end = b + (steps << 5);
  while (b < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const s0 = v128.load32_splat(a);
    c00 = f32x4.add(c00, f32x4.mul(s0, b0));
    c01 = f32x4.add(c01, f32x4.mul(s0, b1));
    const s1 = v128.load32_splat(a, 4);
    c10 = f32x4.add(c10, f32x4.mul(s1, b0));
    c11 = f32x4.add(c11, f32x4.mul(s1, b1));
    const s2 = v128.load32_splat(a, 8);
    c20 = f32x4.add(c20, f32x4.mul(s2, b0));
    c21 = f32x4.add(c21, f32x4.mul(s2, b1));
    const s3 = v128.load32_splat(a, 12);
    c30 = f32x4.add(c30, f32x4.mul(s3, b0));
    c31 = f32x4.add(c31, f32x4.mul(s3, b1));
    a += aBytes;
    b += 32;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(c, c10, 32);
  v128.store(c, c11, 48);
  v128.store(c, c20, 64);
  v128.store(c, c21, 80);
  v128.store(c, c30, 96);
  v128.store(c, c31, 112);
}
