/**
 * The products of layers whose inputs are mostly one number, the background, as pixels are, or the outputs of ReLU and
 * dropout: x = background + differences, so x · w = background · Σ w + differences · w, where the second product is over
 * the few inputs that differ. The gradient is computed likewise. Except for rounding, the numbers are those of dense.ts and
 * update.ts. Differences are listed as gather.ts says.
 */
import { transposePanel } from './blocks';
import { inputsOfPiece, listBytes } from './gather';
import { applyOptimizer, biasGradient, follow } from './update';

/** Of a piece of a panel of weights. */
const pieceBytes: usize = inputsOfPiece << 5;

/** `dense` of dense.ts for all `rows` of the batch. `scratch` has room for two vectors of eight. */
export function sparseDense(
  entries: usize,
  counts: usize,
  inputs: usize,
  rows: usize,
  background: f32,
  w: usize,
  panelRows: usize,
  bias: usize,
  firstPanel: usize,
  endPanel: usize,
  out: usize,
  rowsStride: usize,
  scratch: usize,
): void {
  const panelBytes = panelRows << 5;
  for (let panel = firstPanel; panel < endPanel; panel += 2) {
    const together = min<usize>(2, endPanel - panel);
    const b = w + panel * panelBytes;
    for (let i: usize = 0; i < together; i++) {
      backgroundOutputs(b + i * panelBytes, inputs, background, bias + ((panel + i) << 5), scratch + (i << 5));
    }
    const to = out + ((panel * rowsStride) << 5);
    addLists(entries, counts, inputs, rows, b, panelBytes, together, scratch, to, rowsStride);
  }
}

/** out = starts + differences · w, for one panel or for two `together`, `panelBytes` apart. */
function addLists(
  entries: usize,
  counts: usize,
  inputs: usize,
  rows: usize,
  w: usize,
  panelBytes: usize,
  together: usize,
  starts: usize,
  out: usize,
  rowsStride: usize,
): void {
  const outBytes = rowsStride << 5;
  for (let first: usize = 0; first < inputs; first += inputsOfPiece) {
    for (let row: usize = 0; row < rows; row++) {
      const c = out + (row << 5);
      const entry = entries + row * listBytes;
      const end = entry + (<usize>load<u32>(counts + (row << 2)) << 3);
      if (together == 2) rowOfTwo(entry, end, w, panelBytes, first == 0, starts, c, outBytes);
      else rowOfOne(entry, end, w, first == 0, starts, c);
    }
    w += pieceBytes;
    entries += rowsStride * listBytes;
    counts += rowsStride << 2;
  }
}

/** start (8) = bias + background · Σ over the inputs of w, in two sums so that no addition waits for the one before it. */
function backgroundOutputs(w: usize, inputs: usize, background: f32, bias: usize, start: usize): void {
  if (background == 0) {
    v128.store(start, v128.load(bias));
    v128.store(start, v128.load(bias, 16), 16);
    return;
  }
  let even0 = f32x4.splat(0);
  let even1 = even0;
  let odd0 = even0;
  let odd1 = even0;
  // Rows that fill up the panel are zeros.
  for (let at = w; at < w + (inputs << 5); at += 64) {
    even0 = f32x4.add(even0, v128.load(at));
    even1 = f32x4.add(even1, v128.load(at, 16));
    odd0 = f32x4.add(odd0, v128.load(at, 32));
    odd1 = f32x4.add(odd1, v128.load(at, 48));
  }
  const scale = f32x4.splat(background);
  v128.store(start, f32x4.add(v128.load(bias), f32x4.mul(scale, f32x4.add(even0, odd0))));
  v128.store(start, f32x4.add(v128.load(bias, 16), f32x4.mul(scale, f32x4.add(even1, odd1))), 16);
}

/** A row of two panels, from the start or from the sums of the piece before. With one more panel V8 would spill. */
@inline
function rowOfTwo(
  entry: usize,
  end: usize,
  w0: usize,
  panelBytes: usize,
  isFirst: bool,
  start: usize,
  out: usize,
  outBytes: usize,
): void {
  const w1 = w0 + panelBytes;
  const from0 = isFirst ? start : out;
  const from1 = isFirst ? start + 32 : out + outBytes;
  let c0 = v128.load(from0);
  let c1 = v128.load(from0, 16);
  let c2 = v128.load(from1);
  let c3 = v128.load(from1, 16);
  for (; entry < end; entry += 8) {
    const at = <usize>load<u32>(entry);
    const s = v128.load32_splat(entry, 4);
    c0 = f32x4.add(c0, f32x4.mul(s, v128.load(w0 + at)));
    c1 = f32x4.add(c1, f32x4.mul(s, v128.load(w0 + at, 16)));
    c2 = f32x4.add(c2, f32x4.mul(s, v128.load(w1 + at)));
    c3 = f32x4.add(c3, f32x4.mul(s, v128.load(w1 + at, 16)));
  }
  v128.store(out, c0);
  v128.store(out, c1, 16);
  v128.store(out + outBytes, c2);
  v128.store(out + outBytes, c3, 16);
}

@inline
function rowOfOne(entry: usize, end: usize, w: usize, isFirst: bool, start: usize, out: usize): void {
  const from = isFirst ? start : out;
  let c0 = v128.load(from);
  let c1 = v128.load(from, 16);
  for (; entry < end; entry += 8) {
    const at = w + <usize>load<u32>(entry);
    const s = v128.load32_splat(entry, 4);
    c0 = f32x4.add(c0, f32x4.mul(s, v128.load(at)));
    c1 = f32x4.add(c1, f32x4.mul(s, v128.load(at, 16)));
  }
  v128.store(out, c0);
  v128.store(out, c1, 16);
}

