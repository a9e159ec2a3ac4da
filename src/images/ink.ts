/** How much ink each pixel of a picture has, whatever the paper, the light and the noise. */
import type { GreyImage } from './grey-image.js';
import { unevenLight } from './light.js';

/** A page whose background and most different grey are closer than this is blank. Paper and cameras vary by less. */
const minContrast = 32;

/** Ink below this, of 255, is not part of the drawing. It comes from JPEG, scanners and uneven light. */
const minInk = 32;

/** Noise of a smaller standard deviation, in grey levels, is left alone. */
const leastNoise = 3;

/** Of a noisy picture this part of the pixels counts as full ink: its single darkest pixel says little. */
const fullInkPart = 0.01;

export interface Ink {
  width: number;
  height: number;
  /** (height, width): 0 for the background, 255 for what differs from it most. */
  ink: Uint8Array;
  /** Less than this is not part of the drawing. */
  least: number;
  isNoisy: boolean;
}

/** undefined: all of it is background. */
export function inkOf(image: GreyImage): Ink | undefined {
  const { width, height, grey } = image;
  const background = medianOfBorder(grey, width, height);
  const isLight = background > 127;
  const paper = unevenLight(image, isLight);
  let differences =
    paper === null ? evenDifferences(grey, background) : unevenDifferences(grey, paper, isLight);
  let noise = deviationOf(differences);
  const isNoisy = noise > leastNoise;
  if (isNoisy) {
    const times = Math.min(width, height) < 64 ? 1 : noise > 10 ? 3 : 2;
    for (let time = 0; time < times; time++) differences = smoothed(differences, width, height);
    noise = deviationOf(differences);
  }
  const most = isNoisy || paper !== null ? quantile(differences, 1 - fullInkPart) : mostOf(differences);
  if (most < minContrast) return undefined;
  const ink = new Uint8Array(differences.length);
  for (let at = 0; at < ink.length; at++) {
    ink[at] = Math.min(255, Math.max(0, Math.round((differences[at] / most) * 255)));
  }
  const least = Math.max(minInk, isNoisy ? Math.min(110, Math.round((4 * noise * 255) / most)) : 0);
  return { width, height, ink, least, isNoisy };
}

/** Levels on the other side of the background are not ink. */
function evenDifferences(grey: Uint8Array, background: number): Float32Array {
  const sign = background > 127 ? -1 : 1;
  const differences = new Float32Array(grey.length);
  for (let at = 0; at < grey.length; at++) differences[at] = sign * (grey[at] - background);
  return differences;
}

/** Paper in the shadow gives back a part of the light, and so does ink: the difference counts by that part. */
function unevenDifferences(grey: Uint8Array, paper: Float32Array, isLight: boolean): Float32Array {
  const differences = new Float32Array(grey.length);
  for (let at = 0; at < grey.length; at++) {
    const level = grey[at];
    differences[at] = isLight ? ((paper[at] - level) * 255) / Math.max(16, paper[at]) : level - paper[at];
  }
  return differences;
}

/** The standard deviation of the background, by the median of what differs little. */
function deviationOf(differences: Float32Array): number {
  const sizes = new Float32Array(differences.length);
  for (let at = 0; at < sizes.length; at++) sizes[at] = Math.abs(differences[at]);
  return 1.4826 * inOrder(sizes, sizes.length >> 1);
}

function mostOf(differences: Float32Array): number {
  let most = 0;
  for (const difference of differences) if (difference > most) most = difference;
  return most;
}

function quantile(differences: Float32Array, part: number): number {
  const place = Math.min(differences.length - 1, Math.floor(differences.length * part));
  return inOrder(differences.slice(), place);
}

/** What would be at the place if the values were sorted; their order changes (C. A. R. Hoare, Algorithm 65: Find). */
function inOrder(values: Float32Array, place: number): number {
  let [first, last] = [0, values.length - 1];
  while (first < last) {
    const middle = values[(first + last) >> 1];
    let [left, right] = [first, last];
    while (left <= right) {
      while (values[left] < middle) left++;
      while (values[right] > middle) right--;
      if (left > right) break;
      const value = values[left];
      values[left++] = values[right];
      values[right--] = value;
    }
    if (place <= right) last = right;
    else if (place >= left) first = left;
    else break;
  }
  return values[place];
}

/** Each pixel is the mean of itself and its neighbours. */
function smoothed(pixels: Float32Array, width: number, height: number): Float32Array {
  const across = new Float32Array(pixels.length);
  const out = new Float32Array(pixels.length);
  for (let at = 0; at < pixels.length; at++) {
    const column = at % width;
    const before = column > 0 ? pixels[at - 1] : pixels[at];
    const after = column < width - 1 ? pixels[at + 1] : pixels[at];
    across[at] = (before + pixels[at] + after) / 3;
  }
  for (let at = 0; at < pixels.length; at++) {
    const above = at >= width ? across[at - width] : across[at];
    const below = at < width * (height - 1) ? across[at + width] : across[at];
    out[at] = (above + across[at] + below) / 3;
  }
  return out;
}

function medianOfBorder(grey: Uint8Array, width: number, height: number): number {
  const counts = new Uint32Array(256);
  for (let column = 0; column < width; column++) {
    counts[grey[column]]++;
    counts[grey[(height - 1) * width + column]]++;
  }
  for (let row = 1; row < height - 1; row++) {
    counts[grey[row * width]]++;
    counts[grey[(row + 1) * width - 1]]++;
  }
  const middle = width + Math.max(0, height - 2);
  let level = 0;
  for (let below = counts[0]; below <= middle; below += counts[level]) level++;
  return level;
}
