/** The mean over the outputs of (output − one-hot)², of the rows from `firstRow`; sums are in float64. */
import { firstOfLargest, laneMask, largest } from './rows';

/** Arguments and results as of `crossEntropy`; the gradient is 2 (output − one-hot) / (classes · batch). */
export function squaredError(
  outputs: usize,
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
  const slope = f32x4.splat(<f32>(2 / (<f64>classes * <f64>batch)));
  for (let row = firstRow; row < endRow; row++) {
    const from = outputs + (row << 5);
    const to = gradient + (row << 5);
    const label = <usize>load<u8>(labels + row);
    let sums = f64x2.splat(0);
    for (let at: usize = 0, base: usize = 0; base < classes; at += panelBytes, base += 8) {
      for (let half: usize = 0; half < 8; half += 4) {
        const lanes = i32x4.add(i32x4.splat(<i32>(base + half)), i32x4(0, 1, 2, 3));
        const target = v128.and(f32x4.splat(1), i32x4.eq(lanes, i32x4.splat(<i32>label)));
        const error = v128.and(
          f32x4.sub(v128.load(from + at + (half << 2)), target),
          laneMask(base + half, classes),
        );
        v128.store(to + at + (half << 2), f32x4.mul(error, slope));
        const low = f64x2.promote_low_f32x4(error);
        const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(error, error, 2, 3, 2, 3));
        sums = f64x2.add(sums, f64x2.add(f64x2.mul(low, low), f64x2.mul(high, high)));
      }
    }
    const sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
    store<f64>(losses + (row << 3), sum / <f64>classes);
    const top = largest(from, panelBytes, classes);
    store<u8>(correct + row, <u8>(firstOfLargest(from, panelBytes, classes, top) == label));
  }
}
