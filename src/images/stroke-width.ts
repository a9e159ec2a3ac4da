/** Makes strokes that are too thin for the network's few pixels as wide as a pen of MNIST draws them. */
import type { Region } from './resample.js';

/** Of the longer side of the drawing: thinner strokes are widened … */
const thin = 0.06;
/** … to this. MNIST's are two to three pixels of 20. */
const wanted = 0.1;

/** (height, width) of the box, with strokes as wide as they must be; null: they are wide enough. */
export function widenedStrokes(box: Region, least: number): Region | null {
  const side = Math.max(box.width, box.height);
  // At the size of the network's input a pixel is a stroke.
  if (side < 40) return null;
  const width = strokeWidth(box, least);
  if (width >= thin * side) return null;
  const steps = Math.round((wanted * side - width) / 2);
  return widen(box, steps);
}

/**
 * Twice the area for each pixel of its outline: exact for a long line. Dust in a stroke is no outline, so a pixel is ink as most
 * of the nine around it are.
 */
function strokeWidth({ pixels, first, stride, width, height }: Region, least: number): number {
  const full = Math.max(least, 96);
  // (height + 2, width + 2), with an edge of 0.
  const across = width + 2;
  const dark = new Uint8Array(across * (height + 2));
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      if (pixels[first + row * stride + column] >= full) dark[(row + 1) * across + column + 1] = 1;
    }
  }
  const ink = new Uint8Array(dark.length);
  for (let row = 1; row <= height; row++) {
    for (let at = row * across + 1; at <= row * across + width; at++) {
      let around = 0;
      for (let line = at - across; line <= at + across; line += across) {
        around += dark[line - 1] + dark[line] + dark[line + 1];
      }
      if (around > 4) ink[at] = 1;
    }
  }
  let area = 0;
  let edges = 0;
  for (let at = 0; at < ink.length; at++) {
    if (ink[at] === 0) continue;
    area++;
    edges += 4 - ink[at - 1] - ink[at + 1] - ink[at - across] - ink[at + across];
  }
  // Strokes of a single pixel have no pixel that is mostly surrounded by ink.
  return edges === 0 ? 1 : (2 * area) / edges;
}

/** Each step takes the most of the four neighbours, or of all eight, by turns: about a circle. */
function widen(box: Region, steps: number): Region {
  const width = box.width + 2 * steps;
  const height = box.height + 2 * steps;
  let pixels = new Uint8Array(width * height);
  for (let row = 0; row < box.height; row++) {
    const from = box.first + row * box.stride;
    pixels.set(box.pixels.subarray(from, from + box.width), (row + steps) * width + steps);
  }
  for (let step = 0; step < steps; step++) {
    const wider = new Uint8Array(pixels.length);
    const around =
      step % 2 === 0
        ? [-1, 1, -width, width]
        : [-1, 1, -width, width, -width - 1, -width + 1, width - 1, width + 1];
    for (let at = 0; at < pixels.length; at++) {
      let most = pixels[at];
      for (const offset of around) {
        const near = pixels[at + offset] ?? 0;
        if (near > most) most = near;
      }
      wider[at] = most;
    }
    pixels = wider;
  }
  return { pixels, width, height, first: 0, stride: width };
}
