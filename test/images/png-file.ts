/** Makes PNG files of every kind, and files that are almost PNG. */
import { crc32, deflateSync } from 'node:zlib';
import type { GreyImage } from '../../src/images/grey-image.js';

export interface Picture {
  width: number;
  height: number;
  depth: number;
  colour: number;
  isInterlaced?: boolean;
  /** (colours, 3) */
  palette?: Uint8Array;
  /** The content of the tRNS chunk. */
  transparency?: Uint8Array;
  /** The content of the eXIf chunk. */
  exif?: Uint8Array;
  /** The samples of a pixel, each within the depth. */
  samples: (x: number, y: number) => number[];
  /** The filter of each row, by its number in the file. */
  filter?: (row: number) => number;
}

export const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

const channels: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

export function chunk(type: string, content: Uint8Array = Buffer.alloc(0)): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  return Buffer.concat([u32(content.length), named, u32(crc32(named))]);
}

function header(picture: Omit<Picture, 'samples'>): Buffer {
  const { width, height, depth, colour, isInterlaced = false } = picture;
  const rest = Buffer.from([depth, colour, 0, 0, Number(isInterlaced)]);
  return chunk('IHDR', Buffer.concat([u32(width), u32(height), rest]));
}

/** A file with these chunks between its header and its end. */
export function pngOf(picture: Omit<Picture, 'samples'>, ...chunks: Buffer[]): Buffer {
  return Buffer.concat([signature, header(picture), ...chunks, chunk('IEND')]);
}

export function encodePng(picture: Picture): Buffer {
  const { palette, transparency, exif } = picture;
  return pngOf(
    picture,
    ...(palette ? [chunk('PLTE', palette)] : []),
    ...(transparency ? [chunk('tRNS', transparency)] : []),
    ...(exif ? [chunk('eXIf', exif)] : []),
    chunk('IDAT', deflateSync(filteredRows(picture))),
  );
}

/** A plain 8-bit PNG of grey levels (height, width). */
export function greyPng({ width, height, grey }: GreyImage): Buffer {
  const rows = Buffer.alloc(height * (1 + width));
  for (let y = 0; y < height; y++) rows.set(grey.subarray(y * width, (y + 1) * width), y * (1 + width) + 1);
  return pngOf({ width, height, depth: 8, colour: 0 }, chunk('IDAT', deflateSync(rows)));
}

function filteredRows(picture: Picture): Buffer {
  const { width, height, depth, colour, samples, isInterlaced = false, filter = () => 0 } = picture;
  const left = Math.max(1, (depth * channels[colour]) / 8);
  const rows: Buffer[] = [];
  for (const [x0, y0, across, down] of isInterlaced ? adam7 : [[0, 0, 1, 1]]) {
    let above: Buffer | undefined;
    for (let y = y0; y < height && x0 < width; y += down) {
      const line: number[] = [];
      for (let x = x0; x < width; x += across) line.push(...samples(x, y));
      const row = packed(line, depth);
      const kind = filter(rows.length);
      rows.push(Buffer.from([kind, ...row.map((_, i) => filtered(kind, row, above, i, left))]));
      above = row;
    }
  }
  return Buffer.concat(rows);
}

function packed(line: number[], depth: number): Buffer {
  const bits = line.map((sample) => sample.toString(2).padStart(depth, '0')).join('');
  return Buffer.from((bits.match(/.{1,8}/g) ?? []).map((byte) => parseInt(byte.padEnd(8, '0'), 2)));
}

function filtered(kind: number, row: Buffer, above: Buffer | undefined, i: number, left: number): number {
  const a = i < left ? 0 : row[i - left];
  const b = above?.[i] ?? 0;
  const c = i < left ? 0 : (above?.[i - left] ?? 0);
  const nearest = [a, b, c].sort((p, q) => Math.abs(a + b - c - p) - Math.abs(a + b - c - q))[0];
  return (row[i] - [0, a, b, (a + b) >> 1, nearest][kind]) & 255;
}

function u32(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}
