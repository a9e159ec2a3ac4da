import { expect, test } from 'vitest';
import { nearestTo } from '../../src/lib/nearest-word.js';

const words = ['batch_size', 'epochs', 'seed', 'engine', 'priority', 'relu', 'tanh', 'rmsprop'];

test.each([
  ['epoch', 'epochs'],
  ['batchSize', 'batch_size'],
  ['batch-size', 'batch_size'],
  ['btach_size', 'batch_size'],
  ['ReLU', 'relu'],
  ['relou', 'relu'],
  ['piroirty', 'priority'],
  ['see', 'seed'],
  ['rms_prop', 'rmsprop'],
])('%s is most likely %s', (written, meant) => {
  expect(nearestTo(written, words)).toBe(meant);
});

test.each(['', 'x', 'swish', 'learning', 'sed_and_more', 'x'.repeat(1_000_000)])(
  'of %s nobody can tell',
  (written) => {
    expect(nearestTo(written, words)).toBeUndefined();
  },
);
