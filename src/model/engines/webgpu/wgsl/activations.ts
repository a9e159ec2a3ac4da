/**
 * The activations and their gradients on vectors. A NaN stays a NaN in both directions, so that divergence cannot hide: for
 * that, a comparison that a NaN fails must choose it.
 */
import { selu, type Activation } from '../../../network/network.js';
import { f32 } from './literals.js';

interface Curve {
  /** In terms of x. */
  value: string;
  /** The gradient of x in terms of dValue, x and, for relu, of the value that came out. */
  gradient: string;
  /** The functions that both use. */
  functions: (keyof typeof functions)[];
}

const functions = {
  sigmoid: `
// e^-|x| cannot overflow.
fn sigmoid(x: vec4f) -> vec4f {
  let e = exp(-abs(x));
  return select(e, vec4f(1), x >= vec4f(0)) / (1 + e);
}`,
  hyperbolicTangent: `
fn hyperbolicTangent(x: vec4f) -> vec4f {
  let e = exp(-2 * abs(x));
  // Near 0, where 1 - e has few digits left: the Taylor series.
  let s = x * x;
  let near = x * (1 + s * (${f32(-1 / 3)} + s * (${f32(2 / 15)} + s * ${f32(-17 / 315)})));
  return select(sign(x) * (1 - e) / (1 + e), near, s < vec4f(0.04));
}`,
  normalDistribution: `
// Within 2e-7: M. Abramowitz, I. Stegun, "Handbook of Mathematical Functions", 1964, 7.1.26.
fn normalDistribution(x: vec4f) -> vec4f {
  let a = abs(x) * ${f32(Math.SQRT1_2)};
  let t = 1 / (1 + 0.3275911 * a);
  let sum = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  let above = 0.5 * sum * exp(-a * a);
  return select(above, 1 - above, x >= vec4f(0));
}`,
  tanhOfSoftplus: `
// tanh(ln(1 + e)) with e = e^x; beyond 20 it is 1 in float32, and before that nothing overflows.
fn tanhOfSoftplus(x: vec4f) -> vec4f {
  let e = exp(x);
  let n = e * (e + 2);
  return select(n / (n + 2), vec4f(1), x > vec4f(20));
}`,
};

const curves: Record<Activation, Curve> = {
  identity: { value: 'x', gradient: 'dValue', functions: [] },
  relu: {
    value: 'select(x, vec4f(0), x <= vec4f(0))',
    // 0 at 0 itself, as in PyTorch.
    gradient: 'select(dValue, vec4f(0), value <= vec4f(0))',
    functions: [],
  },
  leaky_relu: {
    value: 'select(0.01 * x, x, x > vec4f(0))',
    gradient: 'dValue * select(vec4f(0.01), vec4f(1), x > vec4f(0))',
    functions: [],
  },
  sigmoid: {
    value: 'sigmoid(x)',
    gradient: 'dValue * sigmoid(x) * sigmoid(-x)',
    functions: ['sigmoid'],
  },
  tanh: {
    value: 'hyperbolicTangent(x)',
    // 1 − tanh² = 4 σ(2x) σ(−2x)
    gradient: 'dValue * 4 * sigmoid(2 * x) * sigmoid(-2 * x)',
    functions: ['hyperbolicTangent', 'sigmoid'],
  },
  gelu: {
    value: 'x * normalDistribution(x)',
    gradient: `dValue * (normalDistribution(x) + x * ${f32(1 / Math.sqrt(2 * Math.PI))} * exp(-0.5 * x * x))`,
    functions: ['normalDistribution'],
  },
  silu: {
    value: 'x * sigmoid(x)',
    gradient: 'dValue * sigmoid(x) * (1 + x * sigmoid(-x))',
    functions: ['sigmoid'],
  },
  mish: {
    value: 'x * tanhOfSoftplus(x)',
    gradient: 'dValue * (tanhOfSoftplus(x) + x * (1 - tanhOfSoftplus(x) * tanhOfSoftplus(x)) * sigmoid(x))',
    functions: ['tanhOfSoftplus', 'sigmoid'],
  },
  selu: {
    value: `${f32(selu.scale)} * select(${f32(selu.alpha)} * (exp(x) - 1), x, x > vec4f(0))`,
    gradient: `dValue * ${f32(selu.scale)} * select(${f32(selu.alpha)} * exp(x), vec4f(1), x > vec4f(0))`,
    functions: [],
  },
};

/** `activate(x)` */
export function activationValue(activation: Activation): string {
  const { value, functions: names } = curves[activation];
  return `${names.map((name) => functions[name]).join('')}
fn activate(x: vec4f) -> vec4f {
  return ${value};
}
`;
}

/** `activationGradient(dValue, x, value)`, where only relu looks at the value, and it at nothing else. */
export function activationGradient(activation: Activation): string {
  const { gradient, functions: names } = curves[activation];
  return `${names.map((name) => functions[name]).join('')}
fn activationGradient(dValue: vec4f, x: vec4f, value: vec4f) -> vec4f {
  return ${gradient};
}
`;
}
