import { describe, expect, test } from 'vitest';
import { rungBounds, rungEpochs } from '../../../src/jobs/search/rungs.js';

const earlyStop = { min_epochs: 2, factor: 3 };

test('rungs grow by the factor and lie before the last epoch', () => {
  expect(rungEpochs(earlyStop, 54)).toEqual([2, 6, 18]);
  expect(rungEpochs(earlyStop, 55)).toEqual([2, 6, 18, 54]);
  expect(rungEpochs(earlyStop, 2)).toEqual([]);
});

describe('the bounds of a trial', () => {
  const at = (epochs: number, figure: number) => Array.from({ length: epochs }, () => figure);

  test('are missing at a rung that fewer trials than the factor have reached', () => {
    const curves = [at(9, 1), at(9, 2), at(2, 3)];
    expect(rungBounds({ earlyStop, goal: 'minimize', maxEpochs: 10, curves })).toEqual([
      { epoch: 2, bound: 1 },
    ]);
  });

  test('let one in so many trials go on', () => {
    const curves = [6, 2, 9, 4, 1, 8, 3].map((figure) => at(2, figure));
    const trial = { earlyStop, maxEpochs: 10, curves };
    expect(rungBounds({ ...trial, goal: 'minimize' })).toEqual([{ epoch: 2, bound: 2 }]);
    expect(rungBounds({ ...trial, goal: 'maximize' })).toEqual([{ epoch: 2, bound: 8 }]);
  });

  test('count the best figure until the rung, and no later one', () => {
    const curves = [
      [0.5, 0.9, 0.1, 0.1],
      [0.8, 0.6, 0.1, 0.1],
      [null, 0.7, 0.1, 0.1],
    ];
    expect(rungBounds({ earlyStop, goal: 'minimize', maxEpochs: 10, curves })).toEqual([
      { epoch: 2, bound: 0.5 },
    ]);
    expect(rungBounds({ earlyStop, goal: 'maximize', maxEpochs: 10, curves })).toEqual([
      { epoch: 2, bound: 0.9 },
    ]);
  });

  test('ignore trials without a figure', () => {
    const curves = [at(2, 1), at(2, 2), [null, null]];
    expect(rungBounds({ earlyStop, goal: 'minimize', maxEpochs: 10, curves })).toEqual([]);
  });
});
