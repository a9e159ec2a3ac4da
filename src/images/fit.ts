/** Turns a picture into the input of a network: `side` × `side` grey levels. docs/images.md explains it to users. */
import { drawingOf } from './drawing.js';
import type { GreyImage } from './grey-image.js';
import { inkOf } from './ink.js';
import { resample, type Region } from './resample.js';
import { widenedStrokes } from './stroke-width.js';

/** How a picture becomes an input: shaped like a digit of MNIST, or only scaled. */
export type Fit = 'digit' | 'stretch';

/** A larger picture is scaled down first. This averages its noise, so that no stray pixel extends the drawing. */
const maxSide = 512;

/** (side, side), 0 to 255: the whole picture. It is distorted unless it is square. */
export function stretch(image: GreyImage, side: number): Float32Array {
  return resample(whole(image), { width: side, height: side });
}

function whole({ width, height, grey }: GreyImage): Region {
  return { pixels: grey, width, height, first: 0, stride: width };
}

/**
 * (side, side), 0 to 255, made like MNIST (http://yann.lecun.com/exdb/mnist/): white on black, with the drawing scaled
 * to a box of 20 of 28 pixels and its centre of mass in the middle. All black if nothing is drawn.
 */
export function fitDigit(picture: GreyImage, side: number): Float32Array {
  const image = scaledDown(picture);
  const input = new Float32Array(side * side);
  const ink = inkOf(image);
  const drawing = ink && drawingOf(ink);
  if (!ink || !drawing) return input;

  const found = boxOf(drawing, image.width, ink.least);
  const box = widenedStrokes(found, ink.least) ?? found;
  const scale = Math.round((side * 20) / 28) / Math.max(box.width, box.height);
  const width = Math.max(1, Math.round(box.width * scale));
  const height = Math.max(1, Math.round(box.height * scale));
  const digit = resample(box, { width, height });

  const centre = centreOfMass(digit, width);
  const left = startAround(centre.x, width, side);
  const top = startAround(centre.y, height, side);
  for (let row = 0; row < height; row++) {
    input.set(digit.subarray(row * width, (row + 1) * width), (top + row) * side + left);
  }
  return input;
}

function scaledDown(image: GreyImage): GreyImage {
  const scale = maxSide / Math.max(image.width, image.height);
  if (scale >= 1) return image;
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  const pixels = resample(whole(image), { width, height });
  return { width, height, grey: Uint8Array.from(pixels, Math.round) };
}

/** The smallest box around the drawing. It is not empty, because a drawing has such ink. */
function boxOf(ink: Uint8Array, width: number, least: number): Region {
  let [left, right, top, bottom] = [width, 0, Infinity, 0];
  for (let at = 0; at < ink.length; at++) {
    if (ink[at] < least) continue;
    const column = at % width;
    const row = (at - column) / width;
    left = Math.min(left, column);
    right = Math.max(right, column);
    top = Math.min(top, row);
    bottom = row;
  }
  const first = top * width + left;
  return { pixels: ink, first, stride: width, width: right - left + 1, height: bottom - top + 1 };
}

function centreOfMass(pixels: Float32Array, width: number): { x: number; y: number } {
  let [mass, x, y] = [0, 0, 0];
  for (let at = 0; at < pixels.length; at++) {
    mass += pixels[at];
    x += pixels[at] * (at % width);
    y += pixels[at] * Math.floor(at / width);
  }
  return { x: x / mass, y: y / mass };
}

/** The start of a line of `length` pixels that puts its centre at pixel side / 2, or as close to it as fits. */
function startAround(centre: number, length: number, side: number): number {
  return Math.min(Math.max(Math.round(side / 2 - centre), 0), side - length);
}
