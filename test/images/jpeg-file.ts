/** The JPEG fixtures, of 24 × 16 pixels in four quarters, and files made from them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Made by cjpeg of libjpeg-turbo; the last three by Pillow. `turned` is on its side, with an Exif orientation. */
export type Fixture =
  | 'baseline'
  | 'subsampled'
  | 'grey'
  | 'progressive'
  | 'progressive-grey'
  | 'restarts'
  | 'rgb'
  | 'arithmetic'
  | 'cmyk'
  | 'turned';

export const markers = { frame: 0xc0, tables: 0xc4, quantization: 0xdb, restart: 0xdd, scan: 0xda };

const startOfImage = Buffer.from([0xff, 0xd8]);
const endOfImage = Buffer.from([0xff, 0xd9]);

export function fixture(name: Fixture): Promise<Buffer> {
  return readFile(join(import.meta.dirname, 'fixtures', `${name}.jpg`));
}

export function segment(marker: number, content: Uint8Array): Buffer {
  const length = content.length + 2;
  return Buffer.concat([Buffer.from([0xff, marker, length >> 8, length & 255]), content]);
}

/** A file with `segments` between the start and the end of the image. */
export function jpegOf(segments: Uint8Array[]): Buffer {
  return Buffer.concat([startOfImage, ...segments, endOfImage]);
}

/** A picture of one grey between black and white, with two bits for each block. */
export function evenJpeg(width: number, height: number): Buffer {
  const oneCode = (kind: number): Buffer => Buffer.from([kind, 1, ...new Array<number>(15).fill(0), 0]);
  const blocks = Math.ceil(width / 8) * Math.ceil(height / 8);
  const size = [height >> 8, height & 255, width >> 8, width & 255];
  return jpegOf([
    segment(markers.quantization, Buffer.alloc(65, 1).fill(0, 0, 1)),
    segment(markers.frame, Buffer.from([8, ...size, 1, 1, 0x11, 0])),
    segment(markers.tables, Buffer.concat([oneCode(0x00), oneCode(0x10)])),
    segment(markers.scan, Buffer.from([1, 1, 0, 0, 63, 0])),
    Buffer.alloc(Math.ceil(blocks / 4)),
  ]);
}

/** The segments of a well-formed file, each with its marker, and scans with their data. */
export function segmentsOf(file: Buffer): Buffer[] {
  const segments: Buffer[] = [];
  let start = 2;
  while (start < file.length - 2) {
    let end = start + 2 + file.readUInt16BE(start + 2);
    if (file[start + 1] === markers.scan) {
      while (file[end] !== 0xff || file[end + 1] === 0 || (file[end + 1] & 0xf8) === 0xd0) end++;
    }
    segments.push(file.subarray(start, end));
    start = end;
  }
  return segments;
}

/** The file with `change` applied to each segment of this marker. */
export function withChanged(file: Buffer, marker: number, change: (segment: Buffer) => Buffer[]): Buffer {
  return jpegOf(
    segmentsOf(file).flatMap((each) => (each[1] === marker ? change(Buffer.from(each)) : [each])),
  );
}

/** The file with one byte set to a value in each segment of this marker. The byte is counted from the marker. */
export function withByte(file: Buffer, marker: number, at: number, value: number): Buffer {
  return withChanged(file, marker, (each) => [each.fill(value, at, at + 1)]);
}
