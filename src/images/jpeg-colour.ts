/**
 * Decodes JPEG to colour. Of a picture that is larger than what is kept only the mean of each block of 8 × 8 pixels is kept, which
 * is the picture at an eighth of its size: 50 megapixels take a few megabytes.
 */
import { mostPictureSide } from '../lib/picture-input.js';
import { readJpeg, sampleAt, samplesOf, type PlaneSamples, type ReadJpeg } from './jpeg.js';
import { isNamedRgb, type Frame } from './jpeg-segments.js';
import { ReducedPicture } from './reduced-picture.js';
import type { Picture } from './picture.js';

const blockSide = 8;

/** Writes red, green and blue, 0 to 255 once they are clamped. */
type ToRgb = (samples: readonly number[], rgb: Uint8ClampedArray) => void;

/** @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
export function decodeJpegColour(bytes: Uint8Array): { picture: Picture; orientation: number } {
  const read = readJpeg(bytes, (frame) => ({
    needed: frame.components.map((_, index) => index),
    isReduced: isReduced(frame),
  }));
  const { frame, planes, orientation } = read;
  const each = isReduced(frame) ? blockSide : 1;
  const size = { width: Math.ceil(frame.width / each), height: Math.ceil(frame.height / each) };
  const samples = planes.map((plane) => samplesOf(plane, frame));
  return { picture: picture(samples, size, toRgbOf(read)), orientation };
}

/** Whether an eighth of it is still at least as large as what is kept. */
function isReduced({ width, height }: Frame): boolean {
  return Math.max(width, height) >= blockSide * mostPictureSide;
}

function picture(
  planes: readonly PlaneSamples[],
  size: { width: number; height: number },
  toRgb: ToRgb,
): Picture {
  const reduced = new ReducedPicture(size);
  const rgb = new Uint8ClampedArray(3);
  const samples = planes.map(() => 0);
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      for (let index = 0; index < planes.length; index++) samples[index] = sampleAt(planes[index], x, y);
      toRgb(samples, rgb);
      reduced.add(x, y, rgb[0], rgb[1], rgb[2]);
    }
  }
  return reduced.picture();
}

/** As libjpeg and Adobe's programs understand the components; CMYK is inverted: 255 is no ink. */
function toRgbOf({ frame: { components }, adobeTransform }: ReadJpeg): ToRgb {
  if (components.length === 1) return ([grey], rgb) => rgb.fill(grey);
  if (components.length === 3) {
    const isRgb = adobeTransform === undefined ? isNamedRgb(components) : adobeTransform === 0;
    return isRgb ? (samples, rgb) => rgb.set(samples) : fromYcc;
  }
  const isYcc = adobeTransform === 2;
  return (samples, rgb) => {
    const black = samples[3];
    if (isYcc) {
      // Of the inverted picture: what is left of white.
      fromYcc(samples, rgb);
      for (let channel = 0; channel < 3; channel++) rgb[channel] = ((255 - rgb[channel]) * black) / 255;
    } else {
      for (let channel = 0; channel < 3; channel++) rgb[channel] = (samples[channel] * black) / 255;
    }
  };
}

/** JFIF 1.02, section 7. */
function fromYcc([brightness, blueness, redness]: readonly number[], rgb: Uint8ClampedArray): void {
  rgb[0] = brightness + 1.402 * (redness - 128);
  rgb[1] = brightness - 0.344136 * (blueness - 128) - 0.714136 * (redness - 128);
  rgb[2] = brightness + 1.772 * (blueness - 128);
}
