/**
 * The unpacked rows of a PNG, interlaced or not (https://www.w3.org/TR/png-3/, sections 7 to 9), and how samples are read from
 * them. Unpacking stops at the number of bytes that the size in the header implies, which limits its cost.
 */
import { inflateSync } from 'node:zlib';
import { checkUnpackedBytes, invalidImage } from './grey-image.js';
import { samplesOf, type Png, type PngHeader } from './png-chunks.js';

/** A pass has every `acrossStep`-th pixel of every `downStep`-th row, from (x, y) on. */
export interface Pass {
  x: number;
  y: number;
  acrossStep: number;
  downStep: number;
  width: number;
  height: number;
}

/** The sample of this index in a row. */
export type ReadSample = (row: Uint8Array, index: number) => number;

/** Gives each row with the place of its pixels. @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
export function forEachRow(png: Png, take: (row: Uint8Array, pass: Pass, y: number) => void): void {
  const pixelBits = png.header.depth * samplesOf(png.header);
  const rowBytes = (pass: Pass): number => Math.ceil((pass.width * pixelBits) / 8);
  const passes = passesOf(png.header);
  const unpackedBytes = passes.reduce((sum, pass) => sum + pass.height * (1 + rowBytes(pass)), 0);
  checkUnpackedBytes(unpackedBytes);
  const rows = unpack(png.data, unpackedBytes);
  let start = 0;
  for (const pass of passes) {
    const length = rowBytes(pass);
    let above = new Uint8Array(length);
    for (let line = 0; line < pass.height; line++) {
      const row = rows.subarray(start + 1, start + 1 + length);
      unfilter(rows[start], row, above, Math.max(1, pixelBits / 8));
      take(row, pass, pass.y + line * pass.downStep);
      above = row;
      start += 1 + length;
    }
  }
}

/** The seven passes of Adam7, or one. Passes without pixels have no rows. */
function passesOf({ width, height, isInterlaced }: PngHeader): Pass[] {
  const steps = isInterlaced
    ? [
        [0, 0, 8, 8],
        [4, 0, 8, 8],
        [0, 4, 4, 8],
        [2, 0, 4, 4],
        [0, 2, 2, 4],
        [1, 0, 2, 2],
        [0, 1, 1, 2],
      ]
    : [[0, 0, 1, 1]];
  return steps
    .map(([x, y, acrossStep, downStep]) => ({
      ...{ x, y, acrossStep, downStep },
      width: Math.ceil((width - x) / acrossStep),
      height: Math.ceil((height - y) / downStep),
    }))
    .filter((pass) => pass.width > 0 && pass.height > 0);
}

/** The rows of all passes. Before each row is the byte that names its filter. */
function unpack(data: Uint8Array, wantedBytes: number): Uint8Array<ArrayBuffer> {
  let rows: Buffer<ArrayBuffer>;
  try {
    // With one spare byte in the first chunk, zlib sees the end of the data and never fills a second chunk.
    rows = inflateSync(data, { maxOutputLength: wantedBytes, chunkSize: Math.max(64, wantedBytes + 1) });
  } catch (error) {
    const isTooMuch = error instanceof RangeError;
    const problem = isTooMuch ? 'it has more pixels than its header says' : 'its pixels cannot be unpacked';
    throw invalidImage('PNG', problem, error);
  }
  if (rows.length < wantedBytes) throw invalidImage('PNG', 'it has fewer pixels than its header says');
  return rows;
}

/** Works in place. `left` is the distance in bytes to the pixel on the left, at least 1. */
function unfilter(filter: number, row: Uint8Array, above: Uint8Array, left: number): void {
  switch (filter) {
    case 0:
      return;
    case 1:
      for (let i = left; i < row.length; i++) row[i] += row[i - left];
      return;
    case 2:
      for (let i = 0; i < row.length; i++) row[i] += above[i];
      return;
    case 3:
      for (let i = 0; i < row.length; i++) row[i] += ((i < left ? 0 : row[i - left]) + above[i]) >> 1;
      return;
    case 4:
      for (let i = 0; i < row.length; i++) {
        row[i] += i < left ? above[i] : paeth(row[i - left], above[i], above[i - left]);
      }
      return;
    default:
      throw invalidImage('PNG', `there is no filter ${filter}`);
  }
}

/** The one of the three that is closest to left + above − corner. */
function paeth(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

export function sampleReader(depth: number): ReadSample {
  if (depth === 8) return (row, index) => row[index];
  if (depth === 16) return (row, index) => row[2 * index] * 256 + row[2 * index + 1];
  const mask = 2 ** depth - 1;
  return (row, index) => {
    const bit = index * depth;
    return (row[bit >> 3] >> (8 - depth - (bit & 7))) & mask;
  };
}

/** The samples of the transparent colour, if there is one. Only the lowest `depth` bits of its 16 bits count. */
export function transparentColour({ header: { colour }, transparency }: Png, largest: number): number[] {
  if (transparency === undefined || (colour !== 0 && colour !== 2)) return [];
  if (transparency.length !== (colour === 0 ? 2 : 6)) {
    throw invalidImage('PNG', 'its tRNS chunk has a wrong length');
  }
  return [0, 2, 4].map((at) => (transparency[at] * 256 + transparency[at + 1]) & largest);
}

/** A level in front of white. */
export function onWhite(level: number, alpha: number): number {
  return 255 - alpha * (255 - level);
}
