/**
 * The losses of the rows from `firstRow` and their gradients; sums are in float64. Outputs are in panels of `rowsStride`
 * rows, and so is the gradient. Row r is the sample `indices[r]` (u32) of the split, whose `targets` are classes (samples),
 * u32, or values (samples, outputs), f32. `weights` (samples), f32, is 0 where all samples weigh 1. Each kernel fills
 *
 *   losses[r] (f64)   the row's loss, times its weight
 *   gradient          the gradient of the batch's loss, which is the sum of these divided by `weightSum`
 */
import { exponential } from './elementary';

/**
 * log Σ exp(logits) − logits[class], with the largest logit taken out first so that nothing overflows. Of the target,
 * `smoothing` is spread evenly over all classes.
 */
export function crossEntropy(
  logits: usize,
  rowsStride: usize,
  firstRow: usize,
  endRow: usize,
  classes: usize,
  targets: usize,
  indices: usize,
  weights: usize,
  weightSum: f64,
  losses: usize,
  gradient: usize,
  smoothing: f64,
): void {
  const panelBytes = rowsStride << 5;
  for (let row = firstRow; row < endRow; row++) {
    const from = logits + (row << 5);
    const to = gradient + (row << 5);
    const top = largest(from, panelBytes, classes);
    const shift = f32x4.splat(top);
    let sums = f64x2.splat(0);
    for (let at: usize = 0, base: usize = 0; base < classes; at += panelBytes, base += 8) {
      for (let half: usize = 0; half < 8; half += 4) {
        const z = v128.load(from + at + (half << 2));
        const e = v128.and(exponential(f32x4.sub(z, shift)), laneMask(base + half, classes));
        v128.store(to + at + (half << 2), e);
        const upper = v128.shuffle<f32>(e, e, 2, 3, 2, 3);
        sums = f64x2.add(sums, f64x2.add(f64x2.promote_low_f32x4(e), f64x2.promote_low_f32x4(upper)));
      }
    }
    const sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);

    const sample = <usize>load<u32>(indices + (row << 2));
    const weight = weightOf(weights, sample);
    const index = <usize>load<u32>(targets + (sample << 2));
    const own = (index >> 3) * panelBytes + ((index & 7) << 2);
    let target = <f64>load<f32>(from + own);
    let share: f32 = weight / <f32>weightSum;
    if (smoothing != 0) {
      target += smoothing * (logitSum(from, panelBytes, classes) / <f64>classes - target);
      share = <f32>(((1 - smoothing) * <f64>weight) / weightSum);
    }
    store<f64>(losses + (row << 3), <f64>weight * (Math.log(sum) + <f64>top - target));

    // (softmax − target) · weight / weightSum
    const scale = f32x4.splat(<f32>(<f64>weight / (sum * weightSum)));
    for (let at: usize = 0, base: usize = 0; base < classes; at += panelBytes, base += 8) {
      v128.store(to + at, f32x4.mul(v128.load(to + at), scale));
      v128.store(to + at + 16, f32x4.mul(v128.load(to + at + 16), scale));
    }
    if (smoothing != 0) {
      const spread = f32x4.splat(<f32>((smoothing * <f64>weight) / (<f64>classes * weightSum)));
      for (let at: usize = 0, base: usize = 0; base < classes; at += panelBytes, base += 8) {
        v128.store(to + at, f32x4.sub(v128.load(to + at), spread));
        v128.store(to + at + 16, f32x4.sub(v128.load(to + at + 16), spread));
      }
    }
    store<f32>(to + own, load<f32>(to + own) - share);
  }
}

/** Of a row in panels. */
@inline
function logitSum(row: usize, panelBytes: usize, classes: usize): f64 {
  let sum: f64 = 0;
  for (let index: usize = 0; index < classes; index++) {
    sum += <f64>load<f32>(row + (index >> 3) * panelBytes + ((index & 7) << 2));
  }
  return sum;
}

// As ../kernel-codes.ts numbers them.
const oneHotSquared: u32 = 0;
const squared: u32 = 1;
const absolute: u32 = 2;

