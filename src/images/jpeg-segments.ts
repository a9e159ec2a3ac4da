/**
 * The parts of a JPEG file (ITU-T T.81, annex B), gone through from end to end before a decoder sees it: every length is
 * checked, and the work that the scans ask for is limited.
 */
import { invalidImage, type Size } from './grey-image.js';
import { readFrame, unitsOfScan, type Frame } from './jpeg-frame.js';

export interface Jpeg {
  frame: Frame;
  /** Of the Adobe segment: 0 says that the components are those of the picture, RGB or CMYK, without a transform. */
  adobeTransform: number | undefined;
  /** A TIFF file. */
  exif: Uint8Array | undefined;
  /** The file without what is not needed to decode it. */
  essence: Uint8Array;
}

/** The longest script of scans that libjpeg writes has 18, for CMYK; each costs a walk over the whole picture. */
const mostScans = 32;

/** Far more than profiles and previews take. */
const mostSegments = 4096;

const startOfImage = [0xff, 0xd8];
const endOfImage = [0xff, 0xd9];

interface Segment {
  marker: number;
  /** Behind the length. */
  content: Uint8Array;
  /** The segment in the file, with its marker and, of a scan, the data that follow it. */
  start: number;
  end: number;
}

export function isJpeg(bytes: Uint8Array): boolean {
  return startOfImage.every((byte, at) => bytes[at] === byte);
}

/** The size that the file says it has, if it may have it. */
export function sizeOfJpeg(bytes: Uint8Array): Size {
  for (const { marker, content } of segmentsOf(bytes)) {
    if (isFrame(marker)) return readFrame(marker, content);
  }
  throw invalidImage('JPEG', 'it has no picture');
}

export function readJpeg(bytes: Uint8Array): Jpeg {
  const pieces: Uint8Array[] = [Uint8Array.from(startOfImage)];
  let frame: Frame | undefined;
  let adobeTransform: number | undefined;
  let exif: Uint8Array | undefined;
  let restartInterval = 0;
  let scans = 0;

  for (const segment of segmentsOf(bytes)) {
    const { marker, content } = segment;
    let isNeeded = true;
    if (isFrame(marker)) {
      if (frame) throw invalidImage('JPEG', 'it has two frames');
      frame = readFrame(marker, content);
    } else if (marker === 0xda) {
      if (!frame) throw invalidImage('JPEG', 'a scan comes before the frame header');
      checkRestarts(bytes.subarray(segment.start, segment.end), unitsOfScan(frame, content), restartInterval);
      if (++scans > mostScans) throw invalidImage('JPEG', `it has more than ${mostScans} scans`);
    } else if (marker === 0xc4) {
      checkTables(content, (at) => 17 + sum(content.subarray(at + 1, at + 17)));
    } else if (marker === 0xdb) {
      checkTables(content, (at) => 1 + (content[at] >> 4 === 0 ? 64 : 128));
    } else if (marker === 0xdd) {
      if (content.length !== 2) throw invalidImage('JPEG', 'its restart interval has a wrong length');
      restartInterval = content[0] * 256 + content[1];
    } else if (marker === 0xee && content.length >= 12 && startsWith(content, 'Adobe')) {
      adobeTransform = content[11];
    } else {
      if (marker === 0xe1 && startsWith(content, 'Exif\0\0')) exif = content.subarray(6);
      isNeeded = false;
    }
    if (isNeeded) pieces.push(bytes.subarray(segment.start, segment.end));
  }
  if (!frame || scans === 0) throw invalidImage('JPEG', 'it has no picture');
  pieces.push(Uint8Array.from(endOfImage));
  return { frame, adobeTransform, exif, essence: Buffer.concat(pieces) };
}

/** All before the end of the image; what follows that is none of the picture. */
function* segmentsOf(bytes: Uint8Array): Generator<Segment> {
  let start = startOfImage.length;
  for (let count = 0; count < mostSegments; count++) {
    if (bytes[start] !== 0xff) throw lost(bytes, start);
    // Any number of these may come before a marker.
    while (bytes[start + 1] === 0xff) start++;
    const marker = bytes[start + 1];
    if (marker === endOfImage[1]) return;
    if (!hasLength(marker)) throw lost(bytes, start + 1);
    const length = bytes[start + 2] * 256 + bytes[start + 3];
    const contentEnd = start + 2 + length;
    if (!(length >= 2 && contentEnd <= bytes.length)) throw lost(bytes, contentEnd);
    const content = bytes.subarray(start + 4, contentEnd);
    const end = marker === 0xda ? endOfScan(bytes, contentEnd) : contentEnd;
    yield { marker, content, start, end };
    start = end;
  }
  throw invalidImage('JPEG', `it has more than ${mostSegments} segments`);
}

function lost(bytes: Uint8Array, at: number): Error {
  return invalidImage('JPEG', at < bytes.length ? 'one of its lengths is wrong' : 'it is cut short');
}

/** The arithmetic and the lossless kinds have markers of their own, and the decoder knows neither. */
function isFrame(marker: number): boolean {
  const isAnyFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8;
  if (isAnyFrame && marker > 0xc2) {
    throw invalidImage('JPEG', 'it is of a rare kind: neither baseline nor progressive');
  }
  return isAnyFrame;
}

/** Not those between the data of scans, nor the start of another image. */
function hasLength(marker: number): boolean {
  return marker >= 0xc0 && !(marker >= 0xd0 && marker <= 0xd8);
}

/** The next marker that is none between the data of a scan. */
function endOfScan(bytes: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    at = bytes.indexOf(0xff, at);
    if (at === -1 || at + 1 === bytes.length) throw invalidImage('JPEG', 'it is cut short');
    if (!isInScan(bytes[at + 1])) return at;
    at += 2;
  }
}

/** A stuffed zero, or a restart. */
function isInScan(marker: number): boolean {
  return marker === 0 || isRestart(marker);
}

function isRestart(marker: number): boolean {
  return marker >= 0xd0 && marker <= 0xd7;
}

/** One too many and the decoder would go on in the middle of the data as if they were segments. */
function checkRestarts(scan: Uint8Array, units: number, interval: number): void {
  const most = interval === 0 ? 0 : Math.ceil(units / interval) - 1;
  let restarts = 0;
  for (let at = scan.indexOf(0xff, 2); at !== -1; at = scan.indexOf(0xff, at + 1)) {
    if (isRestart(scan[at + 1])) restarts++;
  }
  if (restarts > most) throw invalidImage('JPEG', 'a scan has more restarts than it has room for');
}

/** One table after the other, up to the very end. */
function checkTables(content: Uint8Array, lengthAt: (at: number) => number): void {
  let at = 0;
  while (at < content.length) at += lengthAt(at);
  if (at !== content.length) throw invalidImage('JPEG', 'its tables have a wrong length');
}

function startsWith(content: Uint8Array, text: string): boolean {
  return Buffer.from(text, 'latin1').equals(content.subarray(0, text.length));
}

function sum(numbers: Uint8Array): number {
  return numbers.reduce((total, number) => total + number, 0);
}
