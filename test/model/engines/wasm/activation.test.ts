import { describe, expect, test } from 'vitest';
import { planBatchMatrix } from '../../../../src/model/engines/wasm/layout.js';
import { selu, type Activation } from '../../../../src/model/network/network.js';
import { expectClose } from '../close.js';
import { workbench } from './workbench.js';

/** From far below to far above 0, and close about it. */
const sweep = Float32Array.from({ length: 4_000 }, (_, i) => {
  const t = (i - 1_999.5) / 2_000;
  return Math.sign(t) * 10 ** (4 * Math.abs(t) - 2) * Math.abs(t);
});

/** Φ by its series about 0 (Abramowitz and Stegun 26.2.11), and by its continued fraction (26.2.14) far from it. */
function normalDistribution(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (Math.abs(z) > 5) {
    let fraction = 0;
    for (let n = 60; n > 0; n--) fraction = n / (Math.abs(z) + fraction);
    const tail = density / (Math.abs(z) + fraction);
    return z < 0 ? tail : 1 - tail;
  }
  let term = z;
  let sum = z;
  for (let n = 1; n < 200; n++) {
    term *= (z * z) / (2 * n + 1);
    sum += term;
  }
  return 0.5 + density * sum;
}

const density = (z: number): number => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
const softplus = (z: number): number => Math.max(0, z) + Math.log1p(Math.exp(-Math.abs(z)));
const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

const functions: Record<Activation, { value: (z: number) => number; slope: (z: number) => number }> = {
  identity: { value: (z) => z, slope: () => 1 },
  relu: { value: (z) => Math.max(0, z), slope: (z) => (z > 0 ? 1 : 0) },
  leaky_relu: { value: (z) => (z < 0 ? 0.01 * z : z), slope: (z) => (z > 0 ? 1 : 0.01) },
  sigmoid: { value: sigmoid, slope: (z) => sigmoid(z) * sigmoid(-z) },
  tanh: { value: Math.tanh, slope: (z) => 1 - Math.tanh(z) ** 2 },
  gelu: {
    value: (z) => z * normalDistribution(z),
    slope: (z) => normalDistribution(z) + z * density(z),
  },
  silu: { value: (z) => z * sigmoid(z), slope: (z) => sigmoid(z) * (1 + z * sigmoid(-z)) },
  mish: {
    value: (z) => z * Math.tanh(softplus(z)),
    slope: (z) => Math.tanh(softplus(z)) + z * (1 - Math.tanh(softplus(z)) ** 2) * sigmoid(z),
  },
  selu: {
    value: (z) => selu.scale * (z > 0 ? z : selu.alpha * Math.expm1(z)),
    slope: (z) => selu.scale * (z > 0 ? 1 : selu.alpha * Math.exp(z)),
  },
};

async function applied(activation: Activation, numbers: Float32Array) {
  const rows = Math.ceil(numbers.length / 8);
  const { kernels, floats, at } = await workbench((layout) => ({
    values: planBatchMatrix(layout, 8, rows, { panels: true }),
    gradient: planBatchMatrix(layout, 8, rows, { panels: true }),
    source: layout.floats(8 * rows),
  }));
  const { values, gradient, source } = at;
  floats(values.panels, numbers.length).set(numbers);
  floats(gradient.panels, numbers.length).fill(1);
  const call = { activation, source, factors: 0, rows, panels: [0, 1] } as const;
  kernels.activate({ ...call, values });
  kernels.activationGradient({ ...call, values: gradient });
  return { value: floats(values.panels, numbers.length), slope: floats(gradient.panels, numbers.length) };
}

describe.each(Object.keys(functions) as Activation[])('the kernel of %s', (kind) => {
  // Some units in the last place (2^−24, 6e-8) of the result; and of 1, times z, where a number near 1 has been taken from
  // it: Φ has an error of 1e-7 that gelu multiplies by up to 6 before it is 0.
  const tolerance = { absolute: 1e-6, relative: 4e-7 };

  test('gives the function from −100 to 100', async () => {
    const { value } = await applied(kind, sweep);
    expectClose('values', value, Float64Array.from(sweep, functions[kind].value), tolerance);
  });

  test('gives its slope', async () => {
    const { slope } = await applied(kind, sweep);
    expectClose('slopes', slope, Float64Array.from(sweep, functions[kind].slope), tolerance);
  });

  test('hides no NaN', async () => {
    const { value } = await applied(kind, Float32Array.of(NaN, 1, NaN));
    expect([...value].map(Number.isNaN)).toEqual([true, false, true]);
  });
});
