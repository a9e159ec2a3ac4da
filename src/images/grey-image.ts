/** A picture as grey levels, the limits on its size, and the errors for pictures that are refused. */
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

/** More than the 50 megapixels of a phone's camera. */
export const maxPixels = 2 ** 26;

/** Limits the unpacked picture before it becomes grey: 8-bit RGBA of about `maxPixels`. */
const maxUnpackedBytes = 2 ** 28;

/** The limit of JPEG. Without it a PNG could be one row of millions of pixels, and much work is done row by row. */
const maxSide = 2 ** 16 - 1;

/** Call it with the size from the header, before anything is decoded or allocated. */
export function checkSize({ width, height }: Size): void {
  if (width * height <= maxPixels && Math.max(width, height) <= maxSide) return;
  throw new TrainyardError(
    'IMAGE_TOO_LARGE',
    `The image is ${width} × ${height} pixels; this service reads at most ${maxPixels} pixels, and ${maxSide} on a side.`,
  );
}

/** Call it before the picture is unpacked. */
export function checkUnpackedBytes(bytes: number): void {
  if (bytes <= maxUnpackedBytes) return;
  throw new TrainyardError(
    'IMAGE_TOO_LARGE',
    `The image unpacks to ${bytes} bytes; this service unpacks at most ${maxUnpackedBytes}. Send an image with fewer pixels.`,
  );
}

export function invalidImage(format: 'PNG' | 'JPEG', problem: string, cause?: unknown): TrainyardError {
  return new TrainyardError('IMAGE_INVALID', `The ${format} cannot be read: ${problem}.`, { cause });
}

/** Brightness by Rec. 601, which JPEG uses too. */
export function luma(red: number, green: number, blue: number): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}
