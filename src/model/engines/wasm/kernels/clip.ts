/**
 * The update in two passes, where the gradients of a step are clipped by the norm of all of them: the first stores them in
 * the layout of the weights (update.ts), the second uses them.
 */
import { applyOptimizer, follow } from './update';

/** In the first-level cache, with the optimiser's state. */
const bytesOfPiece: usize = 4096;

/**
 * sums (panels, f64) ← the sum of the squares of each panel's gradients, for the panels from `firstPanel`, in float64 and
 * always in the same order. `weights` are in panels of `panelRows` rows, of which `inputs` count; `bias` has one number an
 * output. Columns that fill up the last panel beyond `outputs` are left out.
 */
export function sumSquares(
  weights: usize,
  panelRows: usize,
  inputs: usize,
  bias: usize,
  outputs: usize,
  firstPanel: usize,
  endPanel: usize,
  sums: usize,
): void {
  for (let panel = firstPanel; panel < endPanel; panel++) {
    const low = laneMask(panel << 3, outputs);
    const high = laneMask((panel << 3) + 4, outputs);
    let total = addSquares(f64x2.splat(0), bias + (panel << 5), 32, low, high);
    total = addSquares(total, weights + ((panel * panelRows) << 5), inputs << 5, low, high);
    store<f64>(sums + (panel << 3), f64x2.extract_lane(total, 0) + f64x2.extract_lane(total, 1));
  }
}

/** Four sums, so that no addition waits for the one before it. */
@inline
function addSquares(total: v128, from: usize, bytes: usize, low: v128, high: v128): v128 {
  let sum0 = total;
  let sum1 = f64x2.splat(0);
  let sum2 = sum1;
  let sum3 = sum1;
  for (let at = from; at < from + bytes; at += 32) {
    const a = v128.and(v128.load(at), low);
    const b = v128.and(v128.load(at, 16), high);
    const a0 = f64x2.promote_low_f32x4(a);
    const a1 = f64x2.promote_low_f32x4(v128.shuffle<f32>(a, a, 2, 3, 2, 3));
    const b0 = f64x2.promote_low_f32x4(b);
    const b1 = f64x2.promote_low_f32x4(v128.shuffle<f32>(b, b, 2, 3, 2, 3));
    sum0 = f64x2.add(sum0, f64x2.mul(a0, a0));
    sum1 = f64x2.add(sum1, f64x2.mul(a1, a1));
    sum2 = f64x2.add(sum2, f64x2.mul(b0, b0));
    sum3 = f64x2.add(sum3, f64x2.mul(b1, b1));
  }
  return f64x2.add(f64x2.add(sum0, sum1), f64x2.add(sum2, sum3));
}

/** All ones in the lanes that are outputs, of the four from `first`. */
@inline
function laneMask(first: usize, outputs: usize): v128 {
  return i32x4.lt_s(i32x4.add(i32x4.splat(<i32>first), i32x4(0, 1, 2, 3)), i32x4.splat(<i32>outputs));
}

/**
 * In place: `bytes` of the weights w by `factor` times the gradients of the same layout, which it scales in place too; and
 * their averages, where `average` is not 0.
 */
export function updateStored(
  optimizer: u32,
  settings: usize,
  gradients: usize,
  factor: f32,
  w: usize,
  slot0: usize,
  slot1: usize,
  average: usize,
  bytes: usize,
): void {
  for (let at: usize = 0; at < bytes; at += bytesOfPiece) {
    const size = min(bytesOfPiece, bytes - at);
    if (factor != 1) scale(gradients + at, factor, size);
    applyOptimizer(optimizer, settings, gradients + at, w + at, slot0 + at, slot1 + at, size);
    if (average != 0) follow(settings, w + at, average + at, size);
  }
}

function scale(numbers: usize, factor: f32, bytes: usize): void {
  const factors = f32x4.splat(factor);
  for (let at = numbers; at < numbers + bytes; at += 16) v128.store(at, f32x4.mul(factors, v128.load(at)));
}
