/**
 * A layer's gradient and the update by it, a piece of a panel at a time: a gradient is used while it is in the cache, and
 * is stored nowhere else, unless all gradients of a step must be known before the first is used (clip.ts). No two threads
 * get the same weights. Then the optimisers themselves, with the formulas of src/model/network/optimizers.ts.
 */
import { tile } from './blocks';

// As ../kernel-codes.ts numbers them.
const adaptiveMoments: u32 = 0;
const gradientDescent: u32 = 1;
const momentumDescent: u32 = 2;
/** Nothing is learnt: w gets the gradients. */
const storing: u32 = 4;

/** Inputs whose weights are updated at a time: with gradients and optimiser state, half of a small first-level cache. */
const inputsOfPiece: usize = 128;

/**
 * The weights of the panels from `firstPanel`, and of their inputs from `firstInput`, a multiple of 8, to `endInput`. x
 * are the layer's inputs and dz the gradient of its outputs, in panels of `rowsStride` rows of which `rows` count. w and
 * the optimiser's slots and averages, where `average` is not 0, are in panels of `panelRows` rows. `scratch` has room for a piece of a panel, `zeros` holds eight.
 */
export function updateWeights(
  optimizer: u32,
  settings: usize,
  x: usize,
  dz: usize,
  rowsStride: usize,
  rows: usize,
  w: usize,
  slot0: usize,
  slot1: usize,
  average: usize,
  panelRows: usize,
  firstInput: usize,
  endInput: usize,
  firstPanel: usize,
  endPanel: usize,
  scratch: usize,
  zeros: usize,
): void {
  for (let panel = firstPanel; panel < endPanel; panel++) {
    const b = dz + ((panel * rowsStride) << 5);
    for (let first = firstInput; first < endInput; first += inputsOfPiece) {
      const end = min(first + inputsOfPiece, endInput);
      for (let input = first; input < end; input += 4) {
        const a = x + (((input >> 3) * rowsStride) << 5) + ((input & 4) << 2);
        tile(a, 32, b, rows, zeros, scratch + ((input - first) << 5));
      }
      const at = (panel * panelRows + first) << 5;
      const bytes = (end - first) << 5;
      applyOptimizer(optimizer, settings, scratch, w + at, slot0 + at, slot1 + at, bytes);
      if (average != 0) follow(settings, w + at, average + at, bytes);
    }
  }
}

/** The biases of the panels from `firstPanel`; bias, its slots and its average are one number an output. */
export function updateBias(
  optimizer: u32,
  settings: usize,
  dz: usize,
  rowsStride: usize,
  rows: usize,
  bias: usize,
  slot0: usize,
  slot1: usize,
  average: usize,
  firstPanel: usize,
  endPanel: usize,
  scratch: usize,
): void {
  for (let panel = firstPanel; panel < endPanel; panel++) {
    biasGradient(dz + ((panel * rowsStride) << 5), rows, scratch);
    const at = panel << 5;
    applyOptimizer(optimizer, settings, scratch, bias + at, slot0 + at, slot1 + at, 32);
    if (average != 0) follow(settings, bias + at, average + at, 32);
  }
}

/** to (8) = Σ over the first `rows` rows of a panel of dz. */
export function biasGradient(dz: usize, rows: usize, to: usize): void {
  let low = f32x4.splat(0);
  let high = low;
  for (let at = dz; at < dz + (rows << 5); at += 32) {
    low = f32x4.add(low, v128.load(at));
    high = f32x4.add(high, v128.load(at, 16));
  }
  v128.store(to, low);
  v128.store(to, high, 16);
}

/**
 * In place: `bytes` of the weights w by gradients of the same layout. The settings are float32; ../update-settings.ts computes them
 * in float64.
 */
export function applyOptimizer(
  optimizer: u32,
  settings: usize,
  gradients: usize,
  w: usize,
  slot0: usize,
  slot1: usize,
  bytes: usize,
): void {
  if (optimizer == adaptiveMoments) adam(settings, gradients, w, slot0, slot1, bytes);
  else if (optimizer == gradientDescent) sgd(settings, gradients, w, bytes);
  else if (optimizer == momentumDescent) momentumSgd(settings, gradients, w, slot0, bytes);
  else if (optimizer == storing) memory.copy(w, gradients, bytes);
  else rmsprop(settings, gradients, w, slot0, bytes);
}

/** In place: `bytes` of the averages after an update of the weights w. Settings, at 14: the decay, 1 − decay. */
export function follow(settings: usize, w: usize, average: usize, bytes: usize): void {
  const keep = v128.load32_splat(settings, 56);
  const take = v128.load32_splat(settings, 60);
  for (let at: usize = 0; at < bytes; at += 16) {
    const kept = f32x4.mul(keep, v128.load(average + at));
    v128.store(average + at, f32x4.add(kept, f32x4.mul(take, v128.load(w + at))));
  }
}

