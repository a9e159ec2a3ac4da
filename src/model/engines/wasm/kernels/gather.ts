/** From samples as they are stored to a batch as the network takes it, preprocessed on the way. */

/**
 * The samples, bytes, at `indices` (u32) for the quads of rows from `firstQuad`, each byte as `table` (256) has it, to
 * panels of `rowsStride` rows and to quads of `columns` columns; the labels, bytes too, to `labelsOut`. Indices are there
 * for all rows of a quad.
 */
export function gather(
  inputs: usize,
  labels: usize,
  width: usize,
  indices: usize,
  firstQuad: usize,
  endQuad: usize,
  table: usize,
  panels: usize,
  rowsStride: usize,
  quads: usize,
  columns: usize,
  labelsOut: usize,
): void {
  for (let row = firstQuad << 2; row < endQuad << 2; row++) {
    const sample = <usize>load<u32>(indices + (row << 2));
    store<u8>(labelsOut + row, load<u8>(labels + sample));
    const from = inputs + sample * width;
    const end = from + width;
    let panel = panels + (row << 5);
    let quad = quads + (((row >> 2) * columns) << 4) + ((row & 3) << 2);
    for (let at = from; at < end; at += 8) {
      // The last panel may reach into the next sample: what fills it up is never used.
      for (let i: usize = 0; i < 8; i++) {
        const x = load<f32>(table + (<usize>load<u8>(at + i) << 2));
        store<f32>(panel + (i << 2), x);
        store<f32>(quad + (i << 4), x);
      }
      panel += rowsStride << 5;
      quad += 128;
    }
  }
}

/**
 * Raw float32 samples (rows, width) to quads of `columns` columns, each number as `normalize` of preprocessing.ts has it:
 * worked out in float64, rounded once.
 */
export function normalizeQuads(
  raw: usize,
  rows: usize,
  width: usize,
  divideBy: f64,
  mean: f64,
  std: f64,
  quads: usize,
  columns: usize,
): void {
  for (let row: usize = 0; row < rows; row++) {
    const from = raw + ((row * width) << 2);
    const to = quads + (((row >> 2) * columns) << 4) + ((row & 3) << 2);
    for (let i: usize = 0; i < width; i++) {
      const x = (<f64>load<f32>(from + (i << 2)) / divideBy - mean) / std;
      store<f32>(to + (i << 4), <f32>x);
    }
  }
}

/** The same for one row, in place. */
export function normalizeRow(row: usize, width: usize, divideBy: f64, mean: f64, std: f64): void {
  for (let at = row; at < row + (width << 2); at += 4) {
    store<f32>(at, <f32>((<f64>load<f32>(at) / divideBy - mean) / std));
  }
}
