/** A picture made the input of a network that takes `side` × `side` grey levels. docs/images.md says it for users. */
import type { GreyImage } from './grey-image.js';
import { resample, type Region } from './resample.js';

/** How a picture becomes an input: made like a digit of MNIST, or only scaled. */
export type Fit = 'digit' | 'stretch';

/** A page whose darkest and lightest grey are closer than this is blank: paper and cameras vary by less. */
const faintest = 32;

/** Of 255: what is fainter is none of the drawing, but what JPEG, scanners and uneven light put around it. */
const drawnFrom = 32;

/** A larger picture is made smaller first: its noise averages out, and no stray pixel says where the drawing ends. */
const longestSide = 512;

/** (side, side), 0 to 255: the whole picture, its proportions lost where it is no square. */
export function stretch(image: GreyImage, side: number): Float32Array {
  return resample(whole(image), { width: side, height: side });
}

function whole({ width, height, grey }: GreyImage): Region {
  return { pixels: grey, width, height, first: 0, stride: width };
}

/**
 * (side, side), 0 to 255, as MNIST has it (http://yann.lecun.com/exdb/mnist/): white on black, the drawing scaled to fit
 * a box of 20 of 28 pixels and put with its centre of mass in the middle. All black when nothing is drawn.
 */
export function fitDigit(picture: GreyImage, side: number): Float32Array {
  const image = reduced(picture);
  const input = new Float32Array(side * side);
  const ink = inkOf(image);
  if (ink === undefined) return input;

  const box = boxOf(ink, image.width);
  const scale = Math.round((side * 20) / 28) / Math.max(box.width, box.height);
  const width = Math.max(1, Math.round(box.width * scale));
  const height = Math.max(1, Math.round(box.height * scale));
  const digit = resample(box, { width, height });

  const centre = centreOfMass(digit, width);
  const left = placed(centre.x, width, side);
  const top = placed(centre.y, height, side);
  for (let row = 0; row < height; row++) {
    input.set(digit.subarray(row * width, (row + 1) * width), (top + row) * side + left);
  }
  return input;
}

function reduced(image: GreyImage): GreyImage {
  const scale = longestSide / Math.max(image.width, image.height);
  if (scale >= 1) return image;
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  const pixels = resample(whole(image), { width, height });
  return { width, height, grey: Uint8Array.from(pixels, Math.round) };
}

/** (height, width): 0 for the background, 255 for what differs from it most; nothing where all is background. */
function inkOf({ width, height, grey }: GreyImage): Uint8Array | undefined {
  const background = medianOfBorder(grey, width, height);
  const isLight = background > 127;
  let extreme = background;
  for (const level of grey) {
    if (isLight ? level < extreme : level > extreme) extreme = level;
  }
  const span = extreme - background;
  if (Math.abs(span) < faintest) return undefined;
  // Of each grey level: what is on the other side of the background is no ink.
  const inkOfLevel = Uint8Array.from({ length: 256 }, (_, level) =>
    Math.max(0, Math.round(((level - background) / span) * 255)),
  );
  return grey.map((level) => inkOfLevel[level]);
}

function medianOfBorder(grey: Uint8Array, width: number, height: number): number {
  const rows = [grey.subarray(0, width), grey.subarray((height - 1) * width)];
  const border = rows.flatMap((row) => [...row]);
  for (let row = 1; row < height - 1; row++) border.push(grey[row * width], grey[(row + 1) * width - 1]);
  return Uint8Array.from(border).sort()[border.length >> 1];
}

/** What is drawn, and as little around it as can be. There is something: the darkest ink is 255. */
function boxOf(ink: Uint8Array, width: number): Region {
  let [left, right, top, bottom] = [width, 0, Infinity, 0];
  for (let at = 0; at < ink.length; at++) {
    if (ink[at] < drawnFrom) continue;
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

/** Where a line of `length` pixels begins for its centre to be pixel side / 2, as near to it as it stays inside. */
function placed(centre: number, length: number, side: number): number {
  return Math.min(Math.max(Math.round(side / 2 - centre), 0), side - length);
}
