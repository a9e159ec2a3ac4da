/** JPEG to grey: baseline and progressive, of grey, colour or CMYK, by jpeg-js, which gets to see only what was checked. */
import { decode } from 'jpeg-js';
import { orientationOf, upright } from './exif.js';
import { invalidImage, luma, type GreyImage } from './grey-image.js';
import { readJpeg, type Jpeg } from './jpeg-segments.js';

/** @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
export function decodeJpeg(bytes: Uint8Array): GreyImage {
  const jpeg = readJpeg(bytes);
  const { width, height, data } = pixelsOf(jpeg);
  const grey = new Uint8Array(width * height);
  for (let pixel = 0; pixel < grey.length; pixel++) {
    grey[pixel] = Math.round(luma(data[3 * pixel], data[3 * pixel + 1], data[3 * pixel + 2]));
  }
  return upright({ width, height, grey }, jpeg.exif ? orientationOf(jpeg.exif) : 1);
}

/** `data` (height, width, 3) is RGB. */
function pixelsOf(jpeg: Jpeg): { width: number; height: number; data: Uint8Array } {
  try {
    return decode(jpeg.essence, {
      useTArray: true,
      formatAsRGBA: false,
      // What was checked can ask for no more.
      maxResolutionInMP: Infinity,
      maxMemoryUsageInMB: Infinity,
      ...(isUntransformed(jpeg) && { colorTransform: false }),
    });
  } catch (error) {
    const isWorded = error instanceof Error && error.constructor === Error;
    throw invalidImage(
      'JPEG',
      isWorded ? `its data are damaged (${error.message})` : 'it lacks a table',
      error,
    );
  }
}

/** Three components are taken for YCbCr unless the file says otherwise, as libjpeg has it. */
function isUntransformed({ adobeTransform, frame: { components } }: Jpeg): boolean {
  if (adobeTransform !== undefined) return adobeTransform === 0;
  return String.fromCharCode(...components.map(({ id }) => id)) === 'RGB';
}