/**
 * Adam and AdamW. Settings: the factor of w, the fraction of w that is added to the gradient, β1, 1 − β1, β2, 1 − β2,
 * learning rate / (1 − β1^step), 1 / √(1 − β2^step), ε.
 */
function adam(settings: usize, gradients: usize, w: usize, m: usize, v: usize, bytes: usize): void {
  const shrink = v128.load32_splat(settings);
  const decay = v128.load32_splat(settings, 4);
  const keep1 = v128.load32_splat(settings, 8);
  const take1 = v128.load32_splat(settings, 12);
  const keep2 = v128.load32_splat(settings, 16);
  const take2 = v128.load32_splat(settings, 20);
  const size = v128.load32_splat(settings, 24);
  const root = v128.load32_splat(settings, 28);
  const epsilon = v128.load32_splat(settings, 32);
  for (let at: usize = 0; at < bytes; at += 16) {
    const before = v128.load(w + at);
    const weight = f32x4.mul(before, shrink);
    const g = f32x4.add(v128.load(gradients + at), f32x4.mul(decay, before));
    const mean = flushed(f32x4.add(f32x4.mul(keep1, v128.load(m + at)), f32x4.mul(take1, g)), 1e-30);
    const square = flushed(
      f32x4.add(f32x4.mul(keep2, v128.load(v + at)), f32x4.mul(take2, f32x4.mul(g, g))),
      1e-36,
    );
    v128.store(m + at, mean);
    v128.store(v + at, square);
    const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(square), root), epsilon);
    v128.store(w + at, f32x4.sub(weight, f32x4.div(f32x4.mul(size, mean), denominator)));
  }
}

/** Settings: the fraction of w that is added to the gradient, learning rate. */
function sgd(settings: usize, gradients: usize, w: usize, bytes: usize): void {
  const decay = v128.load32_splat(settings);
  const rate = v128.load32_splat(settings, 4);
  for (let at: usize = 0; at < bytes; at += 16) {
    const weight = v128.load(w + at);
    const g = f32x4.add(v128.load(gradients + at), f32x4.mul(decay, weight));
    v128.store(w + at, f32x4.sub(weight, f32x4.mul(rate, g)));
  }
}

/** Settings: those of `sgd`, momentum, and the fractions of the gradient (1 with Nesterov, else 0) and buffer in a step. */
function momentumSgd(settings: usize, gradients: usize, w: usize, buffer: usize, bytes: usize): void {
  const decay = v128.load32_splat(settings);
  const rate = v128.load32_splat(settings, 4);
  const momentum = v128.load32_splat(settings, 8);
  const ofGradient = v128.load32_splat(settings, 12);
  const ofBuffer = v128.load32_splat(settings, 16);
  for (let at: usize = 0; at < bytes; at += 16) {
    const weight = v128.load(w + at);
    const g = f32x4.add(v128.load(gradients + at), f32x4.mul(decay, weight));
    const velocity = flushed(f32x4.add(f32x4.mul(momentum, v128.load(buffer + at)), g), 1e-30);
    v128.store(buffer + at, velocity);
    const direction = f32x4.add(f32x4.mul(ofGradient, g), f32x4.mul(ofBuffer, velocity));
    v128.store(w + at, f32x4.sub(weight, f32x4.mul(rate, direction)));
  }
}

/** Settings: the fraction of w that is added to the gradient, learning rate, α, 1 − α, ε. */
function rmsprop(settings: usize, gradients: usize, w: usize, v: usize, bytes: usize): void {
  const decay = v128.load32_splat(settings);
  const rate = v128.load32_splat(settings, 4);
  const keep = v128.load32_splat(settings, 8);
  const take = v128.load32_splat(settings, 12);
  const epsilon = v128.load32_splat(settings, 16);
  for (let at: usize = 0; at < bytes; at += 16) {
    const weight = v128.load(w + at);
    const g = f32x4.add(v128.load(gradients + at), f32x4.mul(decay, weight));
    const square = flushed(
      f32x4.add(f32x4.mul(keep, v128.load(v + at)), f32x4.mul(take, f32x4.mul(g, g))),
      1e-36,
    );
    v128.store(v + at, square);
    const denominator = f32x4.add(f32x4.sqrt(square), epsilon);
    v128.store(w + at, f32x4.sub(weight, f32x4.div(f32x4.mul(rate, g), denominator)));
  }
}

/** 0 for what is tiny. The averages of units that are off would fade into denormal numbers, which are many times slower. */
@inline
function flushed(value: v128, smallest: f32): v128 {
  // A NaN is not less than anything, so it stays.
  return v128.andnot(value, f32x4.lt(f32x4.abs(value), f32x4.splat(smallest)));
}
