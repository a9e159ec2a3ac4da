import { describe, expect, test } from 'vitest';
import { propose, type Proposal } from '../../../src/jobs/search/propose.js';
import {
  parametersKey,
  searchMethods,
  type EndedTrial,
  type Parameters,
  type PendingTrial,
  type Space,
} from '../../../src/jobs/search/space.js';

const mixed = {
  rate: { min: 1e-4, max: 1, scale: 'log' },
  momentum: { min: -2, max: 2 },
  width: { min: 1, max: 512, scale: 'log', integer: true },
  layers: { min: 0, max: 4, integer: true },
  optimizer: { values: ['sgd', { name: 'adam' }, null] },
} as const satisfies Space;

const finite: Space = {
  layers: { min: 1, max: 3, integer: true },
  width: { values: [[8], [16]] },
};

/** A figure of the parameters that is 0 at best. */
function figureOf({ rate, momentum, width, layers, optimizer }: Parameters): number {
  const distances = [
    Math.log10(Number(rate)) + 2,
    Number(momentum) - 0.5,
    Math.log2(Number(width)) - 6,
    Number(layers) - 2,
  ];
  return distances.reduce((sum, distance) => sum + distance ** 2, optimizer === 'sgd' ? 1 : 0);
}

interface SearchOptions extends Partial<Proposal> {
  trials: number;
  figure?: (parameters: Parameters, trial: number) => number | null;
  parallel?: number;
}

/** The trials of a search that runs `parallel` trials at a time and ends them in their order. */
function search({ trials, figure = figureOf, parallel = 1, ...options }: SearchOptions): EndedTrial[] {
  const history: EndedTrial[] = [];
  const pending: PendingTrial[] = [];
  const fixed = { space: mixed as Space, method: 'tpe', goal: 'minimize', seed: 1, ...options } as const;
  for (let trial = 1; trial <= trials; trial++) {
    if (pending.length === parallel) {
      const [ended] = pending.splice(0, 1);
      history.push({ ...ended, value: figure(ended.parameters, ended.trial) });
    }
    const parameters = propose({ ...fixed, trial, history, pending });
    if (!parameters) break;
    pending.push({ trial, parameters });
  }
  return [
    ...history,
    ...pending.map((ended) => ({ ...ended, value: figure(ended.parameters, ended.trial) })),
  ];
}

const column = (trials: readonly EndedTrial[], path: string) =>
  trials.map(({ parameters }) => parameters[path]);
const keys = (space: Space, trials: readonly EndedTrial[]) =>
  trials.map(({ parameters }) => parametersKey(space, parameters));

describe.each(searchMethods)('%s', (method) => {
  const trials = search({ method, trials: 80 });

  test('keeps to the ranges and the values', () => {
    expect(trials).toHaveLength(80);
    for (const { parameters } of trials) {
      expect(Object.keys(parameters)).toEqual(Object.keys(mixed));
      const { rate, momentum, width, layers, optimizer } = parameters;
      expect(rate).toBeGreaterThanOrEqual(1e-4);
      expect(rate).toBeLessThanOrEqual(1);
      expect(Math.abs(Number(momentum))).toBeLessThanOrEqual(2);
      expect(Number.isInteger(width) && Number.isInteger(layers)).toBe(true);
      expect(width).toBeGreaterThanOrEqual(1);
      expect(width).toBeLessThanOrEqual(512);
      expect(layers).toBeGreaterThanOrEqual(0);
      expect(layers).toBeLessThanOrEqual(4);
      expect(mixed.optimizer.values).toContainEqual(optimizer);
    }
  });

  test('proposes the same for the same arguments, and something else for another seed', () => {
    expect(search({ method, trials: 80 })).toEqual(trials);
    expect(search({ method, trials: 80, seed: 2 })).not.toEqual(trials);
  });

  test.each([1, 4])('tries all of a finite space once, and then ends, with %i at a time', (parallel) => {
    const all = search({ method, trials: 50, space: finite, figure: (_, trial) => trial, parallel });
    expect(all).toHaveLength(6);
    expect(new Set(keys(finite, all)).size).toBe(6);
  });

  test('tries nothing twice where few values are good', () => {
    const space: Space = { a: { min: 1, max: 30, integer: true }, b: { values: [1, 2, 3] } };
    const all = search({
      method,
      trials: 60,
      space,
      parallel: 3,
      figure: ({ a, b }) => Number(a) * Number(b),
    });
    expect(new Set(keys(space, all)).size).toBe(all.length);
  });

  test('goes on after trials that failed, and where all of them fail', () => {
    const figure = (parameters: Parameters, trial: number) => (trial % 3 === 0 ? null : figureOf(parameters));
    expect(search({ method, trials: 40, figure })).toHaveLength(40);
    expect(search({ method, trials: 40, figure: () => null })).toHaveLength(40);
  });
});

