import { describe, expect, test } from 'vitest';
import { scheduleFactor, type Schedule } from '../../../src/model/network/schedules.js';
import { expectClose } from '../engines/close.js';

const factorsOf = (schedule: Schedule, steps: number): number[] =>
  Array.from({ length: steps }, (_, step) => scheduleFactor(schedule, step, steps));

// By torch.optim.lr_scheduler of torch 2.13 in float64, for a learning rate of 1: the rate at each step of the run.
const cases: { name: string; schedule: Schedule; factors: number[] }[] = [
  {
    name: 'CosineAnnealingLR(T_max=10)',
    schedule: { type: 'cosine', warmup: 0 },
    factors: [
      1, 0.9755282581475768, 0.9045084971874737, 0.7938926261462366, 0.6545084971874737, 0.5,
      0.34549150281252633, 0.2061073738537635, 0.09549150281252633, 0.024471741852423234,
    ],
  },
  {
    name: 'OneCycleLR(total_steps=10) with its defaults',
    schedule: { type: 'one_cycle', warmup: 0.3 },
    factors: [
      0.04, 0.52, 1, 0.9504846320134737, 0.8117456539497631, 0.6112620219362893, 0.38874197806371075,
      0.18825834605023697, 0.049519367986526286, 4e-6,
    ],
  },
  {
    name: 'OneCycleLR(total_steps=13, pct_start=0.25), whose peak lies between two steps',
    schedule: { type: 'one_cycle', warmup: 0.25 },
    factors: [
      0.04, 0.43664887471987335, 0.9710524579772359, 0.9854709668293912, 0.9225953523917263,
      0.8162234229069374, 0.6773037343114937, 0.5201348895228274, 0.36089382447670154, 0.2159707627639156,
      0.10028221718377633, 0.025735676099311156, 4e-6,
    ],
  },
  {
    name: 'StepLR(step_size=3, gamma=0.5)',
    schedule: { type: 'step', warmup: 0, every: 0.3, factor: 0.5 },
    factors: [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125],
  },
  {
    name: 'LinearLR(start_factor=1/4, total_iters=3), and after 4 steps CosineAnnealingLR(T_max=8)',
    schedule: { type: 'cosine', warmup: 1 / 3 },
    factors: [
      0.25, 0.5, 0.75, 1, 1, 0.9619397662556434, 0.8535533905932737, 0.6913417161825449, 0.5,
      0.30865828381745514, 0.14644660940672627, 0.03806023374435664,
    ],
  },
  {
    name: 'LinearLR(start_factor=1/2, total_iters=1), ConstantLR, and after 6 steps CosineAnnealingLR(T_max=4)',
    schedule: { type: 'flat_cosine', warmup: 0.2, flat: 0.6 },
    factors: [0.5, 1, 1, 1, 1, 1, 1, 0.8535533905932737, 0.5, 0.14644660940672627],
  },
];

describe.each(cases)('the schedule of PyTorch’s $name', ({ schedule, factors }) => {
  test('has PyTorch’s factors', () => {
    // Cosines and sums of numbers up to 1, in another order.
    expectClose('factors', factorsOf(schedule, factors.length), factors, {
      absolute: 1e-15,
      relative: 1e-14,
    });
  });
});

test('a constant schedule warms up and then stays', () => {
  expect(factorsOf({ type: 'constant', warmup: 0 }, 3)).toEqual([1, 1, 1]);
  expect(factorsOf({ type: 'constant', warmup: 0.5 }, 8)).toEqual([0.25, 0.5, 0.75, 1, 1, 1, 1, 1]);
});

test('a warm-up comes before the steps of a step schedule, which count from the run’s begin', () => {
  const factors = factorsOf({ type: 'step', warmup: 0.2, every: 0.4, factor: 0.1 }, 10);
  expectClose('factors', factors, [0.5, 1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.01, 0.01], {
    absolute: 1e-15,
    relative: 0,
  });
});

test('a warm-up that is longer than what is flat comes before the cosine', () => {
  expect(factorsOf({ type: 'flat_cosine', warmup: 0.5, flat: 0.25 }, 4).slice(0, 3)).toEqual([0.5, 1, 1]);
});

const all: Schedule[] = [
  { type: 'constant', warmup: 0.1 },
  { type: 'cosine', warmup: 0.1 },
  { type: 'one_cycle', warmup: 0.3 },
  { type: 'flat_cosine', warmup: 0.03, flat: 0.7 },
  { type: 'step', warmup: 0, every: 0.3, factor: 0.1 },
];

test.each(all)('every factor is a number from 0 to 1, in runs of any length: $type', (schedule) => {
  for (const steps of [1, 2, 3, 7, 100, 12_345]) {
    const factors = factorsOf(schedule, steps);
    expect(factors.every((factor) => factor >= 0 && factor <= 1)).toBe(true);
  }
});
