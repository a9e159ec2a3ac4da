/** Turns the bytes of an image file into the input of a network, in the calling thread. */
import { TrainyardError } from '../errors.js';
import type { PictureInput } from '../lib/picture-input.js';
import { fitDigit, stretch, type Fit } from './fit.js';
import { fitPicture } from './fit-picture.js';
import { luma, type GreyImage, type Size } from './grey-image.js';
import { decodeJpeg } from './jpeg.js';
import { decodeJpegColour } from './jpeg-colour.js';
import { isJpeg, sizeOfJpeg } from './jpeg-segments.js';
import { decodeOtherFormat, isOtherFormat } from './other-formats.js';
import { keptPicture, planeOf, type Picture } from './picture.js';
import { decodePng } from './png.js';
import { decodePngColour } from './png-colour.js';
import { isPng, sizeOfPng } from './png-chunks.js';

/** How a picture becomes an input: as pictures of a dataset do, or a square of grey levels. */
export type WantedInput = PictureInput | { fit: Fit; side: number };

export interface ReadTask {
  bytes: Uint8Array;
  input: WantedInput;
}

/** (channels, height, width) or (side, side), 0 to 255. @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
export function readImage({ bytes, input }: ReadTask): Float32Array {
  return 'side' in input
    ? squareOf(decodeImage(bytes), input)
    : Float32Array.from(fitPicture(readPicture(bytes), input));
}

/** As `readImage`, for the formats that need sharp. @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
export async function readOtherImage({ bytes, input }: ReadTask): Promise<Float32Array> {
  const picture = await decodeOtherFormat(bytes);
  if (picture === null) throw otherFormat(bytes);
  return 'side' in input
    ? squareOf(greyOf(picture), input)
    : Float32Array.from(fitPicture(keptPicture(picture, 1), input));
}

/** A PNG or JPEG file as datasets keep it. @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
export function readPicture(bytes: Uint8Array): Picture {
  if (!isPng(bytes) && !isJpeg(bytes)) throw otherFormat(bytes);
  const { picture, orientation } = isPng(bytes) ? decodePngColour(bytes) : decodeJpegColour(bytes);
  return keptPicture(picture, orientation);
}

/** As `readPicture`, of any format that can be read here. */
export async function readAnyPicture(bytes: Uint8Array): Promise<Picture> {
  if (!isOtherFormat(bytes)) return readPicture(bytes);
  const picture = await decodeOtherFormat(bytes);
  if (picture === null) throw otherFormat(bytes);
  return keptPicture(picture, 1);
}

function squareOf(image: GreyImage, { fit, side }: { fit: Fit; side: number }): Float32Array {
  return fit === 'digit' ? fitDigit(image, side) : stretch(image, side);
}

function greyOf(picture: Picture): GreyImage {
  const { width, height } = picture;
  const [red, green, blue] = [0, 1, 2].map((channel) => planeOf(picture, channel));
  return { width, height, grey: red.map((level, at) => Math.round(luma(level, green[at], blue[at]))) };
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
  const advice = isOtherFormat(bytes)
    ? 'Convert it to one of these, or install the package sharp beside the service: npm install sharp.'
    : 'Convert it to one of these.';
  return new TrainyardError(
    'IMAGE_INVALID',
    format === undefined ? `${message}.` : `${message}, but ${format}. ${advice}`,
  );
}
