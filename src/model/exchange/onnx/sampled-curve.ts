/**
 * The function of one number that operators compute together, such as x · Sigmoid(x): exporters write activations in many ways. It
 * is kept as its values at a few points, which are enough to tell the activations apart.
 */
import { activationFunctions, erf, sigmoid, softplus } from '../../network/activation-functions.js';
import { activations, type Activation } from '../../network/network.js';

/** gain · x + shift */
export interface Affine {
  gain: number;
  shift: number;
}

/** Both sides of every bend that operators have, and far out, where a limit would show. */
const halves = [
  1e-3, 0.02, 0.1, 0.3, 0.5, 0.8, 1, 1.3, 1.7, 2, 2.5, 3, 3.7, 4.5, 6, 8, 11, 20, 60, 500, 1e5, 1e9,
];
const points = Float64Array.from([0, ...halves, ...halves.map((x) => -x)]);

/** Its values where x is a point, and where `inner`, what the first operator saw of x, is a point. */
export interface SampledCurve {
  inner: Affine;
  values: Float64Array;
}

/** (2 · points) gain · x + shift at the places of a curve. */
export function lineOf({ gain, shift }: Affine, inner: Affine): Float64Array {
  const places = [...points, ...points.map((point) => (point - inner.shift) / inner.gain)];
  return Float64Array.from(places, (x) => gain * x + shift);
}

/** output.gain · activation(input.gain · x + input.shift) + output.shift is what was sampled. */
export interface FoundActivation {
  activation: Activation;
  input: Affine;
  output: Affine;
}

/** Of the activation's own values, relative where they are above 1: constants in float32 are nearer, and gelu's tanh approximation is not. */
const tolerance = 1e-6;

/** null: it is none of the activations. */
export function activationOf({ inner, values }: SampledCurve): FoundActivation | null {
  const ways = [
    { input: { gain: 1, shift: 0 }, sampled: values.subarray(0, points.length) },
    { input: inner, sampled: values.subarray(points.length) },
  ];
  for (const { input, sampled } of ways) {
    for (const activation of activations) {
      const output = fitted(activation, sampled);
      if (output !== null) return { activation, input, output };
    }
  }
  return null;
}

const curves = activations.map((activation) => points.map((x) => activationFunctions[activation](x)));

function fitted(activation: Activation, sampled: Float64Array): Affine | null {
  const own = curves[activations.indexOf(activation)];
  const [low, high] = [points.indexOf(-1.7), points.indexOf(2.5)];
  let gain = (sampled[high] - sampled[low]) / (own[high] - own[low]);
  let shift = sampled[high] - gain * own[high];
  // Most are the activation itself; rounding must not make them another.
  if (Math.abs(gain - 1) < tolerance && Math.abs(shift) < tolerance) [gain, shift] = [1, 0];
  if (gain === 0) return null;
  const isNear = sampled.every(
    (value, i) =>
      Math.abs(value - (gain * own[i] + shift)) <= tolerance * Math.abs(gain) * Math.max(1, Math.abs(own[i])),
  );
  return isNear ? { gain, shift } : null;
}

/** By operator; what an attribute or a further input says comes from `number`. */
export const curveOperators: Readonly<
  Record<string, (x: number, number: (name: string, otherwise: number) => number) => number>
> = {
  Relu: (x) => Math.max(0, x),
  LeakyRelu: (x, number) => (x < 0 ? number('alpha', 0.01) * x : x),
  PRelu: (x, number) => (x < 0 ? number('slope', NaN) * x : x),
  ThresholdedRelu: (x, number) => (x > number('alpha', 1) ? x : 0),
  Elu: (x, number) => (x < 0 ? number('alpha', 1) * Math.expm1(x) : x),
  Celu: (x, number) => Math.max(0, x) + Math.min(0, number('alpha', 1) * Math.expm1(x / number('alpha', 1))),
  Selu: (x, number) =>
    number('gamma', 1.0507009873554805) * (x > 0 ? x : number('alpha', 1.6732632423543772) * Math.expm1(x)),
  Sigmoid: sigmoid,
  HardSigmoid: (x, number) => Math.max(0, Math.min(1, number('alpha', 0.2) * x + number('beta', 0.5))),
  HardSwish: (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)),
  Swish: (x, number) => x / (1 + Math.exp(-number('alpha', 1) * x)),
  Mish: (x) => x * Math.tanh(softplus(x)),
  Gelu: (x, number) =>
    number('is_approximate', 0) === 1
      ? (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
      : (x / 2) * (1 + erf(x * Math.SQRT1_2)),
  Tanh: Math.tanh,
  Softplus: softplus,
  Softsign: (x) => x / (1 + Math.abs(x)),
  Erf: erf,
  Exp: Math.exp,
  Log: Math.log,
  Sqrt: Math.sqrt,
  Abs: Math.abs,
  Reciprocal: (x) => 1 / x,
  Clip: (x, number) => Math.min(Math.max(x, number('min', -Infinity)), number('max', Infinity)),
};

export const pairOperators: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Pow: (a, b) => a ** b,
  Max: Math.max,
  Min: Math.min,
};
