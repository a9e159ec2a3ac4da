/** Activations, and dropout after them, on the batch's panels; the gradient back through both. */
import { exponential, exponentialLess1, normalDensity, normalDistribution, sigmoid, tanh } from './elementary';

// As ../kernel-codes.ts numbers them.
const relu: u32 = 1;
const leakyRelu: u32 = 2;
const sigmoidal: u32 = 3;
const hyperbolic: u32 = 4;
const gelu: u32 = 5;
const silu: u32 = 6;
const mish: u32 = 7;
const selu: u32 = 8;

const leakySlope: f32 = 0.01;

// Of selu; see src/model/network/network.ts.
const seluScale: f32 = 1.0507009873554805;
const seluScaledAlpha: f32 = 1.7580993408473766;

/**
 * In place: values (panels) ← factors · activation(values), for panels of `rowsStride` rows, the first `rows` of which
 * count. `source`, where it is not 0, gets what `activationGradient` needs: for gelu, silu and mish their argument, for the
 * others their value. `factors` are dropout's; 0 where there is none.
 */
export function activate(
  kind: u32,
  values: usize,
  source: usize,
  factors: usize,
  rowsStride: usize,
  rows: usize,
  firstPanel: usize,
  endPanel: usize,
): void {
  for (let panel = firstPanel; panel < endPanel; panel++) {
    const first = (panel * rowsStride) << 5;
    const end = first + (rows << 5);
    for (let at = first; at < end; at += 16) {
      const z = v128.load(values + at);
      let h = activation(kind, z);
      if (source != 0) v128.store(source + at, isByArgument(kind) ? z : h);
      if (factors != 0) h = f32x4.mul(h, v128.load(factors + at));
      v128.store(values + at, h);
    }
  }
}

/** In place: the gradient of the outputs (panels) ← that of what the activation is applied to; arguments as for `activate`. */
export function activationGradient(
  kind: u32,
  gradient: usize,
  source: usize,
  factors: usize,
  rowsStride: usize,
  rows: usize,
  firstPanel: usize,
  endPanel: usize,
): void {
  for (let panel = firstPanel; panel < endPanel; panel++) {
    const first = (panel * rowsStride) << 5;
    const end = first + (rows << 5);
    for (let at = first; at < end; at += 16) {
      let g = v128.load(gradient + at);
      if (factors != 0) g = f32x4.mul(g, v128.load(factors + at));
      v128.store(gradient + at, throughActivation(kind, g, v128.load(source + at)));
    }
  }
}

/** Whether the slope is computed from the argument. */
@inline
function isByArgument(kind: u32): bool {
  return kind >= gelu && kind <= mish;
}

@inline
function activation(kind: u32, z: v128): v128 {
  const zero = f32x4.splat(0);
  // A NaN stays one, so that divergence cannot hide.
  if (kind == relu) return f32x4.max(z, zero);
  if (kind == leakyRelu) {
    return v128.bitselect(f32x4.mul(z, f32x4.splat(leakySlope)), z, f32x4.lt(z, zero));
  }
  if (kind == sigmoidal) return sigmoid(z);
  if (kind == hyperbolic) return tanh(z);
  if (kind == gelu) return f32x4.mul(z, normalDistribution(z));
  if (kind == silu) return f32x4.mul(z, sigmoid(z));
  if (kind == mish) return f32x4.mul(z, tanhOfSoftplus(z));
  if (kind == selu) {
    const below = f32x4.mul(f32x4.splat(seluScaledAlpha), exponentialLess1(f32x4.min(z, zero)));
    return v128.bitselect(f32x4.mul(z, f32x4.splat(seluScale)), below, f32x4.gt(z, zero));
  }
  return z;
}

@inline
function throughActivation(kind: u32, g: v128, source: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  if (kind == relu) return v128.and(g, f32x4.ne(source, zero));
  if (kind == leakyRelu) {
    return f32x4.mul(g, v128.bitselect(one, f32x4.splat(leakySlope), f32x4.gt(source, zero)));
  }
  if (kind == sigmoidal) return f32x4.mul(g, f32x4.mul(source, f32x4.sub(one, source)));
  if (kind == hyperbolic) return f32x4.mul(g, f32x4.sub(one, f32x4.mul(source, source)));
  if (kind == gelu) {
    const slope = f32x4.add(normalDistribution(source), f32x4.mul(source, normalDensity(source)));
    return f32x4.mul(g, slope);
  }
  if (kind == silu) return f32x4.mul(g, siluSlope(source));
  if (kind == mish) return f32x4.mul(g, mishSlope(source));
  if (kind == selu) {
    // Below 0 the slope is scale · α · e^z, and the value scale · α · (e^z − 1).
    const below = f32x4.add(source, f32x4.splat(seluScaledAlpha));
    return f32x4.mul(g, v128.bitselect(f32x4.splat(seluScale), below, f32x4.gt(source, zero)));
  }
  return g;
}

/** σ(z) + z · σ(z) · σ(−z) */
@inline
function siluSlope(z: v128): v128 {
  const on = sigmoid(z);
  return f32x4.mul(on, f32x4.add(f32x4.splat(1), f32x4.mul(z, sigmoid(f32x4.neg(z)))));
}

/**
 * tanh(ln(1 + e^z)) = ((1 + e^z)² − 1) / ((1 + e^z)² + 1), by e = e^−|z|, so that nothing overflows and nothing is taken
 * from what is nearly the same: e (e + 2) / (e (e + 2) + 2) below 0, and (1 + 2e) / (1 + 2e + 2e²) above.
 */
@inline
function tanhOfSoftplus(z: v128): v128 {
  const e = exponential(f32x4.neg(f32x4.abs(z)));
  const isNegative = f32x4.lt(z, f32x4.splat(0));
  return f32x4.div(mishNumerator(e, isNegative), mishDenominator(e, isNegative));
}

/** t + z · (1 − t²) · σ(z), with t = `tanhOfSoftplus`: (1 − t²) · σ(z) is 4e (1 + e) / denominator², above 0 times e. */
@inline
function mishSlope(z: v128): v128 {
  const one = f32x4.splat(1);
  const e = exponential(f32x4.neg(f32x4.abs(z)));
  const isNegative = f32x4.lt(z, f32x4.splat(0));
  const denominator = mishDenominator(e, isNegative);
  const power = v128.bitselect(e, f32x4.mul(e, e), isNegative);
  const product = f32x4.mul(f32x4.mul(f32x4.splat(4), power), f32x4.add(one, e));
  const bend = f32x4.div(f32x4.mul(z, product), f32x4.mul(denominator, denominator));
  return f32x4.add(f32x4.div(mishNumerator(e, isNegative), denominator), bend);
}

@inline
function mishNumerator(e: v128, isNegative: v128): v128 {
  const below = f32x4.mul(e, f32x4.add(e, f32x4.splat(2)));
  return v128.bitselect(below, f32x4.add(f32x4.splat(1), f32x4.add(e, e)), isNegative);
}

@inline
function mishDenominator(e: v128, isNegative: v128): v128 {
  const below = f32x4.add(f32x4.mul(e, f32x4.add(e, f32x4.splat(2))), f32x4.splat(2));
  const above = f32x4.add(f32x4.splat(1), f32x4.mul(f32x4.add(e, e), f32x4.add(f32x4.splat(1), e)));
  return v128.bitselect(below, above, isNegative);
}
