import { expect, test } from 'vitest';
import { checkData } from '../../../src/model/engines/check-data.js';
import type { Samples } from '../../../src/model/engines/engine.js';

const network = { inputs: 2, hidden: [], outputs: 3 };
const good: Samples = {
  count: 2,
  width: 2,
  inputs: Uint8Array.of(1, 2, 3, 4),
  labels: Uint8Array.of(0, 2),
};

test('data that fits is accepted', () => {
  expect(() => checkData(network, { train: good, test: good })).not.toThrow();
});

test.each<[string, Partial<Samples>, string]>([
  ['no samples', { count: 0, inputs: new Uint8Array(), labels: new Uint8Array() }, 'has no samples'],
  ['another width', { width: 4, count: 1 }, 'is 4 wide, the network takes 2'],
  ['too few inputs', { inputs: Uint8Array.of(1, 2, 3) }, 'has 3 bytes of inputs, not 2 × 2'],
  ['too few labels', { labels: Uint8Array.of(0) }, 'has 1 labels for 2 samples'],
  ['an unknown label', { labels: Uint8Array.of(0, 3) }, 'has the label 3, the network 3 classes'],
])('a split with %s is refused', (_, change, problem) => {
  const bad = { ...good, ...change };
  expect(() => checkData(network, { train: bad, test: good })).toThrow(`The train split ${problem}.`);
  expect(() => checkData(network, { train: good, test: bad })).toThrow(
    expect.objectContaining({ code: 'DATASET_CORRUPT', message: `The test split ${problem}.` }),
  );
});
