/**
 * From samples as they are stored to a batch as the network takes it.
 *
 * A batch whose numbers are mostly one, the background, is kept as lists of what differs from it; sparse.ts multiplies with
 * them. The differences are listed in pieces of 256 inputs, whose weights stay in the first-level cache: (pieces, rows, 256)
 * entries of 8 bytes, of which the first `counts[piece, row]` (u32) are there. An entry is the input's place in the piece
 * times 32, which is where its weights begin in a panel, and the difference (f32). Entries are in the order of inputs. Lists
 * have room for `rowsStride` rows.
 */

export const inputsOfPiece: usize = 256;
/** Room for the entries of a row. */
export const listBytes: usize = inputsOfPiece << 3;

/**
 * The samples, bytes, at `indices` (u32) for the quads of rows from `firstQuad`, each byte as `table` (256) has it, to
 * panels of `rowsStride` rows and to quads of `columns` columns. Indices are there for all rows of a quad.
 */
export function gatherBytes(
  inputs: usize,
  width: usize,
  indices: usize,
  firstQuad: usize,
  endQuad: usize,
  table: usize,
  panels: usize,
  quads: usize,
  columns: usize,
  rowsStride: usize,
): void {
  for (let row = firstQuad << 2; row < endQuad << 2; row++) {
    const from = inputs + <usize>load<u32>(indices + (row << 2)) * width;
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

/** The same for samples that are float32 already. */
export function gatherFloats(
  inputs: usize,
  width: usize,
  indices: usize,
  firstQuad: usize,
  endQuad: usize,
  panels: usize,
  quads: usize,
  columns: usize,
  rowsStride: usize,
): void {
  for (let row = firstQuad << 2; row < endQuad << 2; row++) {
    const from = inputs + ((<usize>load<u32>(indices + (row << 2)) * width) << 2);
    const end = from + (width << 2);
    let panel = panels + (row << 5);
    let quad = quads + (((row >> 2) * columns) << 4) + ((row & 3) << 2);
    for (let at = from; at < end; at += 32) {
      // The last panel may reach into the next sample: what fills it up is never used.
      v128.store(panel, v128.load(at));
      v128.store(panel, v128.load(at, 16), 16);
      for (let i: usize = 0; i < 8; i++) store<f32>(quad + (i << 4), load<f32>(at + (i << 2)));
      panel += rowsStride << 5;
      quad += 128;
    }
  }
}

/**
 * Lists the differences of the samples, bytes, at `indices` (u32), for the rows from `firstRow`. `table` (256) has what each
 * byte differs by from the background.
 */
export function listByteDifferences(
  inputs: usize,
  width: usize,
  indices: usize,
  firstRow: usize,
  endRow: usize,
  background: u32,
  table: usize,
  entries: usize,
  counts: usize,
  rowsStride: usize,
): void {
  const plain = i8x16.splat(<i8>background);
  for (let row = firstRow; row < endRow; row++) {
    const from = inputs + <usize>load<u32>(indices + (row << 2)) * width;
    for (let first: usize = 0, list = row; first < width; first += inputsOfPiece, list += rowsStride) {
      const end = min(first + inputsOfPiece, width);
      const start = entries + list * listBytes;
      let entry = start;
      for (let i = first; i < end; i += 16) {
        let differs = ~i8x16.bitmask(i8x16.eq(v128.load(from + i), plain)) & 0xffff;
        // The last sixteen may reach into the next sample.
        if (end - i < 16) differs &= (1 << <i32>(end - i)) - 1;
        while (differs != 0) {
          const input = i + <usize>ctz(differs);
          store<u32>(entry, <u32>((input - first) << 5));
          store<f32>(entry, load<f32>(table + (<usize>load<u8>(from + input) << 2)), 4);
          entry += 8;
          differs &= differs - 1;
        }
      }
      store<u32>(counts + (list << 2), <u32>((entry - start) >> 3));
    }
  }
}

/** Lists what is not 0 of the samples, float32, at `indices` (u32), for the rows from `firstRow`. */
export function listFloats(
  inputs: usize,
  width: usize,
  indices: usize,
  firstRow: usize,
  endRow: usize,
  entries: usize,
  counts: usize,
  rowsStride: usize,
): void {
  for (let row = firstRow; row < endRow; row++) {
    const from = inputs + ((<usize>load<u32>(indices + (row << 2)) * width) << 2);
    for (let first: usize = 0, list = row; first < width; first += inputsOfPiece, list += rowsStride) {
      const end = min(first + inputsOfPiece, width);
      const start = entries + list * listBytes;
      let entry = start;
      for (let i = first; i < end; i++) {
        const x = load<f32>(from + (i << 2));
        if (x == 0) continue;
        store<u32>(entry, <u32>((i - first) << 5));
        store<f32>(entry, x, 4);
        entry += 8;
      }
      store<u32>(counts + (list << 2), <u32>((entry - start) >> 3));
    }
  }
}

/**
 * Lists what is not 0 of a batch in panels of `rowsStride` rows, `inputs` columns of which count, for the rows from
 * `firstRow`. A NaN is not 0.
 */
export function listNonzeros(
  panels: usize,
  rowsStride: usize,
  inputs: usize,
  firstRow: usize,
  endRow: usize,
  entries: usize,
  counts: usize,
): void {
  const zero = f32x4.splat(0);
  for (let row = firstRow; row < endRow; row++) {
    for (let first: usize = 0, list = row; first < inputs; first += inputsOfPiece, list += rowsStride) {
      const end = min(first + inputsOfPiece, inputs);
      const start = entries + list * listBytes;
      let entry = start;
      for (let i = first; i < end; i += 8) {
        const from = panels + (((i >> 3) * rowsStride + row) << 5);
        let nonzero =
          i8x16.bitmask(
            i8x16.narrow_i16x8_s(
              i16x8.narrow_i32x4_s(f32x4.ne(v128.load(from), zero), f32x4.ne(v128.load(from, 16), zero)),
              zero,
            ),
          ) & 0xff;
        if (end - i < 8) nonzero &= (1 << <i32>(end - i)) - 1;
        while (nonzero != 0) {
          const lane = <usize>ctz(nonzero);
          store<u32>(entry, <u32>((i + lane - first) << 5));
          store<u32>(entry, load<u32>(from + (lane << 2)), 4);
          entry += 8;
          nonzero &= nonzero - 1;
        }
      }
      store<u32>(counts + (list << 2), <u32>((entry - start) >> 3));
    }
  }
}

/**
 * Lists where raw float32 samples (rows, width) are not 0, and by how much their scaled values differ from that of 0.
 * Returns how many rows have at most `most` such inputs.
 */
export function listRawDifferences(
  raw: usize,
  width: usize,
  rows: usize,
  divideBy: f64,
  std: f64,
  entries: usize,
  counts: usize,
  rowsStride: usize,
  most: u32,
): u32 {
  let sparseRows: u32 = 0;
  for (let row: usize = 0; row < rows; row++) {
    const from = raw + ((row * width) << 2);
    let different: u32 = 0;
    for (let first: usize = 0, list = row; first < width; first += inputsOfPiece, list += rowsStride) {
      const end = min(first + inputsOfPiece, width);
      const start = entries + list * listBytes;
      let entry = start;
      for (let i = first; i < end; i++) {
        const x = load<f32>(from + (i << 2));
        if (x == 0) continue;
        store<u32>(entry, <u32>((i - first) << 5));
        store<f32>(entry, <f32>(<f64>x / divideBy / std), 4);
        entry += 8;
      }
      const count = <u32>((entry - start) >> 3);
      store<u32>(counts + (list << 2), count);
      different += count;
    }
    sparseRows += <u32>(different <= most);
  }
  return sparseRows;
}

/**
 * Raw float32 samples (rows, width) to quads of `columns` columns, each number as `applyAffine` of affine.ts has it:
 * computed in float64, rounded once.
 */
export function scaleQuads(
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
export function scaleRow(row: usize, width: usize, divideBy: f64, mean: f64, std: f64): void {
  for (let at = row; at < row + (width << 2); at += 4) {
    store<f32>(at, <f32>((<f64>load<f32>(at) / divideBy - mean) / std));
  }
}
