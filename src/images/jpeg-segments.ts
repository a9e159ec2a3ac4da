/** The parts of a JPEG file (ITU-T T.81, annex B), every length checked against the file. */
import { invalidImage, type Size } from './grey-image.js';
import { readFrame } from './jpeg-frame.js';

export interface Segment {
  marker: number;
  /** Behind the length. */
  content: Uint8Array;
  /** What follows a scan's header up to the next marker; of other segments nothing. */
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

/** Far more than profiles and previews take. */
const mostSegments = 4096;

const nothing = new Uint8Array(0);

export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === markers.startOfImage;
}

/** The size that the file says it has, if it may have it. */
export function sizeOfJpeg(bytes: Uint8Array): Size {
  for (const { marker, content } of segmentsOf(bytes)) {
    if (isFrame(marker)) return readFrame(marker, content);
  }
  throw invalidImage('JPEG', 'it has no picture');
}

/**
 * All up to the end of the image; what follows that is none of the picture. The marker of that end may be missing behind
 * a scan, as some cameras leave it out.
 */
export function* segmentsOf(bytes: Uint8Array): Generator<Segment> {
  let start = 2;
  for (let count = 0; count < mostSegments; count++) {
    start = behindFill(bytes, start);
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
  throw invalidImage('JPEG', `it has more than ${mostSegments} segments`);
}

/** The arithmetic and the lossless kinds have markers of their own, and are not read. */
export function isFrame(marker: number): boolean {
  const isAnyFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8;
  if (isAnyFrame && marker > 0xc2) {
    throw invalidImage('JPEG', 'it is of a rare kind: neither baseline nor progressive');
  }
  return isAnyFrame;
}

/** Where the marker is that comes now: any number of bytes 255 may come before it. */
function behindFill(bytes: Uint8Array, start: number): number {
  if (bytes[start] !== 0xff) throw lost(bytes, start);
  let at = start + 1;
  while (bytes[at] === 0xff) at++;
  return at;
}

function lost(bytes: Uint8Array, at: number): Error {
  return invalidImage('JPEG', at < bytes.length ? 'one of its lengths is wrong' : 'it is cut short');
}

/** Not those between the data of scans, nor the start of another image. */
function hasLength(marker: number): boolean {
  return marker >= 0xc0 && !(marker >= 0xd0 && marker <= 0xd8);
}

/** The next marker that is none between the data of a scan, or the end of the file. */
function endOfScan(bytes: Uint8Array, start: number): number {
  for (let at = bytes.indexOf(0xff, start); at !== -1; at = bytes.indexOf(0xff, at)) {
    const first = at;
    while (bytes[at] === 0xff) at++;
    if (at === bytes.length) break;
    if (!isInScan(bytes[at])) return first;
  }
  return bytes.length;
}

/** A stuffed zero, or a restart. */
function isInScan(marker: number): boolean {
  return marker === 0 || (marker >= 0xd0 && marker <= 0xd7);
}
