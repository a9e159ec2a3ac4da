/** One picture, from the bytes of its file to the input of a network. All of it happens in the thread that calls. */
import { TrainyardError } from '../errors.js';
import { fitDigit, stretch, type Fit } from './fit.js';
import type { GreyImage, Size } from './grey-image.js';
import { decodeJpeg } from './jpeg.js';
import { isJpeg, sizeOfJpeg } from './jpeg-segments.js';
import { decodePng } from './png.js';
import { isPng, sizeOfPng } from './png-chunks.js';

export interface ReadTask {
  bytes: Uint8Array;
  fit: Fit;
  /** Of the network's input. */
  side: number;
}

/** (side, side), 0 to 255. @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
export function readImage({ bytes, fit, side }: ReadTask): Float32Array {
  const image = decodeImage(bytes);
  return fit === 'digit' ? fitDigit(image, side) : stretch(image, side);
}

/** @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
export function decodeImage(bytes: Uint8Array): GreyImage {
  if (isPng(bytes)) return decodePng(bytes);
  if (isJpeg(bytes)) return decodeJpeg(bytes);
  throw unknownFormat();
}

/** As its header says. @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
export function sizeOfImage(bytes: Uint8Array): Size {
  if (isPng(bytes)) return sizeOfPng(bytes);
  if (isJpeg(bytes)) return sizeOfJpeg(bytes);
  throw unknownFormat();
}

function unknownFormat(): TrainyardError {
  return new TrainyardError('IMAGE_INVALID', 'The image is neither a PNG nor a JPEG file.');
}
