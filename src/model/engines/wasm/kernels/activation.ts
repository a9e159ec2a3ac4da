/** Activations, and dropout after them, on the batch's panels; the gradient back through both. */
import { normalDensity, normalDistribution, sigmoid, tanh } from './elementary';

// As ../kernels.ts numbers them.
const relu: u32 = 1;
const leakyRelu: u32 = 2;
const sigmoidal: u32 = 3;
const hyperbolic: u32 = 4;
const gelu: u32 = 5;

const leakySlope: f32 = 0.01;

/**
 * In place: values (panels) ← factors · activation(values), for panels of `rowsStride` rows, the first `rows` of which
 * count. `source`, where it is not 0, gets what `activationGradient` needs: for gelu its argument, for the others their
 * value. `factors` are dropout's; 0 where there is none.
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
      if (source != 0) v128.store(source + at, kind == gelu ? z : h);
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
  return g;
}
