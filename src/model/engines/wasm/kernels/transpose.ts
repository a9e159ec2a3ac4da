/** From one blocked layout to another. */

/** From panels of `rowsStride` rows to quads of `columns` columns. */
export function toQuads(
  panels: usize,
  rowsStride: usize,
  quadCount: usize,
  firstPanel: usize,
  endPanel: usize,
  quads: usize,
  columns: usize,
): void {
  for (let panel = firstPanel; panel < endPanel; panel++) {
    let from = panels + ((panel * rowsStride) << 5);
    let to = quads + (panel << 7);
    for (let quad: usize = 0; quad < quadCount; quad++) {
      transpose4x4(from, 32, to, 16);
      transpose4x4(from + 16, 32, to + 64, 16);
      from += 128;
      to += columns << 4;
    }
  }
}

/** One panel (columns, 8) of wᵀ, over eight of the layer's inputs. */
export function transposePanel(w: usize, panelRows: usize, panel: usize, columns: usize, to: usize): void {
  for (let output: usize = 0; output < columns; output += 4) {
    const from = w + (((output >> 3) * panelRows + (panel << 3)) << 5) + ((output & 4) << 2);
    transpose4x4(from, 32, to + (output << 5), 32);
    transpose4x4(from + 128, 32, to + (output << 5) + 16, 32);
  }
}

/** Four rows of four, `rowBytes` apart at `source`, to their transpose, whose rows are `columnBytes` apart at `target`. */
@inline
export function transpose4x4(source: usize, rowBytes: usize, target: usize, columnBytes: usize): void {
  const r0 = v128.load(source);
  const r1 = v128.load(source + rowBytes);
  const r2 = v128.load(source + 2 * rowBytes);
  const r3 = v128.load(source + 3 * rowBytes);
  transpose(r0, r1, r2, r3, target, columnBytes);
}

@inline
export function transpose(
  r0: v128,
  r1: v128,
  r2: v128,
  r3: v128,
  target: usize,
  columnBytes: usize,
): void {
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(target, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
  v128.store(target + columnBytes, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
  v128.store(target + 2 * columnBytes, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
  v128.store(target + 3 * columnBytes, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
}
