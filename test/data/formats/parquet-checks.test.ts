/** What a page states about itself, before hyparquet believes it. */
import { expect, test } from 'vitest';
import { checkDeltas } from '../../../src/data/formats/parquet-checks.js';

const viewOf = (...bytes: number[]): DataView => new DataView(Uint8Array.from(bytes).buffer);

test('a block of deltas has 128 values in four miniblocks, here of no bits: they are counted to the end', () => {
  const [block, miniblocks, count, first, least] = [[0x80, 0x01], 4, 5, 0, 2];
  const view = viewOf(...block, miniblocks, count, first, least, 0, 0, 0, 0, 99);
  expect(checkDeltas(view, 0, 5)).toEqual({ count: 5, end: 10 });
});

test('a block whose size is negative in 32 bits is refused, and not read for ever', () => {
  const minusEight = [0xf8, 0xff, 0xff, 0xff, 0x0f];
  const view = viewOf(...minusEight, 1, 34, 0, 1, 16, 0, 0, 0, 0);
  expect(() => checkDeltas(view, 0, 34)).toThrow('a page of deltas in it does not make sense');
});
