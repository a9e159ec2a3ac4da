/**
 * The chunks of a PNG file (https://www.w3.org/TR/png-3/, sections 5 and 11). Every length is checked against the file,
 * and every chunk against its CRC. Nothing is unpacked here; text and colour profiles never are.
 */
import { crc32 } from 'node:zlib';
import { checkSize, invalidImage, type Size } from './grey-image.js';

export interface PngHeader extends Size {
  /** Bits per sample. */
  depth: number;
  colour: keyof typeof kinds;
  isInterlaced: boolean;
}

export interface Png {
  header: PngHeader;
  /** (colours, 3) */
  palette: Uint8Array;
  /** The tRNS chunk: the alpha of each colour in the palette, or the one colour that is transparent. */
  transparency: Uint8Array | undefined;
  /** A TIFF file. */
  exif: Uint8Array | undefined;
  /** The pixels, compressed by zlib. */
  data: Uint8Array;
}

/** By colour type: samples per pixel, and the possible depths. */
const kinds = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Encoders write chunks of kilobytes. A file of empty chunks would take more time than its size suggests. */
const maxChunks = 2 ** 16;

export function isPng(bytes: Uint8Array): boolean {
  return signature.every((byte, at) => bytes[at] === byte);
}

export function samplesOf({ colour }: PngHeader): number {
  return kinds[colour].samples;
}

/** The size in the header of the file, if it is allowed. */
export function sizeOfPng(bytes: Uint8Array): Size {
  for (const { type, content } of chunksOf(bytes)) {
    if (type !== 'IHDR') break;
    return readHeader(content);
  }
  throw invalidImage('PNG', 'it does not begin with its header');
}

export function readPng(bytes: Uint8Array): Png {
  let header: PngHeader | undefined;
  let palette: Uint8Array = new Uint8Array(0);
  let transparency: Uint8Array | undefined;
  let exif: Uint8Array | undefined;
  const data = new Uint8Array(bytes.length);
  let dataBytes = 0;

  for (const { type, content } of chunksOf(bytes)) {
    if ((header === undefined) !== (type === 'IHDR')) {
      throw invalidImage('PNG', header ? 'it has two headers' : 'it does not begin with its header');
    }
    if (type === 'IHDR') header = readHeader(content);
    else if (type === 'PLTE') palette = content;
    else if (type === 'tRNS') transparency = content;
    else if (type === 'eXIf') exif = content;
    else if (type === 'IDAT') {
      data.set(content, dataBytes);
      dataBytes += content.length;
    } else if (isCritical(type)) {
      throw invalidImage('PNG', `it needs the unknown chunk ${JSON.stringify(type)}`);
    }
  }
  if (header === undefined) throw invalidImage('PNG', 'it has no header');
  if (dataBytes === 0) throw invalidImage('PNG', 'it has no pixels');
  checkPalette(header, palette);
  return { header, palette, transparency, exif, data: data.subarray(0, dataBytes) };
}

/** All chunks before IEND. Bytes after it are ignored. */
function* chunksOf(bytes: Uint8Array): Generator<{ type: string; content: Uint8Array }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let start = signature.length;
  for (let count = 0; count < maxChunks; count++) {
    if (start + 12 > bytes.length) throw invalidImage('PNG', 'it is cut short');
    const end = start + 8 + view.getUint32(start);
    if (end + 4 > bytes.length) throw invalidImage('PNG', 'it is cut short');
    const type = String.fromCharCode(...bytes.subarray(start + 4, start + 8));
    if (crc32(bytes.subarray(start + 4, end)) !== view.getUint32(end)) {
      throw invalidImage('PNG', `its chunk ${JSON.stringify(type)} is damaged`);
    }
    if (type === 'IEND') return;
    yield { type, content: bytes.subarray(start + 8, end) };
    start = end + 4;
  }
  throw invalidImage('PNG', `it has more than ${maxChunks} chunks`);
}

/** A capital first letter means that the picture cannot be shown without the chunk. */
function isCritical(type: string): boolean {
  return (type.charCodeAt(0) & 0x20) === 0;
}

function readHeader(content: Uint8Array): PngHeader {
  if (content.length !== 13) throw invalidImage('PNG', 'its header has a wrong length');
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colour, compression, filter, interlace] = content.subarray(8);
  if (width === 0 || height === 0) throw invalidImage('PNG', 'it has no width or no height');
  if (!isKind(colour) || !kinds[colour].depths.includes(depth)) {
    throw invalidImage('PNG', `there is no colour type ${colour} with a depth of ${depth}`);
  }
  if (compression !== 0 || filter !== 0 || interlace > 1) {
    throw invalidImage('PNG', 'its header names an unknown method');
  }
  checkSize({ width, height });
  return { width, height, depth, colour, isInterlaced: interlace === 1 };
}

function isKind(colour: number): colour is keyof typeof kinds {
  return Object.hasOwn(kinds, colour);
}

function checkPalette({ colour }: PngHeader, palette: Uint8Array): void {
  if (colour !== 3) return;
  if (palette.length === 0 || palette.length % 3 !== 0 || palette.length > 3 * 256) {
    throw invalidImage('PNG', 'it has no palette, or one of a wrong length');
  }
}
