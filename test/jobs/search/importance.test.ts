import { describe, expect, test } from 'vitest';
import { parameterImportance } from '../../../src/jobs/search/importance.js';
import { propose } from '../../../src/jobs/search/propose.js';
import type { EndedTrial, Goal, Parameters, SearchMethod, Space } from '../../../src/jobs/search/space.js';

const space: Space = {
  idle: { min: 0, max: 1 },
  rate: { min: 1e-4, max: 1, scale: 'log' },
  layers: { min: 1, max: 6, integer: true },
  optimizer: { values: ['adam', 'sgd', 'rmsprop'] },
};

interface SearchOptions {
  figure: (parameters: Parameters) => number | null;
  method?: SearchMethod;
  goal?: Goal;
  trials?: number;
}

function search({ figure, method = 'random', goal = 'minimize', trials = 80 }: SearchOptions): EndedTrial[] {
  const history: EndedTrial[] = [];
  for (let trial = 1; trial <= trials; trial++) {
    const parameters = propose({ space, method, goal, seed: 5, trial, history, pending: [] });
    if (parameters === null) break;
    history.push({ trial, parameters, value: figure(parameters) });
  }
  return history;
}

const importanceOf = (trials: EndedTrial[], goal: Goal = 'minimize') =>
  Object.fromEntries(
    parameterImportance(space, goal, trials)?.map((each) => [each.parameter, each.importance]) ?? [],
  );

const byRate = ({ rate }: Parameters) => (Math.log10(Number(rate)) + 2) ** 2;

describe('the importance of parameters', () => {
  test.each<[string, (parameters: Parameters) => number]>([
    ['rate', byRate],
    ['layers', ({ layers }) => Number(layers)],
    ['optimizer', ({ optimizer, idle }) => (optimizer === 'sgd' ? 0 : 10) + Number(idle) / 100],
  ])('is mostly that of the only one that matters, %s', (parameter, figure) => {
    const trials = search({ figure });
    expect(parameterImportance(space, 'minimize', trials)?.[0].parameter).toBe(parameter);
    expect(importanceOf(trials)[parameter]).toBeGreaterThan(0.6);
  });

  test('is found in the trials of a search that looked where it is good', () => {
    expect(importanceOf(search({ figure: byRate, method: 'tpe' })).rate).toBeGreaterThan(0.6);
  });

  test('has a sum of 1 and descends', () => {
    const found = parameterImportance(space, 'minimize', search({ figure: byRate })) ?? [];
    const importances = found.map(({ importance }) => importance);
    expect(found.map(({ parameter }) => parameter).sort()).toEqual(Object.keys(space).sort());
    expect(importances).toEqual(importances.toSorted((a, b) => b - a));
    expect(importances.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  });

  test('follows the goal', () => {
    const figure = ({ rate, optimizer }: Parameters) =>
      (optimizer === 'sgd' ? 5 : 0) - (Number(rate) < 0.01 ? 50 : 0);
    const trials = search({ figure });
    expect(importanceOf(trials).rate).toBeGreaterThan(importanceOf(trials, 'maximize').rate);
  });

  test('ignores trials that failed', () => {
    const trials = search({ figure: byRate });
    const failed = trials.map((trial) => ({ ...trial, trial: trial.trial + 100, value: null }));
    expect(importanceOf([...trials, ...failed])).toEqual(importanceOf(trials));
  });

  test('is not known of few trials, nor where all are equally good', () => {
    expect(parameterImportance(space, 'minimize', search({ figure: byRate, trials: 9 }))).toBeNull();
    expect(parameterImportance(space, 'minimize', search({ figure: () => 1 }))).toBeNull();
  });
});
