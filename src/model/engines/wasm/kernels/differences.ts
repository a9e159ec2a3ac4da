/**
 * Batches whose numbers are mostly one, the background, kept as what differs from it; sparse.ts multiplies with them.
 *
 * The differences are listed in pieces of 256 inputs, whose weights stay in the first-level cache: (pieces, rows, 256)
 * entries of 8 bytes, of which the first `counts[piece, row]` (u32) are there. An entry is the input's place in the piece
 * times 32, which is where its weights begin in a panel, and the difference (f32). Entries are in the order of inputs.
 */

export const inputsOfPiece: usize = 256;
/** Room for the entries of a row. */
export const listBytes: usize = inputsOfPiece << 3;

/**
 * Lists the differences of the samples, bytes, at `indices` (u32), for the rows from `firstRow`; their labels go to
 * `labelsOut`. `table` (256) has what each byte differs by. The lists have room for `rowsStride` rows.
 */
export function listDifferences(
  inputs: usize,
  labels: usize,
  width: usize,
  indices: usize,
  firstRow: usize,
  endRow: usize,
  background: u32,
  table: usize,
  entries: usize,
  counts: usize,
  rowsStride: usize,
  labelsOut: usize,
): void {
  const plain = i8x16.splat(<i8>background);
  for (let row = firstRow; row < endRow; row++) {
    const sample = <usize>load<u32>(indices + (row << 2));
    store<u8>(labelsOut + row, load<u8>(labels + sample));
    const from = inputs + sample * width;
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
 * Lists where raw float32 samples (rows, width) are not 0, and by how much what they become differs from what 0 becomes.
 * Returns in how many rows that is so of at most `most` inputs. The lists have room for `rowsStride` rows.
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
