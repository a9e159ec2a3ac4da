/** What a kernel is: the text of a shader, the buffers that it uses, and how many workgroups it needs. */
import { control, type BufferSet } from './bindings.js';

export interface Kernel {
  name: string;
  code: string;
  buffers: BufferSet;
  /** The workgroups for a batch, or a part of a split, of so many rows. */
  grid(rows: number): [x: number, y: number];
}

/** A tile of this many workgroups keeps most GPUs busy. */
const enoughWorkgroups = 128;

const halfOfMostSamples = 32_768;

/** The workgroups of a kernel that has one for each sample. WebGPU grants 65,535 in a row, and a batch may have one more. */
export function gridOfSamples(count: number): [x: number, y: number] {
  return count > 65_535 ? [halfOfMostSamples, 2] : [count, 1];
}

/** The sample of a workgroup in that grid: its row in the batch, its place in the order, and what the order says of it. */
export const sampleOfWorkgroup = `
  let row = workgroup.x + workgroup.y * ${halfOfMostSamples}u;
  let place = seen[${control.current}] + row;
  let sample = order[place].x;
  let share = bitcast<f32>(order[place].y);`;

/** How many rows a tile has: the most that leave enough tiles for the whole GPU. */
export function rowsOfTile(batchSize: number, tilesAcross: number): number {
  return (
    [32, 16].find((rows) => batchSize % rows === 0 && (batchSize / rows) * tilesAcross >= enoughWorkgroups) ??
    8
  );
}

/**
 * `for` over the vectors from `slice` on in strides of `stride`, below `end`. On a GPU a load takes far longer than what is
 * done with it, so some turns are loaded before any is used. `load(suffix, vector)` and `use(suffix)` give statements.
 */
export function loadAhead(
  { slice, stride, end, ahead }: { slice: string; stride: number; end: number; ahead: number },
  load: (suffix: string, vector: string) => string,
  use: (suffix: string) => string,
): string {
  const turns = Array.from({ length: ahead }, (_, turn) => turn);
  const together =
    ahead < 2
      ? ''
      : `for (; v + ${(ahead - 1) * stride}u < ${end}u; v += ${ahead * stride}u) {
    ${turns.map((turn) => load(`${turn}`, `v + ${turn * stride}u`)).join('\n    ')}
    ${turns.map((turn) => use(`${turn}`)).join('\n    ')}
  }
  `;
  return `var v = ${slice};
  ${together}for (; v < ${end}u; v += ${stride}u) {
    ${load('', 'v')}
    ${use('')}
  }`;
}
