/** Work on small blocks that fit the registers: the product of two, and transposes. */

/**
 * The micro-kernel that does nearly all the work: a tile of 4 by 8, C = start + Σ_j A(·, j) · B(j, ·). The four numbers of
 * A at step j lie side by side at `a + j · aBytes`, the eight of B at `b + 32 j`. At `start` lie the eight numbers that
 * every row of C starts from. C is four rows of a panel.
 *
 * Eight accumulators, four splats and two vectors of B are the 14 registers that V8 can hold. V8 unrolls the loop itself;
 * a loop unrolled here would spill. Each number of C is one sum in the order of j, so its bits do not depend on how the
 * work is divided into tiles.
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

/** From panels of `rowsStride` rows to quads of `columns` columns. */
export function toQuads(
  panels: usize,
  rowsStride: usize,
  quadCount: usize,
  firstPanel: usize,
  endPanel: usize,
  quads: usize,
  columns: usize,
): void {
  for (let panel = firstPanel; panel < endPanel; panel++) {
    let from = panels + ((panel * rowsStride) << 5);
    let to = quads + (panel << 7);
    for (let quad: usize = 0; quad < quadCount; quad++) {
      transpose4x4(from, 32, to, 16);
      transpose4x4(from + 16, 32, to + 64, 16);
      from += 128;
      to += columns << 4;
    }
  }
}

/** One panel (columns, 8) of wᵀ, over eight of the layer's inputs. */
export function transposePanel(w: usize, panelRows: usize, panel: usize, columns: usize, to: usize): void {
  for (let output: usize = 0; output < columns; output += 4) {
    const from = w + (((output >> 3) * panelRows + (panel << 3)) << 5) + ((output & 4) << 2);
    transpose4x4(from, 32, to + (output << 5), 32);
    transpose4x4(from + 128, 32, to + (output << 5) + 16, 32);
  }
}

/** Four rows of four, `rowBytes` apart at `source`, to their transpose, whose rows are `columnBytes` apart at `target`. */
@inline
export function transpose4x4(source: usize, rowBytes: usize, target: usize, columnBytes: usize): void {
  const r0 = v128.load(source);
  const r1 = v128.load(source + rowBytes);
  const r2 = v128.load(source + 2 * rowBytes);
  const r3 = v128.load(source + 3 * rowBytes);
  transpose(r0, r1, r2, r3, target, columnBytes);
}

@inline
export function transpose(
  r0: v128,
  r1: v128,
  r2: v128,
  r3: v128,
  target: usize,
  columnBytes: usize,
): void {
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(target, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
  v128.store(target + columnBytes, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
  v128.store(target + 2 * columnBytes, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
  v128.store(target + 3 * columnBytes, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
}
