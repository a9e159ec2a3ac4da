/**
 * The segments of a JPEG file and the headers in them (ITU-T T.81, annex B). Every length is checked against the file,
 * and headers that make no sense are refused.
 */
import { checkSize, invalidImage, type Size } from './grey-image.js';

export interface Segment {
  marker: number;
  /** The bytes after the length. */
  content: Uint8Array;
  /** For a scan, the bytes from its header to the next marker; otherwise empty. */
  data: Uint8Array;
}

export const markers = {
  startOfImage: 0xd8,
  endOfImage: 0xd9,
  startOfScan: 0xda,
  huffmanTables: 0xc4,
  quantizationTables: 0xdb,
  restartInterval: 0xdd,
  exif: 0xe1,
  adobe: 0xee,
} as const;

/** Far more than profiles and previews need. */
const maxSegments = 4096;

const nothing = new Uint8Array(0);

export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === markers.startOfImage;
}

/** The size in the header of the file, if it is allowed. */
export function sizeOfJpeg(bytes: Uint8Array): Size {
  for (const { marker, content } of segmentsOf(bytes)) {
    if (isFrame(marker)) return readFrame(marker, content);
  }
  throw invalidImage('JPEG', 'it has no picture');
}

/**
 * All segments up to the end of the image; bytes after it are ignored. The end marker may be missing after a scan,
 * because some cameras omit it.
 */
export function* segmentsOf(bytes: Uint8Array): Generator<Segment> {
  let start = 2;
  for (let count = 0; count < maxSegments; count++) {
    start = skipFill(bytes, start);
    const marker = bytes[start];
    if (marker === markers.endOfImage) {
      yield { marker, content: nothing, data: nothing };
      return;
    }
    if (!hasLength(marker)) throw lost(bytes, start);
    const length = bytes[start + 1] * 256 + bytes[start + 2];
    const contentEnd = start + 1 + length;
    if (!(length >= 2 && contentEnd <= bytes.length)) throw lost(bytes, contentEnd);
    const isScan = marker === markers.startOfScan;
    const end = isScan ? endOfScan(bytes, contentEnd) : contentEnd;
    yield {
      marker,
      content: bytes.subarray(start + 3, contentEnd),
      data: bytes.subarray(contentEnd, end),
    };
    start = end;
    if (isScan && start === bytes.length) return;
  }
  throw invalidImage('JPEG', `it has more than ${maxSegments} segments`);
}

/** @throws TrainyardError IMAGE_INVALID for the arithmetic and lossless kinds, which have other frame markers */
export function isFrame(marker: number): boolean {
  const isAnyFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8;
  if (isAnyFrame && marker > 0xc2) {
    throw invalidImage('JPEG', 'it is neither baseline nor progressive');
  }
  return isAnyFrame;
}

/** The position of the next marker. Any number of bytes 255 may come before it. */
function skipFill(bytes: Uint8Array, start: number): number {
  if (bytes[start] !== 0xff) throw lost(bytes, start);
  let at = start + 1;
  while (bytes[at] === 0xff) at++;
  return at;
}

function lost(bytes: Uint8Array, at: number): Error {
  return invalidImage('JPEG', at < bytes.length ? 'one of its lengths is wrong' : 'it is cut short');
}

/** Whether the marker starts a segment: not a restart marker, and not the start of another image. */
function hasLength(marker: number): boolean {
  return marker >= 0xc0 && !(marker >= 0xd0 && marker <= 0xd8);
}

/** The position of the next marker that is not part of the data of a scan, or the end of the file. */
function endOfScan(bytes: Uint8Array, start: number): number {
  for (let at = bytes.indexOf(0xff, start); at !== -1; at = bytes.indexOf(0xff, at)) {
    const first = at;
    while (bytes[at] === 0xff) at++;
    if (at === bytes.length) break;
    if (!isInScan(bytes[at])) return first;
  }
  return bytes.length;
}

/** A stuffed zero, or a restart marker. */
function isInScan(marker: number): boolean {
  return marker === 0 || (marker >= 0xd0 && marker <= 0xd7);
}

