import { describe, expect, test } from 'vitest';
import {
  activationBackward,
  activationForward,
} from '../../../../src/model/engines/reference/activations.js';
import { erf } from '../../../../src/model/network/activation-functions.js';
import { activations, type Activation } from '../../../../src/model/network/network.js';
import { expectClose } from '../close.js';

function valuesOf(activation: Activation, sums: number[]): number[] {
  const values = new Float64Array(sums.length);
  activationForward(activation, [values], [Float64Array.from(sums)]);
  return [...values];
}

function gradientsOf(activation: Activation, dValues: number[], sums: number[]): number[] {
  const dSums = new Float64Array(sums.length);
  activationBackward(activation, [dSums], [Float64Array.from(dValues)], [Float64Array.from(sums)]);
  return [...dSums];
}

const sums = [-40, -2, -0.5, 0, 1e-3, 1, 3];

// By the modules of torch.nn in float64; the gradients for one of 3 that comes in: module(x).backward(3 · ones).
const known: [activation: Activation, values: number[], gradients: number[]][] = [
  ['identity', sums, [3, 3, 3, 3, 3, 3, 3]],
  ['relu', [0, 0, 0, 0, 1e-3, 1, 3], [0, 0, 0, 0, 3, 3, 3]],
  ['leaky_relu', [-0.4, -0.02, -0.005, 0, 1e-3, 1, 3], [0.03, 0.03, 0.03, 0.03, 3, 3, 3]],
  [
    'sigmoid',
    [
      4.248354255291589e-18, 0.11920292202211755, 0.3775406687981454, 0.5, 0.5002499999791666,
      0.7310585786300049, 0.9525741268224334,
    ],
    [
      1.2745062765874767e-17, 0.3149807562105196, 0.7050111366047835, 0.75, 0.7499998125000313,
      0.5898357997244456, 0.13552997919273602,
    ],
  ],
  [
    'tanh',
    [
      -1, -0.9640275800758169, -0.46211715726000974, 0, 9.999996666668e-4, 0.7615941559557649,
      0.9950547536867305,
    ],
    [0, 0.2119524745594933, 2.359343198897782, 3, 2.9999970000019998, 1.2599230248420783, 0.0295981114963205],
  ],
  [
    'gelu',
    [
      0, -0.04550026389635842, -0.15426876936299344, 0, 5.00398942213911e-4, 0.841344746068543,
      2.99595030590511,
    ],
    [
      0, -0.2556954032345907, 0.39751462603151133, 1.5, 1.5023936528845243, 3.249946411763059,
      3.0358369416125517,
    ],
  ],
  [
    'silu',
    [
      -1.6993417021166355e-16, -0.2384058440442351, -0.1887703343990727, 0, 0.0005002499999791667,
      0.7310585786300049, 2.8577223804672998,
    ],
    [
      -4.970574478691159e-16, -0.27235274635468637, 0.7801164380920445, 1.5, 1.5014999997499998,
      2.7830115356144605, 3.264312318045508,
    ],
  ],
  [
    'mish',
    [
      -1.6993417021166355e-16, -0.2525014826957089, -0.22074377465173, 0, 0.000600319983954133,
      0.8650983882673103, 2.9865350049679575,
    ],
    [
      -4.970574478691159e-16, -0.32506527726118173, 0.8685320337405368, 1.8, 1.8019198554495945,
      3.1471086602993767, 3.0633207327883305,
    ],
  ],
  [
    'selu',
    [
      -1.7580993408473766, -1.5201664685956948, -0.6917581878028713, 0, 0.0010507009873554805,
      1.0507009873554805, 3.1521029620664414,
    ],
    [
      2.240708644774287e-17, 0.7137986167550454, 3.199023459133516, 5.27429802254213, 3.1521029620664414,
      3.1521029620664414, 3.1521029620664414,
    ],
  ],
];

describe.each(known)('%s', (activation, values, gradients) => {
  // Of numbers near 1 or, where 1 is taken off them, near what is left.
  const rounding = { absolute: 1e-15, relative: 1e-14 };

  test('gives PyTorch’s values', () => {
    expectClose('values', valuesOf(activation, sums), values, rounding);
  });

  test('gives PyTorch’s gradients', () => {
    const threes = sums.map(() => 3);
    expectClose('gradients', gradientsOf(activation, threes, sums), gradients, rounding);
  });

  test('hides no NaN', () => {
    expect(valuesOf(activation, [NaN])).toEqual([NaN]);
    expect(gradientsOf(activation, [NaN, NaN], [1, NaN])).toEqual([NaN, NaN]);
  });
});

test('each activation has its known answers', () => {
  expect(known.map(([activation]) => activation)).toEqual([...activations]);
});

test('ReLU keeps the smallest and the largest numbers', () => {
  const extreme = [-5e-324, 5e-324, Infinity, -Infinity];
  expect(valuesOf('relu', extreme)).toEqual([0, 5e-324, Infinity, 0]);
  expect(gradientsOf('relu', [1, 1, 1, 1], extreme)).toEqual([0, 1, 1, 0]);
});

// By mpmath 1.3 with 40 digits: float(mpmath.erf(x)).
const knownErf: [x: number, value: number][] = [
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

test.each(knownErf)('erf(±%d) is ±%d', (x, value) => {
  // Some roundings to 2^-53 = 1.1e-16, relative to the value.
  const tolerance = { absolute: 0, relative: 1e-15 };
  expectClose('erf', [erf(x), erf(-x)], [value, -value], tolerance);
});

test('erf of NaN is NaN', () => {
  expect(erf(NaN)).toBeNaN();
});
