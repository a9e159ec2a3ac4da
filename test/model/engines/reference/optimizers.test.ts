import { describe, expect, test } from 'vitest';
import {
  averageTensor,
  clipGradients,
  updateTensor,
} from '../../../../src/model/engines/reference/optimizers.js';
import { optimizerAt, optimizerSlots, type OptimizerSpec } from '../../../../src/model/network/optimizers.js';
import { expectClose } from '../close.js';

const start = [0.5, -1.25, 2, 0];
// (steps, elements)
const gradients = [
  [0.1, -2, 0, 1e-9],
  [-0.3, 1, 0, 0],
  [0.2, 0.5, -4, 0],
  [0.05, -0.25, 3, 0],
];

interface Case {
  name: string;
  spec: OptimizerSpec;
  /** After each step. */
  values: number[][];
  /** After the last, in the order of optimizerSlots. */
  slots: number[][];
}

const sgd = { type: 'sgd', learning_rate: 0.1 } as const;

// Adam's are worked out from the formulas of the paper in decimal arithmetic of 60 digits, to 15; the others by torch 2.13
// in float64, to 15: p = tensor(start); o = torch.optim.…([p]); for each gradient p.grad = gradient; o.step(); p.
const cases: Case[] = [
  {
    name: 'Adam with PyTorch’s defaults',
    spec: { type: 'adam', learning_rate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0 },
    values: [
      [0.4990000001, -1.249000000005, 2, -9.09090909090909e-5],
      [0.499494189911201, -1.24873366296702, 2, -0.000135149990515119],
      [0.499475402217659, -1.2486722741047, 2.00063881359663, -0.000163408594384727],
      [0.499383108412763, -1.24855916870832, 2.00070857132586, -0.000183597908851887],
    ],
    slots: [
      [0.00599, -0.0448, -0.06, 7.29e-11],
      [0.00014225011999, 0.005298262996, 0.024984, 9.97002999e-22],
    ],
  },
  {
    name: 'Adam with weight decay and other settings',
    spec: { type: 'adam', learning_rate: 0.01, beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weight_decay: 0.1 },
    values: [
      [0.490066225165563, -1.24000470366886, 1.99004975124378, -9.99999000001e-9],
      [0.493548077716853, -1.23716386357654, 1.98010178080016, -8.88888555555276e-9],
      [0.490907612151294, -1.23628397588032, 1.98648168071398, -4.59016938344793e-9],
      [0.487247051010549, -1.23450584922372, 1.98596705650872, -1.92723478922126e-10],
    ],
    slots: [
      [0.0429477691686147, -0.119992361541792, 0.0773638989230027, -2.59625428557931e-10],
      [0.00725171238922242, 0.241912407506282, 1.20168785341763, 1.36059323283871e-19],
    ],
  },
  {
    name: 'AdamW with PyTorch’s defaults',
    spec: {
      type: 'adamw',
      learning_rate: 0.001,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weight_decay: 0.01,
    },
    values: [
      [0.4989950001, -1.248987500005, 1.99998, -9.09090909090909e-5],
      [0.4994841999612, -1.24870867309202, 1.9999600002, -0.00013514908142421],
      [0.499460417425659, -1.24863479714297, 2.00057881419663, -0.000163406333803004],
      [0.499363129016589, -1.24850920539862, 2.00062856613772, -0.000183594014206826],
    ],
    slots: [
      [0.00599, -0.0448, -0.06, 7.29e-11],
      [0.00014225011999, 0.005298262996, 0.024984, 9.97002999e-22],
    ],
  },
  {
    name: 'AdamW with other settings',
    spec: { type: 'adamw', learning_rate: 0.01, beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weight_decay: 0.1 },
    values: [
      [0.48959900990099, -1.23875499750125, 1.998, -9.99999000001e-9],
      [0.494496294338813, -1.23539300434385, 1.996002, -1.44344313523124e-8],
      [0.493550942421852, -1.23422068472484, 2.00092493960403, -1.70429462652631e-8],
      [0.491813197618766, -1.23227769233407, 1.99918917929175, -1.87603198293765e-8],
    ],
    slots: [
      [0.01384, -0.0468, -0.04, 1.024e-10],
      [0.0065149375, 0.2316, 1.21, 4.286875e-20],
    ],
  },
  {
    name: 'SGD',
    spec: { ...sgd, momentum: 0, nesterov: false, weight_decay: 0 },
    values: [
      [0.49, -1.05, 2, -1e-10],
      [0.52, -1.15, 2, -1e-10],
      [0.5, -1.2, 2.4, -1e-10],
      [0.495, -1.175, 2.1, -1e-10],
    ],
    slots: [],
  },
  {
    name: 'SGD with weight decay',
    spec: { ...sgd, momentum: 0, nesterov: false, weight_decay: 0.1 },
    values: [
      [0.485, -1.0375, 1.98, -1e-10],
      [0.51015, -1.127125, 1.9602, -9.9e-11],
      [0.4850485, -1.16585375, 2.340598, -9.801e-11],
      [0.475198015, -1.1291952125, 2.01719202, -9.70299e-11],
    ],
    slots: [],
  },
  {
    name: 'SGD with momentum',
    spec: { ...sgd, momentum: 0.9, nesterov: false, weight_decay: 0 },
    values: [
      [0.49, -1.05, 2, -1e-10],
      [0.511, -0.97, 2, -1.9e-10],
      [0.5099, -0.948, 2.4, -2.71e-10],
      [0.50391, -0.9032, 2.46, -3.439e-10],
    ],
    slots: [[0.0599, -0.448, -0.6, 7.29e-10]],
  },
  {
    name: 'SGD with momentum and weight decay',
    spec: { ...sgd, momentum: 0.9, nesterov: false, weight_decay: 0.1 },
    values: [
      [0.485, -1.0375, 1.98, -1e-10],
      [0.49665, -0.935875, 1.9422, -1.89e-10],
      [0.4821685, -0.88505375, 2.288758, -2.6721e-10],
      [0.459313465, -0.8054640875, 2.27777262, -3.349269e-10],
    ],
    slots: [[0.22855035, -0.795896625, 0.1098538, 6.77169e-10]],
  },
  {
    name: 'SGD with Nesterov’s momentum and weight decay',
    spec: { ...sgd, momentum: 0.9, nesterov: true, weight_decay: 0.1 },
    values: [
      [0.4715, -0.84625, 1.962, -1.9e-10],
      [0.5073915, -0.84804625, 1.908522, -2.6739e-10],
      [0.4692969115, -0.84616624625, 2.601787882, -3.3367059e-10],
      [0.4391616640315, -0.74352950044625, 2.263469904042, -3.8938988979e-10],
    ],
    slots: [[0.22713642615, -0.768612037125, 0.1366677682, 6.56177841e-10]],
  },
  {
    name: 'RMSprop with PyTorch’s defaults',
    spec: { type: 'rmsprop', learning_rate: 0.01, alpha: 0.99, epsilon: 1e-8, weight_decay: 0 },
    values: [
      [0.4000000999999, -1.150000005, 2, -0.00099009900990099],
      [0.494915869545129, -1.19490132849056, 2, -0.00099009900990099],
      [0.441252592152393, -1.21691174707928, 2.0999999975, -0.00099009900990099],
      [0.42789010581655, -1.20591813797048, 2.03980707216484, -0.00099009900990099],
    ],
    slots: [[0.0014001199, 0.05171296, 0.2484, 9.70299e-21]],
  },
  {
    name: 'RMSprop with weight decay and other settings',
    spec: { type: 'rmsprop', learning_rate: 0.05, alpha: 0.9, epsilon: 1e-3, weight_decay: 0.1 },
    values: [
      [0.345150628381973, -1.09212106148113, 1.84434720379253, -4.99999841886167e-8],
      [0.483059897228598, -1.1559345220031, 1.73544063403034, 1.99999534418441e-7],
      [0.380211187407055, -1.18448190765878, 1.89308536770044, -7.99991631517876e-7],
      [0.342892623707354, -1.15611068294739, 1.78892098398539, 3.19986236966275e-6],
    ],
    slots: [[0.0136731119429833, 0.420337373705559, 2.34059905684865, 6.78084341608745e-16]],
  },
  {
    name: 'AdamW with a cosine of four steps, which its weight decay follows',
    spec: {
      type: 'adamw',
      learning_rate: 0.01,
      beta1: 0.8,
      beta2: 0.95,
      epsilon: 1e-3,
      weight_decay: 0.1,
      schedule: { type: 'cosine', warmup: 0 },
    },
    values: [
      [0.4895990099009901, -1.2387549975012495, 1.998, -9.99999000001e-9],
      [0.4937791036375934, -1.2358853568426018, 1.9962946003255948, -1.3785022451654754e-8],
      [0.49330678627446356, -1.2352989508568473, 1.998755923827448, -1.5089604612580445e-8],
      [0.49305233519587743, -1.2350142483006963, 1.998502045259978, -1.5341394208391646e-8],
    ],
    slots: [
      [0.01384, -0.0468, -0.04, 1.024e-10],
      [0.0065149375, 0.2316, 1.21, 4.286875e-20],
    ],
  },
  {
    name: 'SGD with momentum and one cycle of four steps',
    spec: {
      ...sgd,
      momentum: 0.9,
      nesterov: false,
      weight_decay: 0,
      schedule: { type: 'one_cycle', warmup: 0.3 },
    },
    values: [
      [0.4996, -1.242, 2, -4e-12],
      [0.516646658732945, -1.177060347684019, 2, -7.705710885547868e-11],
      [0.5163352916349154, -1.1708330057234275, 2.11322439928348, -9.998504971038332e-11],
      [0.5163352676749154, -1.1708328265234276, 2.1132246392834797, -9.998534131038332e-11],
    ],
    slots: [[0.0599, -0.448, -0.6, 7.29e-10]],
  },
];

