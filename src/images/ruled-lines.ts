/**
 * Takes the lines of ruled paper out of a picture's ink: thin lines from edge to edge, level or upright. Where a stroke
 * crosses a line, the ink goes on beyond it, and stays.
 */
import type { Ink } from './ink.js';

/** A line covers this part of the picture's width. */
const leastCover = 0.85;

/** A line is at most this part of the picture's other side thick, and at least one pixel. */
const mostThickness = 0.035;

/** The ink without lines; null: it has none. */
export function withoutLines({ width, height, ink, least }: Ink): Uint8Array | null {
  const level = linesOf(ink, least, { lines: height, length: width, across: width, along: 1 });
  const upright = linesOf(ink, least, { lines: width, length: height, across: 1, along: width });
  if (level.length + upright.length === 0) return null;
  const cleaned = ink.slice();
  for (const line of level) {
    eraseLine(ink, cleaned, least, line, { lines: height, length: width, across: width, along: 1 });
  }
  for (const line of upright) {
    eraseLine(ink, cleaned, least, line, { lines: width, length: height, across: 1, along: width });
  }
  return cleaned;
}

/** How a picture is walked through: pixel (line, place) is at line · across + place · along. */
interface Walk {
  lines: number;
  length: number;
  across: number;
  along: number;
}

interface Line {
  first: number;
  /** After the last row or column of it. */
  end: number;
}

function linesOf(ink: Uint8Array, least: number, { lines, length, across, along }: Walk): Line[] {
  const isCovered = Array.from({ length: lines }, (_, line) => {
    let covered = 0;
    for (let place = 0; place < length; place++) if (ink[line * across + place * along] >= least) covered++;
    return covered >= leastCover * length;
  });
  const most = Math.max(1, Math.ceil(mostThickness * lines));
  const found: Line[] = [];
  for (let line = 0; line < lines; line++) {
    if (!isCovered[line]) continue;
    const first = line;
    while (line < lines && isCovered[line]) line++;
    if (line - first <= most) found.push({ first, end: line });
  }
  return found;
}

/** Ink at both sides of the line, or much more on one side than a soft edge has, is a stroke. */
function eraseLine(
  ink: Uint8Array,
  cleaned: Uint8Array,
  least: number,
  { first, end }: Line,
  { lines, length, across, along }: Walk,
): void {
  // The soft edges of the line are erased with it.
  const from = Math.max(0, first - 1);
  const to = Math.min(lines, end + 1);
  const beyond = 2;
  for (let place = 0; place < length; place++) {
    const isInk = (line: number): boolean =>
      line >= 0 && line < lines && ink[line * across + place * along] >= least;
    let above = 0;
    let below = 0;
    for (let step = 0; step < beyond; step++) {
      if (isInk(from - 1 - step)) above++;
      if (isInk(to + step)) below++;
    }
    if (above + below >= beyond) continue;
    for (let line = from; line < to; line++) cleaned[line * across + place * along] = 0;
  }
}
