/** What a page states about itself, before hyparquet believes it. */
import { expect, test } from 'vitest';
import { checkDeltas, checkRuns, countPresent } from '../../../src/data/formats/parquet-checks.js';

const viewOf = (...bytes: number[]): DataView => new DataView(Uint8Array.from(bytes).buffer);

test('a block of deltas has 128 values in four miniblocks, here of no bits: they are counted to the end', () => {
  const [block, miniblocks, count, first, least] = [[0x80, 0x01], 4, 5, 0, 2];
  const view = viewOf(...block, miniblocks, count, first, least, 0, 0, 0, 0, 99);
  expect(checkDeltas(view, 0, 5)).toBe(10);
});

test('a block whose size is negative in 32 bits is refused, and not read for ever', () => {
  const minusEight = [0xf8, 0xff, 0xff, 0xff, 0x0f];
  const view = viewOf(...minusEight, 1, 34, 0, 1, 16, 0, 0, 0, 0);
  expect(() => checkDeltas(view, 0, 34)).toThrow('a page of deltas in it does not make sense');
});

test('cells that are there are counted in repeated and in packed levels', () => {
  const [fiveThere, packedEight] = [
    [5 << 1, 1],
    [(1 << 1) | 1, 0b1010_0110],
  ];
  const view = viewOf(...fiveThere, ...packedEight);
  expect(countPresent(view, 0, 4, 13)).toBe(9);
  // The last group of eight is filled up.
  expect(countPresent(view, 0, 4, 10)).toBe(7);
});

test('levels that end before the last row are refused: what follows them is not read as levels', () => {
  const view = viewOf(2 << 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f, 1);
  expect(() => countPresent(view, 0, 2, 3)).toThrow('a page in it is too short');
  expect(() => checkRuns(view, 0, 2, 8, 3)).toThrow('a page in it is too short');
});

test('deltas that are fewer than the cells are refused', () => {
  const view = viewOf(0x80, 0x01, 4, 5, 0, 2, 0, 0, 0, 0, 99);
  expect(() => checkDeltas(view, 0, 6)).toThrow('a page of deltas in it does not make sense');
});
