/** Turns the bytes of an image file into the input of a network, in the calling thread. */
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
  /** The side of the network's input, in pixels. */
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
  throw otherFormat(bytes);
}

/** The size in the header. @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
export function sizeOfImage(bytes: Uint8Array): Size {
  if (isPng(bytes)) return sizeOfPng(bytes);
  if (isJpeg(bytes)) return sizeOfJpeg(bytes);
  throw otherFormat(bytes);
}

/** How files of other formats begin, as characters of one byte each. */
const otherFormats: [name: string, beginning: RegExp][] = [
  ['a HEIC file', /^.{4}ftyp(?:hei|hev|mif1|msf1)/s],
  ['an AVIF file', /^.{4}ftypavi/s],
  ['a WebP file', /^RIFF.{4}WEBP/s],
  ['a GIF file', /^GIF8/],
  ['a BMP file', /^BM.{4}\0{4}/s],
  ['a TIFF file', /^(?:II\*\0|MM\0\*)/],
  ['a JPEG XL file', /^(?:ÿ\n|.{4}JXL )/s],
  ['a PDF file', /^%PDF/],
  ['an SVG file', /^\s*<(?:\?xml|svg)/],
];

function otherFormat(bytes: Uint8Array): TrainyardError {
  const beginning = String.fromCharCode(...bytes.subarray(0, 32));
  const format = otherFormats.find(([, pattern]) => pattern.test(beginning))?.[0];
  const message = 'The image is neither a PNG nor a JPEG file';
  return new TrainyardError(
    'IMAGE_INVALID',
    format === undefined ? `${message}.` : `${message}, but ${format}. Convert it to one of these.`,
  );
}
