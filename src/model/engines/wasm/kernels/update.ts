/**
 * A layer's gradient and its use, a piece of a panel at a time: a gradient is used while it is in the cache, and is
 * nowhere else. No two threads are given the same weights.
 */
import { applyOptimizer } from './optimizers';
import { tile } from './tile';

/** Of weights worked on at a time; with its gradient and what the optimiser keeps, half of a small first-level cache. */
const inputsOfPiece: usize = 128;

/**
 * The weights of the panels from `firstPanel`, and of their inputs from `firstInput`, a multiple of 8, to `endInput`. x
 * are the layer's inputs and dz the gradient of its outputs, in panels of `rowsStride` rows of which `rows` count. w and
 * the optimiser's slots are in panels of `panelRows` rows. `scratch` has room for a piece of a panel, `zeros` holds eight.
 */
export function updateWeights(
  optimizer: u32,
  settings: usize,
  x: usize,
  dz: usize,
  rowsStride: usize,
  rows: usize,
  w: usize,
  slot0: usize,
  slot1: usize,
  panelRows: usize,
  firstInput: usize,
  endInput: usize,
  firstPanel: usize,
  endPanel: usize,
  scratch: usize,
  zeros: usize,
): void {
  for (let panel = firstPanel; panel < endPanel; panel++) {
    const b = dz + ((panel * rowsStride) << 5);
    for (let first = firstInput; first < endInput; first += inputsOfPiece) {
      const end = min(first + inputsOfPiece, endInput);
      for (let input = first; input < end; input += 4) {
        const a = x + (((input >> 3) * rowsStride) << 5) + ((input & 4) << 2);
        tile(a, 32, b, rows, zeros, scratch + ((input - first) << 5));
      }
      const at = (panel * panelRows + first) << 5;
      applyOptimizer(optimizer, settings, scratch, w + at, slot0 + at, slot1 + at, (end - first) << 5);
    }
  }
}

/** The biases of the panels from `firstPanel`; bias and its slots are one number an output. */
export function updateBias(
  optimizer: u32,
  settings: usize,
  dz: usize,
  rowsStride: usize,
  rows: usize,
  bias: usize,
  slot0: usize,
  slot1: usize,
  firstPanel: usize,
  endPanel: usize,
  scratch: usize,
): void {
  for (let panel = firstPanel; panel < endPanel; panel++) {
    biasGradient(dz + ((panel * rowsStride) << 5), rows, scratch);
    const at = panel << 5;
    applyOptimizer(optimizer, settings, scratch, bias + at, slot0 + at, slot1 + at, 32);
  }
}

/** to (8) = Σ over the first `rows` rows of a panel of dz. */
export function biasGradient(dz: usize, rows: usize, to: usize): void {
  let low = f32x4.splat(0);
  let high = low;
  for (let at = dz; at < dz + (rows << 5); at += 32) {
    low = f32x4.add(low, v128.load(at));
    high = f32x4.add(high, v128.load(at, 16));
  }
  v128.store(to, low);
  v128.store(to, high, 16);
}
