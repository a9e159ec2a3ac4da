/** Reads PNG and JPEG files, in grey or as pictures of datasets. Files that run without the service do it with this, too. */
import { TrainyardError } from '../errors.js';
import type { GreyImage, Size } from './grey-image.js';
import { decodeJpeg } from './jpeg.js';
import { decodeJpegColour } from './jpeg-colour.js';
import { isJpeg, sizeOfJpeg } from './jpeg-segments.js';
import { keptPicture, type Picture } from './picture.js';
import { decodePng } from './png.js';
import { decodePngColour } from './png-colour.js';
import { isPng, sizeOfPng } from './png-chunks.js';

/** A PNG or JPEG file as datasets keep it. @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
export function readPicture(bytes: Uint8Array): Picture {
  if (!isPng(bytes) && !isJpeg(bytes)) throw notRead(bytes);
  const { picture, orientation } = isPng(bytes) ? decodePngColour(bytes) : decodeJpegColour(bytes);
  return keptPicture(picture, orientation);
}

/** @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
export function decodeImage(bytes: Uint8Array): GreyImage {
  if (isPng(bytes)) return decodePng(bytes);
  if (isJpeg(bytes)) return decodeJpeg(bytes);
  throw notRead(bytes);
}

/** The size in the header. @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
export function sizeOfImage(bytes: Uint8Array): Size {
  if (isPng(bytes)) return sizeOfPng(bytes);
  if (isJpeg(bytes)) return sizeOfJpeg(bytes);
  throw notRead(bytes);
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

/** Why the bytes, of another format, are refused. */
export function notRead(bytes: Uint8Array, advice = 'Convert it to one of these.'): TrainyardError {
  const beginning = String.fromCharCode(...bytes.subarray(0, 32));
  const format = otherFormats.find(([, pattern]) => pattern.test(beginning))?.[0];
  const message = 'The image is neither a PNG nor a JPEG file';
  return new TrainyardError(
    'IMAGE_INVALID',
    format === undefined ? `${message}.` : `${message}, but ${format}. ${advice}`,
  );
}
