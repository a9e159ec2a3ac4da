/**
 * A layer backward: gradient and Adam for one panel after the other, so that a panel's gradient is used while it is in the
 * cache, and nowhere else. D. P. Kingma, J. Ba, 2015, algorithm 1, with the weight decay of torch.optim.Adam.
 */
import { tileOfColumns } from './gemm';

/**
 * x (rows, inputs) are the layer's inputs, dz the gradient of its outputs in panels (rowsStride, 8) of which `rows` count.
 * w, m and v are in panels (panelRows, 8), `panelRows` a multiple of 4 to which x is padded with zeros; bias, biasM and
 * biasV are (8·panels). `scratch` holds a panel, `settings` what `adam` reads.
 */
export function updateDense(
  x: usize,
  xStride: usize,
  rows: usize,
  dz: usize,
  rowsStride: usize,
  w: usize,
  m: usize,
  v: usize,
  panelRows: usize,
  bias: usize,
  biasM: usize,
  biasV: usize,
  panels: usize,
  scratch: usize,
  settings: usize,
): void {
  for (let panel: usize = 0; panel < panels; panel++) {
    const gradient = dz + ((panel * rowsStride) << 5);
    for (let input: usize = 0; input < panelRows; input += 4) {
      tileOfColumns(x + (input << 2), xStride << 2, gradient, rows, scratch + (input << 5));
    }
    const at = (panel * panelRows) << 5;
    const bytes = panelRows << 5;
    adam(scratch, w + at, m + at, v + at, bytes, settings);

    let low = f32x4.splat(0);
    let high = low;
    for (let row: usize = 0; row < rows; row++) {
      low = f32x4.add(low, v128.load(gradient + (row << 5)));
      high = f32x4.add(high, v128.load(gradient + (row << 5), 16));
    }
    v128.store(scratch, low);
    v128.store(scratch, high, 16);
    const b = panel << 5;
    adam(scratch, bias + b, biasM + b, biasV + b, 32, settings);
  }
}

/**
 * `settings`, float32, worked out in float64: β1, 1 − β1, β2, 1 − β2, learning rate / (1 − β1^step), 1 / √(1 − β2^step), ε,
 * weight decay.
 */
function adam(gradients: usize, w: usize, m: usize, v: usize, bytes: usize, settings: usize): void {
  const keep1 = v128.load32_splat(settings);
  const take1 = v128.load32_splat(settings, 4);
  const keep2 = v128.load32_splat(settings, 8);
  const take2 = v128.load32_splat(settings, 12);
  const size = v128.load32_splat(settings, 16);
  const root = v128.load32_splat(settings, 20);
  const eps = v128.load32_splat(settings, 24);
  const decay = v128.load32_splat(settings, 28);
  for (let at: usize = 0; at < bytes; at += 16) {
    const weight = v128.load(w + at);
    const g = f32x4.add(v128.load(gradients + at), f32x4.mul(decay, weight));
    const mean = flushed(f32x4.add(f32x4.mul(keep1, v128.load(m + at)), f32x4.mul(take1, g)), 1e-30);
    const square = flushed(
      f32x4.add(f32x4.mul(keep2, v128.load(v + at)), f32x4.mul(take2, f32x4.mul(g, g))),
      1e-36,
    );
    v128.store(m + at, mean);
    v128.store(v + at, square);
    const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(square), root), eps);
    v128.store(w + at, f32x4.sub(weight, f32x4.div(f32x4.mul(size, mean), denominator)));
  }
}

/** Moments of units that are off fade into denormal numbers, on which every operation takes many times as long. */
@inline
function flushed(value: v128, smallest: f32): v128 {
  // A NaN is not less than anything, and so is kept.
  return v128.andnot(value, f32x4.lt(f32x4.abs(value), f32x4.splat(smallest)));
}
