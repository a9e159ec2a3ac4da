/** A batch of numbers in an engine's memory: samples as rows, units as columns. */
import { roundUp, type Layout } from './layout.js';

/** In both of the blocked layouts, as lists of what differs from a background, or in some of these. */
export interface BatchMatrix {
  width: number;
  /** In quads: the width, rounded up. */
  columns: number;
  /** (width / 8, rows, 8); 0 where it is not kept. */
  panels: number;
  quads: number;
  /** As kernels/differences.ts has them; 0 where there are none. */
  entries: number;
  counts: number;
}

/** As what it is kept. */
export interface Kept {
  panels?: boolean;
  quads?: boolean;
  lists?: boolean;
}

/** Of a list's columns, and so of a sparse layer's weights, worked on at a time; as kernels/differences.ts has it. */
export const inputsOfPiece = 256;

/** Room for `rows` rows, a multiple of 4. */
export function planBatchMatrix(layout: Layout, width: number, rows: number, kept: Kept): BatchMatrix {
  const columns = roundUp(width, 8);
  const lists = Math.ceil(width / inputsOfPiece) * rows;
  return {
    width,
    columns,
    panels: kept.panels ? layout.floats(columns * rows) : 0,
    quads: kept.quads ? layout.floats(columns * rows) : 0,
    entries: kept.lists ? layout.bytes(8 * inputsOfPiece * lists) : 0,
    counts: kept.lists ? layout.bytes(4 * lists) : 0,
  };
}
