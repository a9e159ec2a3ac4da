/**
 * The micro-kernel: a tile of 4 rows and 8 columns, C = start + Σ_j A(·, j) · B(j, ·). Eight accumulators, four splats and
 * two vectors of B are the 14 registers that V8 can hold; it unrolls by itself, and an unrolled loop here would spill.
 */

/**
 * A's row i begins at `a + i·rowBytes`, its numbers one after the other; B is a panel (steps, 8); C's rows are `cBytes`
 * apart. `bias` holds the 8 numbers that every row starts from.
 */
@inline
export function tileOfRows(
  a: usize,
  rowBytes: usize,
  b: usize,
  steps: usize,
  bias: usize,
  c: usize,
  cBytes: usize,
  relu: bool,
): void {
  let c00 = v128.load(bias);
  let c01 = v128.load(bias, 16);
  let c10 = c00;
  let c11 = c01;
  let c20 = c00;
  let c21 = c01;
  let c30 = c00;
  let c31 = c01;
  let a0 = a;
  let a1 = a0 + rowBytes;
  let a2 = a1 + rowBytes;
  let a3 = a2 + rowBytes;
  const end = b + (steps << 5);
  while (b < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const s0 = v128.load32_splat(a0);
    c00 = f32x4.add(c00, f32x4.mul(s0, b0));
    c01 = f32x4.add(c01, f32x4.mul(s0, b1));
    const s1 = v128.load32_splat(a1);
    c10 = f32x4.add(c10, f32x4.mul(s1, b0));
    c11 = f32x4.add(c11, f32x4.mul(s1, b1));
    const s2 = v128.load32_splat(a2);
    c20 = f32x4.add(c20, f32x4.mul(s2, b0));
    c21 = f32x4.add(c21, f32x4.mul(s2, b1));
    const s3 = v128.load32_splat(a3);
    c30 = f32x4.add(c30, f32x4.mul(s3, b0));
    c31 = f32x4.add(c31, f32x4.mul(s3, b1));
    a0 += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
    b += 32;
  }
  storeRow(c, c00, c01, relu);
  c += cBytes;
  storeRow(c, c10, c11, relu);
  c += cBytes;
  storeRow(c, c20, c21, relu);
  c += cBytes;
  storeRow(c, c30, c31, relu);
}

/** The same with A transposed: its four numbers of step j lie at `a + j·stepBytes`. Starts from zero, C is a panel. */
@inline
export function tileOfColumns(a: usize, stepBytes: usize, b: usize, steps: usize, c: usize): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
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
    a += stepBytes;
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

@inline
export function storeRow(c: usize, low: v128, high: v128, relu: bool): void {
  if (relu) {
    // A NaN stays one, so that a network gone wrong is seen to have.
    const zero = f32x4.splat(0);
    low = f32x4.max(low, zero);
    high = f32x4.max(high, zero);
  }
  v128.store(c, low);
  v128.store(c, high, 16);
}