describe('random', () => {
  const trials = search({ method: 'random', trials: 400 });

  test('gives each factor of a log scale, each integer and each value its share', () => {
    const share = (path: string, holds: (value: unknown) => boolean) =>
      column(trials, path).filter(holds).length / 400;
    expect(share('rate', (rate) => Number(rate) < 0.01)).toBeCloseTo(0.5, 1);
    expect(share('momentum', (momentum) => Number(momentum) < 0)).toBeCloseTo(0.5, 1);
    expect(share('layers', (layers) => layers === 0)).toBeCloseTo(0.2, 1);
    expect(share('layers', (layers) => layers === 4)).toBeCloseTo(0.2, 1);
    expect(share('width', (width) => Number(width) <= 22)).toBeCloseTo(0.5, 1);
    expect(share('optimizer', (optimizer) => optimizer === null)).toBeCloseTo(1 / 3, 1);
  });

  test('proposes by the number of the trial, whatever the trials before it gave', () => {
    const last = propose({
      space: mixed,
      method: 'random',
      goal: 'minimize',
      seed: 1,
      trial: 400,
      history: [],
      pending: [],
    });
    expect(last).toEqual(trials[399].parameters);
  });

  test('ends where a range holds no more numbers', () => {
    const space: Space = { a: { min: 1, max: 1 + Number.EPSILON } };
    expect(search({ method: 'random', trials: 10, space, figure: () => 0 })).toHaveLength(2);
  });
});

describe('grid', () => {
  test('takes five values of a range, evenly spaced on its scale', () => {
    const all = search({
      method: 'grid',
      trials: 100,
      space: { a: { min: 1e-4, max: 1, scale: 'log' } },
      figure: () => 0,
    });
    const values = column(all, 'a').map(Number);
    expect(values).toHaveLength(5);
    values.sort((a, b) => a - b).forEach((value, index) => expect(value).toBeCloseTo(10 ** (index - 4), 10));
  });

  test('takes each integer of a short range', () => {
    const space: Space = {
      a: { min: 1, max: 1000, scale: 'log', integer: true },
      b: { min: 3, max: 6, integer: true },
    };
    const all = search({ method: 'grid', trials: 100, space, figure: () => 0 });
    const distinct = (path: string) => [...new Set(column(all, path).map(Number))].sort((a, b) => a - b);
    expect(all).toHaveLength(20);
    expect(distinct('a')).toEqual([1, 6, 32, 178, 1000]);
    expect(distinct('b')).toEqual([3, 4, 5, 6]);
  });
});

describe('tpe', () => {
  const seeds = Array.from({ length: 12 }, (_, index) => index + 1);
  const bestOf = (trials: readonly EndedTrial[]) => Math.min(...trials.map(({ value }) => value ?? Infinity));

  test('is random at first', () => {
    expect(search({ method: 'tpe', trials: 10 })).toEqual(search({ method: 'random', trials: 10 }));
  });

  test.each([1, 4])('finds better parameters than a random search, %i at a time', (parallel) => {
    const medianOf = (values: number[]) => values.sort((a, b) => a - b)[values.length / 2];
    const [tpe, random] = (['tpe', 'random'] as const).map((method) =>
      medianOf(seeds.map((seed) => bestOf(search({ method, seed, trials: 60, parallel })))),
    );
    expect(tpe).toBeLessThan(random / 2);
  });

  test('looks for large figures where the goal is to maximize', () => {
    const trials = search({ trials: 60 });
    const mirrored = search({ trials: 60, goal: 'maximize', figure: (parameters) => -figureOf(parameters) });
    expect(mirrored.map(({ parameters }) => parameters)).toEqual(trials.map(({ parameters }) => parameters));
  });

  test('tries less of what fails than a random search does', () => {
    const figure = (parameters: Parameters) => (Number(parameters.rate) > 0.01 ? null : figureOf(parameters));
    const failures = (method: 'tpe' | 'random') =>
      search({ method, trials: 80, figure }).filter(({ value }) => value === null).length;
    expect(failures('tpe')).toBeLessThan(failures('random'));
  });

  test('keeps away from what runs', () => {
    const history = search({ trials: 30 });
    const next = (pending: PendingTrial[]) =>
      propose({ space: mixed, method: 'tpe', goal: 'minimize', seed: 1, trial: 40, history, pending });
    const alone = next([]);
    if (alone === null) throw new Error('There is a proposal');
    const pending = Array.from({ length: 8 }, (_, index) => ({
      trial: 31 + index,
      parameters: { ...alone, momentum: Number(alone.momentum) + index * 1e-3 },
    }));
    expect(next(pending)).not.toEqual(alone);
  });
});
