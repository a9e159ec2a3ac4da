/** Which of a picture's ink is the drawing: the large connected parts, without specks, dust and the lines of the paper. */
import type { Ink } from './ink.js';
import { withoutLines } from './ruled-lines.js';

/** A part with less of the ink of the largest one is a speck, … */
const leastShare = 0.08;
/** … or with less than this where it is close to the largest, as a piece of a stroke that is interrupted is. */
const leastShareNearby = 0.03;
/** Close: within this part of the longer side of the largest part's box. */
const nearby = 0.12;

/** A drawing has more pixels than this. */
const leastPixels = 3;

interface Part {
  ink: number;
  pixels: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** (height, width) The ink of the drawing alone; null: there is none. */
export function drawingOf(whole: Ink): Uint8Array | null {
  const cleaned = withoutLines(whole);
  // A drawing that fills its picture may have strokes from edge to edge.
  const drawing = cleaned && drawingIn({ ...whole, ink: cleaned }, true);
  return drawing ?? drawingIn(whole, false);
}

/** @param isCleaned lines were taken out: what is left must not reach an edge, or the lines were part of it */
function drawingIn(picture: Ink, isCleaned: boolean): Uint8Array | null {
  const { width, height, ink, isNoisy } = picture;
  const { labels, parts } = partsOf(picture);
  const largest = parts.reduce<Part | null>(
    (most, part) => (most && most.ink >= part.ink ? most : part),
    null,
  );
  if (largest === null || (isNoisy && largest.pixels <= leastPixels)) return null;
  const isKept = parts.map((part) => belongsTo(largest, part));
  if (isCleaned && parts.some((part, index) => isKept[index] && reachesEdge(part, width, height)))
    return null;
  if (!isCleaned && !isNoisy && isKept.every(Boolean)) return ink;
  return ink.map((level, at) => (level > 0 && isBesideKept(labels, isKept, at, width, height) ? level : 0));
}

function belongsTo(largest: Part, part: Part): boolean {
  const share = part.ink / largest.ink;
  if (share >= leastShare) return true;
  if (share < leastShareNearby) return false;
  const reach = nearby * Math.max(largest.right - largest.left, largest.bottom - largest.top);
  const apart = Math.max(
    part.left - largest.right,
    largest.left - part.right,
    part.top - largest.bottom,
    largest.top - part.bottom,
  );
  return apart <= reach;
}

/** Or almost: where a line was taken out, the stroke that ended on it is a little shorter. */
function reachesEdge({ left, right, top, bottom }: Part, width: number, height: number): boolean {
  const margin = 0.04 * Math.max(width, height);
  return left <= margin || right >= width - margin || top <= margin || bottom >= height - margin;
}

/** Whether the pixel or one of its neighbours is in a part that is kept: the soft edge of a stroke is below the least ink. */
function isBesideKept(
  labels: Int32Array,
  isKept: readonly boolean[],
  at: number,
  width: number,
  height: number,
): boolean {
  const column = at % width;
  const row = (at - column) / width;
  for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y++) {
    for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x++) {
      const label = labels[y * width + x];
      if (label >= 0 && isKept[label]) return true;
    }
  }
  return false;
}

/** The connected parts, neighbours by edge or corner, and (height, width) the part of each pixel; -1: of none. */
function partsOf({ width, height, ink, least }: Ink): { labels: Int32Array; parts: Part[] } {
  const labels = new Int32Array(ink.length).fill(-1);
  const waiting = new Int32Array(ink.length);
  const parts: Part[] = [];
  for (let seed = 0; seed < ink.length; seed++) {
    if (ink[seed] < least || labels[seed] >= 0) continue;
    const part: Part = { ink: 0, pixels: 0, left: width, right: 0, top: height, bottom: 0 };
    let count = 0;
    waiting[count++] = seed;
    labels[seed] = parts.length;
    while (count > 0) {
      const at = waiting[--count];
      const column = at % width;
      const row = (at - column) / width;
      part.ink += ink[at];
      part.pixels++;
      part.left = Math.min(part.left, column);
      part.right = Math.max(part.right, column + 1);
      part.top = Math.min(part.top, row);
      part.bottom = Math.max(part.bottom, row + 1);
      for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y++) {
        for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x++) {
          const next = y * width + x;
          if (ink[next] < least || labels[next] >= 0) continue;
          labels[next] = parts.length;
          waiting[count++] = next;
        }
      }
    }
    parts.push(part);
  }
  return { labels, parts };
}