/** One of the planes of the picture: brightness, or a colour. */
export interface Component {
  id: number;
  /** The sampling factors. A plane with half the largest factor has half as many samples in that direction. */
  across: number;
  down: number;
  /** The number of its quantization table. */
  quantization: number;
}

export function isNamedRgb(components: readonly Component[]): boolean {
  return String.fromCharCode(...components.map(({ id }) => id)) === 'RGB';
}

export interface Frame extends Size {
  isProgressive: boolean;
  components: Component[];
}

/** `content`: that of a start-of-frame segment. */
export function readFrame(marker: number, content: Uint8Array): Frame {
  const [precision, heightHigh, heightLow, widthHigh, widthLow, count] = content;
  if (content.length < 6 || content.length !== 6 + 3 * count) {
    throw invalidImage('JPEG', 'its frame header has a wrong length');
  }
  if (precision !== 8)
    throw invalidImage('JPEG', `its samples have ${precision} bits, and only 8 are supported`);
  const size = { width: widthHigh * 256 + widthLow, height: heightHigh * 256 + heightLow };
  if (size.width === 0 || size.height === 0) throw invalidImage('JPEG', 'it has no width or no height');
  if (count !== 1 && count !== 3 && count !== 4) {
    throw invalidImage('JPEG', `it has ${count} colour components and must have 1, 3 or 4`);
  }
  const components = Array.from({ length: count }, (_, index) => {
    const [id, factors, quantization] = content.subarray(6 + 3 * index);
    return { id, across: factors >> 4, down: factors & 15, quantization };
  });
  const frame = { ...size, isProgressive: marker === 0xc2, components };
  checkComponents(frame);
  checkSize(size);
  return frame;
}

function checkComponents(frame: Frame): void {
  const { across: maxAcross, down: maxDown } = largestFactors(frame);
  const ids = new Set(frame.components.map(({ id }) => id));
  const isSampled = frame.components.every(
    ({ across, down }) => maxAcross % across === 0 && maxDown % down === 0,
  );
  if (ids.size === frame.components.length && isSampled && Math.max(maxAcross, maxDown) <= 4) return;
  throw invalidImage('JPEG', 'its frame header makes no sense');
}

/** The largest sampling factors, which are those of the finest plane. */
export function largestFactors({ components }: Frame): { across: number; down: number } {
  return {
    across: Math.max(...components.map(({ across }) => across)),
    down: Math.max(...components.map(({ down }) => down)),
  };
}

/** The header of a scan. */
export interface ScanHeader {
  /** The index of each component in the frame, and its Huffman tables. */
  components: { index: number; dc: number; ac: number }[];
  /**
   * The first and last coefficient, in zigzag order, and their lowest bit: before this scan (high) and after it (low).
   */
  first: number;
  last: number;
  high: number;
  low: number;
}

/** `content`: that of a start-of-scan segment. */
export function readScanHeader(frame: Frame, content: Uint8Array): ScanHeader {
  const [count] = content;
  if (content.length !== 4 + 2 * count || count === 0 || count > 4) {
    throw invalidImage('JPEG', 'a scan has a wrong length');
  }
  const components = Array.from({ length: count }, (_, each) => {
    const [id, tables] = content.subarray(1 + 2 * each);
    return {
      index: frame.components.findIndex((component) => component.id === id),
      dc: tables >> 4,
      ac: tables & 15,
    };
  });
  const [first, last, bits] = content.subarray(1 + 2 * count);
  const [high, low] = [bits >> 4, bits & 15];
  const isKnown = new Set(components.map(({ index }) => index)).size === count;
  const isSensible = frame.isProgressive
    ? first <= last && last < 64 && (first === 0 ? last === 0 : count === 1) && Math.max(high, low) <= 13
    : first === 0 && last === 63 && bits === 0;
  if (isKnown && components.every(({ index }) => index >= 0) && isSensible) {
    return { components, first, last, high, low };
  }
  throw invalidImage('JPEG', 'a scan makes no sense');
}