/** The mean over the outputs of a function of their errors: one_hot_mse, mse, mae or huber. */
export function errorLoss(
  kind: u32,
  outputs: usize,
  rowsStride: usize,
  firstRow: usize,
  endRow: usize,
  width: usize,
  targets: usize,
  indices: usize,
  weights: usize,
  weightSum: f64,
  losses: usize,
  gradient: usize,
): void {
  const panelBytes = rowsStride << 5;
  const steepness: f64 = kind <= squared ? 2 : 1;
  for (let row = firstRow; row < endRow; row++) {
    const from = outputs + (row << 5);
    const to = gradient + (row << 5);
    const sample = <usize>load<u32>(indices + (row << 2));
    const weight = weightOf(weights, sample);
    const scale = f32x4.splat(<f32>((steepness * <f64>weight) / (<f64>width * weightSum)));
    let sums = f64x2.splat(0);
    for (let at: usize = 0, base: usize = 0; base < width; at += panelBytes, base += 8) {
      for (let half: usize = 0; half < 8; half += 4) {
        const first = base + half;
        const target =
          kind == oneHotSquared
            ? oneHot(load<u32>(targets + (sample << 2)), first)
            : v128.load(targets + ((sample * width + first) << 2));
        const difference = f32x4.sub(v128.load(from + at + (half << 2)), target);
        const error = v128.and(difference, laneMask(first, width));
        v128.store(to + at + (half << 2), f32x4.mul(slopeOf(kind, error), scale));
        const low = f64x2.promote_low_f32x4(error);
        const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(error, error, 2, 3, 2, 3));
        sums = f64x2.add(sums, f64x2.add(lossOf(kind, low), lossOf(kind, high)));
      }
    }
    const sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
    store<f64>(losses + (row << 3), <f64>weight * (sum / <f64>width));
  }
}

/** Of two errors. */
@inline
function lossOf(kind: u32, error: v128): v128 {
  if (kind <= squared) return f64x2.mul(error, error);
  const size = f64x2.abs(error);
  if (kind == absolute) return size;
  // e² / 2 up to 1, and |e| − 1/2 from there.
  const near = f64x2.min(size, f64x2.splat(1));
  return f64x2.mul(near, f64x2.sub(size, f64x2.mul(f64x2.splat(0.5), near)));
}

/** The derivatives of the loss by four errors, without the factor 2 of a square's. A NaN stays one. */
@inline
function slopeOf(kind: u32, error: v128): v128 {
  if (kind <= squared) return error;
  const one = f32x4.splat(1);
  if (kind == absolute) {
    const sign = v128.or(one, v128.and(error, f32x4.splat(-0.0)));
    return v128.bitselect(sign, error, f32x4.gt(f32x4.abs(error), f32x4.splat(0)));
  }
  return f32x4.max(f32x4.min(error, one), f32x4.neg(one));
}

/** Four numbers of the one-hot target, from `first`. */
@inline
function oneHot(index: u32, first: usize): v128 {
  const lanes = i32x4.add(i32x4.splat(<i32>first), i32x4(0, 1, 2, 3));
  return v128.and(f32x4.splat(1), i32x4.eq(lanes, i32x4.splat(<i32>index)));
}

@inline
function weightOf(weights: usize, sample: usize): f32 {
  return weights == 0 ? 1 : load<f32>(weights + (sample << 2));
}

/** All ones in the lanes that are outputs, of the four from `first`: only some columns of the last panel are. */
@inline
function laneMask(first: usize, outputs: usize): v128 {
  return i32x4.lt_s(i32x4.add(i32x4.splat(<i32>first), i32x4(0, 1, 2, 3)), i32x4.splat(<i32>outputs));
}

/** The largest output of a row in panels; NaN if one of them is. */
@inline
function largest(row: usize, panelBytes: usize, outputs: usize): f32 {
  const least = f32x4.splat(-Infinity);
  let most = least;
  for (let at = row, base: usize = 0; base < outputs; at += panelBytes, base += 8) {
    most = f32x4.max(most, v128.bitselect(v128.load(at), least, laneMask(base, outputs)));
    most = f32x4.max(most, v128.bitselect(v128.load(at, 16), least, laneMask(base + 4, outputs)));
  }
  return max(
    max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
    max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)),
  );
}