describe.each(cases)('$name', ({ spec, values, slots }) => {
  test.each([
    // A few roundings of each step, relative to the numbers that were added up.
    { precision: 'float64', Numbers: Float64Array, tolerance: { absolute: 0, relative: 1e-12 } },
    { precision: 'float32', Numbers: Float32Array, tolerance: { absolute: 1e-15, relative: 1e-5 } },
  ])('takes the known steps in $precision', ({ Numbers, tolerance }) => {
    const names = optimizerSlots(spec);
    const tensor = {
      values: Numbers.from(start),
      gradients: new Numbers(4),
      slots: names.map(() => new Numbers(4)),
    };
    gradients.forEach((gradient, done) => {
      tensor.gradients.set(gradient);
      updateTensor(tensor, done + 1, optimizerAt(spec, done + 1, gradients.length));
      expectClose(`values after step ${done + 1}`, tensor.values, values[done], tolerance);
    });
    names.forEach((name, slot) => expectClose(name, tensor.slots[slot], slots[slot], tolerance));
    expect([...tensor.gradients]).toEqual([...Numbers.from(gradients[3])]);
  });
});

describe('clipping', () => {
  // By torch.nn.utils.clip_grad_norm_ in float64. Their norm is 3.774917217635375.
  test.each([
    {
      norm: 1,
      first: [0.13245320061879437, -0.5298128024751775, 0, 2.6490640123758876e-10],
      second: [0.7947192037127662, -0.26490640123758874],
    },
    {
      norm: 2.5,
      first: [0.33113300154698594, -1.3245320061879438, 0, 6.622660030939719e-10],
      second: [1.9867980092819155, -0.6622660030939719],
    },
    { norm: 10, first: [0.5, -2, 0, 1e-9], second: [3, -1] },
  ])(
    'scales all gradients together, as PyTorch does, to a norm of at most $norm',
    ({ norm, first, second }) => {
      const tensors = [
        { gradients: Float64Array.of(0.5, -2, 0, 1e-9) },
        { gradients: Float64Array.of(3, -1) },
      ];
      clipGradients(tensors, norm);
      expectClose('first', tensors[0].gradients, first, { absolute: 0, relative: 1e-14 });
      expectClose('second', tensors[1].gradients, second, { absolute: 0, relative: 1e-14 });
    },
  );

  test('comes before Adam and its weight decay', () => {
    const rates = { learning_rate: 0.01, beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weight_decay: 0.1 };
    const tensor = {
      values: Float64Array.from(start),
      gradients: new Float64Array(4),
      slots: [new Float64Array(4), new Float64Array(4)],
    };
    gradients.forEach((gradient, done) => {
      tensor.gradients.set(gradient);
      clipGradients([tensor], 1);
      updateTensor(tensor, done + 1, { type: 'adam', ...rates });
    });
    // By clip_grad_norm_([p], 1.0) before each step of torch.optim.Adam.
    const expected = [0.4944993756027989, -1.2381488081716465, 1.9807133662017034, -9.623885444042518e-11];
    expectClose('values', tensor.values, expected, { absolute: 0, relative: 1e-12 });
  });

  test('turns every gradient into NaN where one is, and leaves none to hide it', () => {
    const tensors = [{ gradients: Float64Array.of(1, NaN) }, { gradients: Float64Array.of(2) }];
    clipGradients(tensors, 1);
    expect(tensors.flatMap(({ gradients: all }) => [...all])).toEqual([NaN, NaN, NaN]);
  });
});

test('the average moves by the rest of its decay towards the values', () => {
  const average = Float64Array.of(1, -4);
  averageTensor({ values: Float64Array.of(3, 0), average }, 0.75);
  expect([...average]).toEqual([1.5, -3]);
});
