/** What is known of the pictures of a dataset once all have been read. A document: it lies beside their pixels. */
import type { PictureInput } from '../lib/picture-input.js';
import type { TableWarning } from './table-schema.js';

/** Lists by row have an item for each picture, in the order of the archive. */
export interface PictureIndex {
  format_version: 1;
  /** The classes, by index. */
  labels: string[];
  /** By row: where the picture lies in the archive, … */
  paths: string[];
  /** … its class, … */
  classes: number[];
  /** … the index in `rowSplits` of the split that the archive gives it to; null: the archive has no splits, … */
  splits: number[] | null;
  /** … and its size and channels as it is kept. */
  widths: number[];
  heights: number[];
  channels: (1 | 3)[];
  warnings: TableWarning[];
}

/** Pictures of one size that are no larger are taken as they are; others are made as large as this. */
const usual = { asTheyAre: 64, otherwise: 32 } as const;

/** The input that suits the pictures. */
export function usualInput({ widths, heights, channels }: PictureIndex): PictureInput {
  const colours = channels.includes(3) ? 3 : 1;
  const [[width], [height]] = [widths, heights];
  const areAlike = widths.every((each) => each === width) && heights.every((each) => each === height);
  const longest = Math.max(width, height);
  if (areAlike) {
    const scale = longest <= usual.asTheyAre ? 1 : usual.otherwise / longest;
    const scaled = (side: number): number => Math.max(1, Math.round(side * scale));
    return { width: scaled(width), height: scaled(height), channels: colours, fit: 'stretch' };
  }
  const sides = widths.map((each, row) => Math.max(each, heights[row] ?? 0)).sort((a, b) => a - b);
  const side = Math.min(usual.otherwise, Math.max(8, sides[Math.floor(sides.length / 2)] ?? 0));
  return { width: side, height: side, channels: colours, fit: 'cover' };
}
