/** Softmax cross-entropy of the rows from `firstRow`; sums are in float64. */
import { exponential } from './elementary';
import { firstOfLargest, laneMask, largest } from './rows';

/**
 * For each row, logits being in panels of `rowsStride` rows: losses[row] (f64) = log Σ exp(logits) − logits[label], the
 * largest logit taken out first so that nothing overflows; correct[row] (u8) = whether the largest, of equals the first,
 * is the label's. gradient (panels) is what the mean loss over `batch` rows changes by, (softmax − one-hot) / batch.
 */
export function crossEntropy(
  logits: usize,
  rowsStride: usize,
  firstRow: usize,
  endRow: usize,
  classes: usize,
  labels: usize,
  batch: usize,
  losses: usize,
  correct: usize,
  gradient: usize,
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

    const label = <usize>load<u8>(labels + row);
    const own = (label >> 3) * panelBytes + ((label & 7) << 2);
    store<f64>(losses + (row << 3), Math.log(sum) + <f64>top - <f64>load<f32>(from + own));
    store<u8>(correct + row, <u8>(firstOfLargest(from, panelBytes, classes, top) == label));

    const scale = f32x4.splat(<f32>(1 / (sum * <f64>batch)));
    for (let at: usize = 0, base: usize = 0; base < classes; at += panelBytes, base += 8) {
      v128.store(to + at, f32x4.mul(v128.load(to + at), scale));
      v128.store(to + at + 16, f32x4.mul(v128.load(to + at + 16), scale));
    }
    store<f32>(to + own, load<f32>(to + own) - 1 / <f32>batch);
  }
}
