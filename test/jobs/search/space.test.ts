import { describe, expect, test } from 'vitest';
import { TrainyardError } from '../../../src/errors.js';
import { refuseSpace, type SearchMethod, type Space } from '../../../src/jobs/search/space.js';

function refusal(space: Space, method?: SearchMethod) {
  try {
    refuseSpace(space, method);
  } catch (error) {
    if (!(error instanceof TrainyardError)) throw error;
    return { code: error.code, pointer: error.pointer, message: error.message };
  }
  return null;
}

describe('a space is accepted', () => {
  test.each<[string, Space]>([
    ['a range', { a: { min: -1, max: 1 } }],
    ['a range of integers on a log scale', { a: { min: 1, max: 1024, scale: 'log', integer: true } }],
    ['values of any kind', { a: { values: ['x', null, [64, 64], { name: 'adam' }, 0, '0'] } }],
    ['one value', { a: { values: [1] } }],
  ])('with %s', (_, space) => {
    expect(refusal(space)).toBeNull();
  });
});

describe('a space is refused, with the field to change', () => {
  test.each<[string, Space, string, string]>([
    ['without parameters', {}, '/parameters', 'at least one parameter'],
    ['with min above max', { 'a.b': { min: 3, max: 2 } }, '/parameters/a.b/min', 'must be less than max'],
    ['with min equal to max', { a: { min: 2, max: 2 } }, '/parameters/a/min', 'must be less than max'],
    ['with an infinite end', { a: { min: 0, max: Infinity } }, '/parameters/a/max', 'a finite number'],
    ['with NaN', { a: { min: NaN, max: 1 } }, '/parameters/a/min', 'a finite number'],
    ['too wide', { a: { min: -1e308, max: 1e308 } }, '/parameters/a/max', 'max − min'],
    ['with 0 on a log scale', { a: { min: 0, max: 1, scale: 'log' } }, '/parameters/a/min', 'more than 0'],
    [
      'of integers between fractions',
      { a: { min: 0.5, max: 9, integer: true } },
      '/parameters/a/min',
      'integer',
    ],
    ['without values', { a: { values: [] } }, '/parameters/a/values', 'at least one value'],
    [
      'with a value twice',
      { a: { values: [1, [2], [2]] } },
      '/parameters/a/values/2',
      'the same value as number 2',
    ],
    [
      'with a path of odd characters',
      { 'a/b': { values: [] } },
      '/parameters/a~1b/values',
      'The parameter a/b',
    ],
  ])('%s', (_, space, pointer, words) => {
    const found = refusal(space);
    expect(found).toMatchObject({ code: 'INVALID_REQUEST', pointer });
    expect(found?.message).toContain(words);
  });

  test('as a grid of too many combinations, which is no problem for another method', () => {
    const values = Array.from({ length: 101 }, (_, value) => value);
    const space = { a: { values }, b: { values } };
    expect(refusal(space, 'grid')).toMatchObject({ pointer: '/parameters' });
    expect(refusal(space, 'grid')?.message).toContain('10201 combinations');
    expect(refusal(space, 'random')).toBeNull();
  });
});
