/** Fits a kept picture to the input of a network. */
import type { PictureFit, PictureInput } from '../lib/picture-input.js';
import { fitDigit } from './fit.js';
import { luma, type Size } from './grey-image.js';
import { planeOf, scaledPlane, type Picture } from './picture.js';
import { resample } from './resample.js';

/** (channels, height, width), bytes. */
export function fitPicture(picture: Picture, input: PictureInput): Uint8Array {
  const { width, height, channels, fit } = input;
  const fitted = new Uint8Array(channels * width * height);
  planesIn(picture, channels).forEach((plane, channel) => {
    fitted.set(fitPlane(plane, picture, input, fit), channel * width * height);
  });
  return fitted;
}

/** As many planes as the network takes. */
function planesIn(picture: Picture, channels: 1 | 3): Uint8Array[] {
  const planes = Array.from({ length: picture.channels }, (_, channel) => planeOf(picture, channel));
  if (planes.length === channels) return planes;
  const [red, green, blue] = planes;
  if (channels === 3) return [red, red, red];
  return [red.map((level, at) => Math.round(luma(level, green[at], blue[at])))];
}

/** `plane` (from.height, from.width) → (to.height, to.width) */
function fitPlane(plane: Uint8Array, from: Size, to: Size, fit: PictureFit): Uint8Array {
  switch (fit) {
    case 'stretch':
      return scaledPlane(plane, from, to);
    case 'cover':
      return covering(plane, from, to);
    case 'contain':
      return contained(plane, from, to);
    case 'digit':
      return Uint8Array.from(fitDigit({ ...from, grey: plane }, to.width), Math.round);
  }
}

/** The largest part in the middle that has the proportions of the input. */
function covering(plane: Uint8Array, from: Size, to: Size): Uint8Array {
  const scale = Math.min(from.width / to.width, from.height / to.height);
  const width = Math.max(1, Math.round(to.width * scale));
  const height = Math.max(1, Math.round(to.height * scale));
  const [left, top] = [Math.floor((from.width - width) / 2), Math.floor((from.height - height) / 2)];
  const region = { pixels: plane, width, height, first: top * from.width + left, stride: from.width };
  return Uint8Array.from(resample(region, to), Math.round);
}

/** The whole picture, in the middle of the mean level of its border. */
function contained(plane: Uint8Array, from: Size, to: Size): Uint8Array {
  const scale = Math.min(to.width / from.width, to.height / from.height);
  const width = Math.min(to.width, Math.max(1, Math.round(from.width * scale)));
  const height = Math.min(to.height, Math.max(1, Math.round(from.height * scale)));
  const inside = scaledPlane(plane, from, { width, height });
  const fitted = new Uint8Array(to.width * to.height).fill(borderLevel(plane, from));
  const [left, top] = [Math.floor((to.width - width) / 2), Math.floor((to.height - height) / 2)];
  for (let row = 0; row < height; row++) {
    fitted.set(inside.subarray(row * width, (row + 1) * width), (top + row) * to.width + left);
  }
  return fitted;
}

function borderLevel(plane: Uint8Array, { width, height }: Size): number {
  let [sum, count] = [0, 0];
  for (let at = 0; at < plane.length; at++) {
    const column = at % width;
    const row = (at - column) / width;
    if (column > 0 && column < width - 1 && row > 0 && row < height - 1) continue;
    sum += plane[at];
    count++;
  }
  return Math.round(sum / count);
}