/**
 * `inputGradient` of dense.ts, dz being given as its differences from 0. `scratch` has room for two panels of wᵀ,
 * (columns, 8), and two vectors of eight.
 */
export function sparseInputGradient(
  entries: usize,
  counts: usize,
  columns: usize,
  outputs: usize,
  rows: usize,
  w: usize,
  panelRows: usize,
  firstPanel: usize,
  endPanel: usize,
  zeros: usize,
  out: usize,
  rowsStride: usize,
  scratch: usize,
): void {
  for (let panel = firstPanel; panel < endPanel; panel += 2) {
    const together = min<usize>(2, endPanel - panel);
    for (let i: usize = 0; i < together; i++) {
      transposePanel(w, panelRows, panel + i, columns, scratch + ((i * columns) << 5));
    }
    const to = out + ((panel * rowsStride) << 5);
    const starts = scratch + ((2 * columns) << 5);
    for (let i: usize = 0; i < 2; i++) fill(starts + (i << 5), 32, zeros);
    addLists(entries, counts, outputs, rows, scratch, columns << 5, together, starts, to, rowsStride);
  }
}

/** `updateWeights` of update.ts for all inputs. `scratch` has room for two pieces of a panel and two vectors of eight. */
export function updateSparseWeights(
  optimizer: u32,
  settings: usize,
  entries: usize,
  counts: usize,
  inputs: usize,
  background: f32,
  dz: usize,
  rowsStride: usize,
  rows: usize,
  w: usize,
  slot0: usize,
  slot1: usize,
  average: usize,
  panelRows: usize,
  firstPanel: usize,
  endPanel: usize,
  scratch: usize,
): void {
  const dzBytes = rowsStride << 5;
  const starts = scratch + 2 * pieceBytes;
  for (let panel = firstPanel; panel < endPanel; panel += 2) {
    const together = min<usize>(2, endPanel - panel);
    const d = dz + panel * dzBytes;
    for (let i: usize = 0; i < together; i++) backgroundGradient(d + i * dzBytes, rows, background, starts + (i << 5));
    for (let first: usize = 0, list = entries, count = counts; first < inputs; first += inputsOfPiece) {
      const bytes = min(inputsOfPiece, inputs - first) << 5;
      for (let i: usize = 0; i < together; i++) fill(scratch + i * pieceBytes, bytes, starts + (i << 5));
      for (let row: usize = 0; row < rows; row++) {
        const start = list + row * listBytes;
        const end = start + (<usize>load<u32>(count + (row << 2)) << 3);
        if (together == 2) addRowOfTwo(start, end, d + (row << 5), dzBytes, scratch);
        else addRowOfOne(start, end, d + (row << 5), scratch);
      }
      for (let i: usize = 0; i < together; i++) {
        const at = ((panel + i) * panelRows + first) << 5;
        applyOptimizer(optimizer, settings, scratch + i * pieceBytes, w + at, slot0 + at, slot1 + at, bytes);
        if (average != 0) follow(settings, w + at, average + at, bytes);
      }
      list += rowsStride * listBytes;
      count += rowsStride << 2;
    }
  }
}

@inline
function addRowOfTwo(entry: usize, end: usize, dz: usize, dzBytes: usize, gradient: usize): void {
  const g0 = v128.load(dz);
  const g1 = v128.load(dz, 16);
  const g2 = v128.load(dz + dzBytes);
  const g3 = v128.load(dz + dzBytes, 16);
  for (; entry < end; entry += 8) {
    const at = gradient + <usize>load<u32>(entry);
    const s = v128.load32_splat(entry, 4);
    v128.store(at, f32x4.add(v128.load(at), f32x4.mul(s, g0)));
    v128.store(at, f32x4.add(v128.load(at, 16), f32x4.mul(s, g1)), 16);
    v128.store(at, f32x4.add(v128.load(at, pieceBytes), f32x4.mul(s, g2)), pieceBytes);
    v128.store(at, f32x4.add(v128.load(at, pieceBytes + 16), f32x4.mul(s, g3)), pieceBytes + 16);
  }
}

@inline
function addRowOfOne(entry: usize, end: usize, dz: usize, gradient: usize): void {
  const g0 = v128.load(dz);
  const g1 = v128.load(dz, 16);
  for (; entry < end; entry += 8) {
    const at = gradient + <usize>load<u32>(entry);
    const s = v128.load32_splat(entry, 4);
    v128.store(at, f32x4.add(v128.load(at), f32x4.mul(s, g0)));
    v128.store(at, f32x4.add(v128.load(at, 16), f32x4.mul(s, g1)), 16);
  }
}

/** start (8) = background · Σ over the rows of dz. */
function backgroundGradient(dz: usize, rows: usize, background: f32, start: usize): void {
  biasGradient(dz, rows, start);
  const scale = f32x4.splat(background);
  v128.store(start, f32x4.mul(scale, v128.load(start)));
  v128.store(start, f32x4.mul(scale, v128.load(start, 16)), 16);
}

function fill(to: usize, bytes: usize, vector: usize): void {
  const low = v128.load(vector);
  const high = v128.load(vector, 16);
  for (let at = to; at < to + bytes; at += 32) {
    v128.store(at, low);
    v128.store(at, high, 16);
  }
}
