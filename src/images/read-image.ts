/** Turns the bytes of an image file into the input of a network, in the calling thread. */
import type { PictureInput } from '../lib/picture-input.js';
import { fitDigit, stretch, type Fit } from './fit.js';
import { fitPicture } from './fit-picture.js';
import { luma, type GreyImage } from './grey-image.js';
import { decodeOtherFormat, isOtherFormat } from './other-formats.js';
import { keptPicture, planeOf, type Picture } from './picture.js';
import { decodeImage, notRead, readPicture } from './read-picture.js';

/** How a picture becomes an input: as pictures of a dataset do, or a square of grey levels. */
export type WantedInput = PictureInput | { fit: Fit; side: number };

export interface ReadTask {
  bytes: Uint8Array;
  input: WantedInput;
}

const withSharp =
  'Convert it to one of these, or install the package sharp beside the service: npm install sharp.';

/** (channels, height, width) or (side, side), 0 to 255. @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
export function readImage({ bytes, input }: ReadTask): Float32Array {
  return 'side' in input
    ? squareOf(decodeImage(bytes), input)
    : Float32Array.from(fitPicture(readPicture(bytes), input));
}

/** As `readImage`, for the formats that need sharp. @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
export async function readOtherImage({ bytes, input }: ReadTask): Promise<Float32Array> {
  const picture = await decodeOtherFormat(bytes);
  if (picture === null) throw notRead(bytes, withSharp);
  return 'side' in input
    ? squareOf(greyOf(picture), input)
    : Float32Array.from(fitPicture(keptPicture(picture, 1), input));
}

/** As `readPicture`, of any format that can be read here. */
export async function readAnyPicture(bytes: Uint8Array): Promise<Picture> {
  if (!isOtherFormat(bytes)) return readPicture(bytes);
  const picture = await decodeOtherFormat(bytes);
  if (picture === null) throw notRead(bytes, withSharp);
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
