/** Dense layers forward. The gradient of a layer's inputs is one too, with the transposed weights. */
import { storeRow, tileOfRows } from './gemm';

/**
 * out (rows, 8·panels) = x (rows, steps) · w + bias, then ReLU if asked for. Panels of w are (panelRows, 8), of which the
 * first `steps` rows count; `rows` is a multiple of 4.
 */
export function dense(
  x: usize,
  xStride: usize,
  rows: usize,
  steps: usize,
  w: usize,
  panelRows: usize,
  bias: usize,
  panels: usize,
  out: usize,
  outStride: usize,
  relu: bool,
): void {
  const xBytes = xStride << 2;
  const outBytes = outStride << 2;
  for (let panel: usize = 0; panel < panels; panel++) {
    const b = w + ((panel * panelRows) << 5);
    const start = bias + (panel << 5);
    for (let row: usize = 0; row < rows; row += 4) {
      const c = out + row * outBytes + (panel << 5);
      tileOfRows(x + row * xBytes, xBytes, b, steps, start, c, outBytes, relu);
    }
  }
}

/** `dense` for a single row, two panels at a time to hide the latency of the additions. The same bits. */
export function denseRow(
  x: usize,
  steps: usize,
  w: usize,
  panelRows: usize,
  bias: usize,
  panels: usize,
  out: usize,
  relu: bool,
): void {
  const panelBytes = panelRows << 5;
  const end = x + (steps << 2);
  let panel: usize = 0;
  for (; panel + 2 <= panels; panel += 2) {
    let b = w + panel * panelBytes;
    let d = b + panelBytes;
    const start = bias + (panel << 5);
    let c0 = v128.load(start);
    let c1 = v128.load(start, 16);
    let c2 = v128.load(start, 32);
    let c3 = v128.load(start, 48);
    for (let a = x; a < end; a += 4) {
      const s = v128.load32_splat(a);
      c0 = f32x4.add(c0, f32x4.mul(s, v128.load(b)));
      c1 = f32x4.add(c1, f32x4.mul(s, v128.load(b, 16)));
      c2 = f32x4.add(c2, f32x4.mul(s, v128.load(d)));
      c3 = f32x4.add(c3, f32x4.mul(s, v128.load(d, 16)));
      b += 32;
      d += 32;
    }
    storeRow(out + (panel << 5), c0, c1, relu);
    storeRow(out + (panel << 5) + 32, c2, c3, relu);
  }
  if (panel < panels) {
    let b = w + panel * panelBytes;
    const start = bias + (panel << 5);
    let c0 = v128.load(start);
    let c1 = v128.load(start, 16);
    for (let a = x; a < end; a += 4) {
      const s = v128.load32_splat(a);
      c0 = f32x4.add(c0, f32x4.mul(s, v128.load(b)));
      c1 = f32x4.add(c1, f32x4.mul(s, v128.load(b, 16)));
      b += 32;
    }
    storeRow(out + (panel << 5), c0, c1, relu);
  }
}

/**
 * From w in panels (panelRows, 8) over the outputs to its transpose in panels (outRows, 8) over the inputs, in blocks of 4
 * by 4. `panelRows` and `outRows` are multiples of 4, `outRows` at least `outputs`.
 */
export function transpose(w: usize, panelRows: usize, outputs: usize, out: usize, outRows: usize): void {
  for (let n: usize = 0; n < outputs; n += 4) {
    const from = w + (n >> 3) * (panelRows << 5) + ((n & 7) << 2);
    for (let k: usize = 0; k < panelRows; k += 4) {
      const source = from + (k << 5);
      const r0 = v128.load(source);
      const r1 = v128.load(source, 32);
      const r2 = v128.load(source, 64);
      const r3 = v128.load(source, 96);
      const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
      const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
      const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
      const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
      const to = out + (k >> 3) * (outRows << 5) + (n << 5) + ((k & 7) << 2);
      v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
      v128.store(to, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7), 32);
      v128.store(to, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5), 64);
      v128.store(to, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7), 96);
    }
  }
}
