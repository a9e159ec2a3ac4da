import { describe, expect, test } from 'vitest';
import { adamStep } from '../../../../src/model/engines/reference/adam.js';
import type { AdamSpec } from '../../../../src/model/optimizer.js';
import { expectClose } from '../close.js';

// (steps, elements)
const gradients = [
  [0.1, -2, 0, 1e-9],
  [-0.3, 1, 0, 0],
  [0.2, 0.5, -4, 0],
  [0.05, -0.25, 3, 0],
];

interface Case {
  name: string;
  spec: AdamSpec;
  /** After each step. */
  values: number[][];
  /** After the last. */
  expAvg: number[];
  expAvgSq: number[];
}

// Worked out from the formulas of the paper in decimal arithmetic of 60 digits, to 15.
const cases: Case[] = [
  {
    name: 'with PyTorch’s defaults',
    spec: { type: 'adam', learning_rate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0 },
    values: [
      [0.4990000001, -1.249000000005, 2, -9.09090909090909e-5],
      [0.499494189911201, -1.24873366296702, 2, -0.000135149990515119],
      [0.499475402217659, -1.2486722741047, 2.00063881359663, -0.000163408594384727],
      [0.499383108412763, -1.24855916870832, 2.00070857132586, -0.000183597908851887],
    ],
    expAvg: [0.00599, -0.0448, -0.06, 7.29e-11],
    expAvgSq: [0.00014225011999, 0.005298262996, 0.024984, 9.97002999e-22],
  },
  {
    name: 'with weight decay and other settings',
    spec: { type: 'adam', learning_rate: 0.01, beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weight_decay: 0.1 },
    values: [
      [0.490066225165563, -1.24000470366886, 1.99004975124378, -9.99999000001e-9],
      [0.493548077716853, -1.23716386357654, 1.98010178080016, -8.88888555555276e-9],
      [0.490907612151294, -1.23628397588032, 1.98648168071398, -4.59016938344793e-9],
      [0.487247051010549, -1.23450584922372, 1.98596705650872, -1.92723478922126e-10],
    ],
    expAvg: [0.0429477691686147, -0.119992361541792, 0.0773638989230027, -2.59625428557931e-10],
    expAvgSq: [0.00725171238922242, 0.241912407506282, 1.20168785341763, 1.36059323283871e-19],
  },
];

describe.each(cases)('Adam $name', ({ spec, values, expAvg, expAvgSq }) => {
  test.each([
    // A few roundings of each step, relative to the numbers that were added up.
    { precision: 'float64', Numbers: Float64Array, tolerance: { absolute: 0, relative: 1e-12 } },
    { precision: 'float32', Numbers: Float32Array, tolerance: { absolute: 1e-15, relative: 1e-5 } },
  ])('takes the steps of the paper in $precision', ({ Numbers, tolerance }) => {
    const tensor = {
      values: Numbers.of(0.5, -1.25, 2, 0),
      gradients: new Numbers(4),
      expAvg: new Numbers(4),
      expAvgSq: new Numbers(4),
    };
    gradients.forEach((gradient, done) => {
      tensor.gradients.set(gradient);
      adamStep(tensor, done + 1, spec);
      expectClose(`values after step ${done + 1}`, tensor.values, values[done], tolerance);
    });
    expectClose('expAvg', tensor.expAvg, expAvg, tolerance);
    expectClose('expAvgSq', tensor.expAvgSq, expAvgSq, tolerance);
    expect([...tensor.gradients]).toEqual([...Numbers.from(gradients[3])]);
  });
});
