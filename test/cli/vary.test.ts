import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/cli/failures.js';
import { spaceOf } from '../../src/cli/vary.js';

describe('what varies', () => {
  test.each<[string, object]>([
    ['a=0.0001..0.1', { min: 1e-4, max: 0.1 }],
    ['a=1e-5..1e-1:log', { min: 1e-5, max: 0.1, scale: 'log' }],
    ['a=-2..3:integer', { min: -2, max: 3, integer: true }],
    ['a=8..512:log:integer', { min: 8, max: 512, scale: 'log', integer: true }],
    ['a=16,32,64', { values: [16, 32, 64] }],
    ['a=adam,sgd', { values: ['adam', 'sgd'] }],
    ['a=true', { values: [true] }],
    ['a=[[{"units":64}],[]]', { values: [[{ units: 64 }], []] }],
  ])('%s', (assignment, parameter) => {
    expect(spaceOf([assignment])).toEqual({ a: parameter });
  });

  test('takes several fields, and paths into them', () => {
    expect(spaceOf(['optimizer.learning_rate=0.1..1', 'epochs=3,4'])).toEqual({
      'optimizer.learning_rate': { min: 0.1, max: 1 },
      epochs: { values: [3, 4] },
    });
  });

  test.each([
    ['epochs', '--vary epochs varies nothing'],
    ['=1,2', 'varies nothing'],
    ['a=low..3', 'low is not a number'],
    ['a=1..high:log', 'high is not a number'],
  ])('refuses %s', (assignment, message) => {
    expect(() => spaceOf([assignment])).toThrow(UsageError);
    expect(() => spaceOf([assignment])).toThrow(message);
  });
});
