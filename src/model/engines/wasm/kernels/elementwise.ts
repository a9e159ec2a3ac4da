/** Everything that is done to one number after the other. */

/**
 * x (count, width) = the samples at `order`, each byte as `table` (256) has it; their labels, bytes, to `labelsOut`. The
 * padding of x is left as it is.
 */
export function gather(
  inputs: usize,
  labels: usize,
  width: usize,
  order: usize,
  count: usize,
  table: usize,
  x: usize,
  xStride: usize,
  labelsOut: usize,
): void {
  for (let row: usize = 0; row < count; row++) {
    const sample = <usize>load<u32>(order + (row << 2));
    const from = inputs + sample * width;
    const to = x + ((row * xStride) << 2);
    for (let i: usize = 0; i < width; i++) {
      store<f32>(to + (i << 2), load<f32>(table + (<usize>load<u8>(from + i) << 2)));
    }
    store<u8>(labelsOut + row, load<u8>(labels + sample));
  }
}

/** In place, as `normalize` of preprocessing.ts: in float64, rounded once. */
export function normalize(
  x: usize,
  xStride: usize,
  rows: usize,
  width: usize,
  divideBy: f64,
  mean: f64,
  std: f64,
): void {
  for (let row: usize = 0; row < rows; row++) {
    const at = x + ((row * xStride) << 2);
    for (let i: usize = 0; i < width; i++) {
      const raw = <f64>load<f32>(at + (i << 2));
      store<f32>(at + (i << 2), <f32>((raw / divideBy - mean) / std));
    }
  }
}

/** In place: the gradient (rows, 8·panels) is kept where the activation is not zero; a NaN is not. */
export function reluGradient(
  gradient: usize,
  activation: usize,
  stride: usize,
  rows: usize,
  panels: usize,
): void {
  const zero = f32x4.splat(0);
  for (let row: usize = 0; row < rows; row++) {
    const at = (row * stride) << 2;
    for (let i: usize = 0; i < panels << 5; i += 16) {
      const on = f32x4.ne(v128.load(activation + at + i), zero);
      v128.store(gradient + at + i, v128.and(v128.load(gradient + at + i), on));
    }
  }
}

/** From row-major (rows, 8·panels) to panels (rowsStride, 8). */
export function toPanels(
  from: usize,
  stride: usize,
  rows: usize,
  panels: usize,
  out: usize,
  rowsStride: usize,
): void {
  for (let panel: usize = 0; panel < panels; panel++) {
    for (let row: usize = 0; row < rows; row++) {
      const source = from + ((row * stride) << 2) + (panel << 5);
      const target = out + ((panel * rowsStride + row) << 5);
      v128.store(target, v128.load(source));
      v128.store(target, v128.load(source, 16), 16);
    }
  }
}
