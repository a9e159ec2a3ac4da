/** Dense layers: forward, and the gradient of their inputs. */
import { tile, transposePanel } from './blocks';

/**
 * out (panels) = bias + x · w, for the quads of rows from `firstQuad` and the panels of outputs from `firstPanel`. x is in
 * quads of `columns` columns, `inputs` of which count; w has panels of `panelRows` rows, out has panels of `rowsStride`.
 */
export function dense(
  x: usize,
  columns: usize,
  inputs: usize,
  firstQuad: usize,
  endQuad: usize,
  w: usize,
  panelRows: usize,
  bias: usize,
  firstPanel: usize,
  endPanel: usize,
  out: usize,
  rowsStride: usize,
): void {
  for (let panel = firstPanel; panel < endPanel; panel++) {
    const b = w + ((panel * panelRows) << 5);
    const start = bias + (panel << 5);
    let a = x + ((firstQuad * columns) << 4);
    let c = out + ((panel * rowsStride + (firstQuad << 2)) << 5);
    for (let quad = firstQuad; quad < endQuad; quad++) {
      tile(a, 16, b, inputs, start, c);
      a += columns << 4;
      c += 128;
    }
  }
}

/** `dense` for a single row, with the same bits. x and out are plain arrays. Two panels at a time hide the latency of additions. */
export function denseRow(
  x: usize,
  inputs: usize,
  w: usize,
  panelRows: usize,
  bias: usize,
  panels: usize,
  out: usize,
): void {
  const panelBytes = panelRows << 5;
  const end = x + (inputs << 2);
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
    const c = out + (panel << 5);
    v128.store(c, c0);
    v128.store(c, c1, 16);
    v128.store(c, c2, 32);
    v128.store(c, c3, 48);
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
    v128.store(out + (panel << 5), c0);
    v128.store(out + (panel << 5), c1, 16);
  }
}

/**
 * out (panels) = dz · wᵀ, for the panels of the layer's inputs from `firstPanel`. dz is in quads of `columns` columns,
 * `outputs` of which count. `scratch` has room for one panel of wᵀ, (columns, 8); `zeros` holds eight of them.
 */
export function inputGradient(
  dz: usize,
  columns: usize,
  outputs: usize,
  quads: usize,
  w: usize,
  panelRows: usize,
  firstPanel: usize,
  endPanel: usize,
  scratch: usize,
  zeros: usize,
  out: usize,
  rowsStride: usize,
): void {
  for (let panel = firstPanel; panel < endPanel; panel++) {
    transposePanel(w, panelRows, panel, columns, scratch);
    let c = out + ((panel * rowsStride) << 5);
    for (let quad: usize = 0; quad < quads; quad++) {
      tile(dz + ((quad * columns) << 4), 16, scratch, outputs, zeros, c);
      c += 128;
    }
  }
}
