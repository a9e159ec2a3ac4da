/** A picture as grey levels, the largest that is read, and how one is refused. */
import { TrainyardError } from '../errors.js';

export interface GreyImage {
  width: number;
  height: number;
  /** (height, width), row-major; 0 is black and 255 white. */
  grey: Uint8Array;
}

export interface Size {
  width: number;
  height: number;
}

/** What a phone's camera makes, 50 megapixels, with room to spare. */
const mostPixels = 2 ** 26;

/** Of what a picture is unpacked to before it becomes grey: the 8-bit RGBA of almost the most pixels. */
const mostUnpackedBytes = 2 ** 28;

/** As JPEG has it; a PNG could be a line of 16 million pixels, and half of what is done to it a row at a time. */
const longestSide = 2 ** 16 - 1;

/** From a header alone, before anything is decoded or allocated. */
export function checkSize({ width, height }: Size): void {
  if (width * height <= mostPixels && Math.max(width, height) <= longestSide) return;
  throw new TrainyardError(
    'IMAGE_TOO_LARGE',
    `The image is ${width} × ${height} pixels; this service reads at most ${mostPixels} pixels, and ${longestSide} on a side.`,
  );
}

/** Before it is unpacked. */
export function checkUnpackedBytes(bytes: number): void {
  if (bytes <= mostUnpackedBytes) return;
  throw new TrainyardError(
    'IMAGE_TOO_LARGE',
    `The image unpacks to ${bytes} bytes; this service unpacks at most ${mostUnpackedBytes}. Send one with fewer pixels.`,
  );
}

export function invalidImage(format: 'PNG' | 'JPEG', problem: string, cause?: unknown): TrainyardError {
  return new TrainyardError('IMAGE_INVALID', `The ${format} cannot be read: ${problem}.`, { cause });
}

/** By Rec. 601, as JPEG has it. */
export function luma(red: number, green: number, blue: number): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}
