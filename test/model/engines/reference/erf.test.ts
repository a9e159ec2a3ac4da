import { expect, test } from 'vitest';
import { erf } from '../../../../src/model/engines/reference/erf.js';
import { expectClose } from '../close.js';

// By mpmath 1.3 with 40 digits: float(mpmath.erf(x)).
const known: [x: number, value: number][] = [
  [0, 0],
  [1e-300, 1.1283791670955126e-300],
  [1e-9, 1.1283791670955127e-9],
  [0.1, 0.1124629160182849],
  [0.5, 0.5204998778130465],
  [0.84375, 0.7672256612323416],
  [1, 0.8427007929497149],
  [1.25, 0.9229001282564583],
  [1.9999, 0.9953201979070294],
  [2, 0.9953222650189527],
  [2.0001, 0.9953243313041966],
  [2.5, 0.999593047982555],
  [3.5, 0.9999992569016276],
  [5, 0.9999999999984626],
  [6.5, 1],
  [30, 1],
  [Infinity, 1],
];

test.each(known)('erf(±%d) is ±%d', (x, value) => {
  // Some roundings to 2^-53 = 1.1e-16, relative to the value.
  const tolerance = { absolute: 0, relative: 1e-15 };
  expectClose('erf', [erf(x), erf(-x)], [value, -value], tolerance);
});

test('erf of NaN is NaN', () => {
  expect(erf(NaN)).toBeNaN();
});
