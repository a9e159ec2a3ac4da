/**
 * A picture in colour or grey, small enough to keep: what datasets store and predictions fit. Both go through here, so that a
 * network is asked with the bits that it has learned from.
 */
import { mostPictureSide } from '../lib/picture-input.js';
import { upright } from './exif.js';
import type { Size } from './grey-image.js';
import { resample } from './resample.js';

/** Planes of bytes: (channels, height, width). */
export interface Picture extends Size {
  /** 1: grey. 3: red, green, blue. */
  channels: 1 | 3;
  pixels: Uint8Array;
}

/** The plane of one channel: (height, width). */
export function planeOf(
  { width, height, pixels }: Size & Pick<Picture, 'pixels'>,
  channel: number,
): Uint8Array {
  return pixels.subarray(channel * width * height, (channel + 1) * width * height);
}

/** Turned upright, at most `mostPictureSide` pixels on a side, and grey where it has no colour. */
export function keptPicture(picture: Picture, orientation: number): Picture {
  const { width, height, channels } = picture;
  const scale = Math.min(1, mostPictureSide / Math.max(width, height));
  const to = {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
  const planes = Array.from({ length: channels }, (_, channel) => {
    const plane = scaledPlane(planeOf(picture, channel), picture, to);
    return upright({ ...to, grey: plane }, orientation);
  });
  const kept = hasColour(planes.map(({ grey }) => grey)) ? planes : planes.slice(0, 1);
  const size = to.width * to.height;
  const pixels = new Uint8Array(kept.length * size);
  kept.forEach(({ grey }, channel) => pixels.set(grey, channel * size));
  return {
    width: planes[0].width,
    height: planes[0].height,
    channels: kept.length === 3 ? 3 : 1,
    pixels,
  };
}

/** `plane` (from.height, from.width) → (to.height, to.width) */
export function scaledPlane(plane: Uint8Array, from: Size, to: Size): Uint8Array {
  if (from.width === to.width && from.height === to.height) return plane;
  const { width, height } = from;
  return Uint8Array.from(resample({ pixels: plane, width, height, first: 0, stride: width }, to), Math.round);
}

function hasColour([red, green, blue]: readonly (Uint8Array | undefined)[]): boolean {
  if (red === undefined || green === undefined || blue === undefined) return false;
  return red.some((level, at) => level !== green[at] || level !== blue[at]);
}
