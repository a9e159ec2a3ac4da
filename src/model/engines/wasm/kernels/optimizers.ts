/**
 * The optimisers, on weights w with gradients of the same layout, in place. Formulas and settings are those of
 * ../../../optimizer.ts; the settings are float32, worked out in float64 by ../optimizer-settings.ts.
 */

// As kernels.ts of the TypeScript side numbers them.
const adaptiveMoments: u32 = 0;
const gradientDescent: u32 = 1;
const momentumDescent: u32 = 2;

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
  else rmsprop(settings, gradients, w, slot0, bytes);
}

/**
 * Adam and AdamW. Settings: what w is multiplied by first, what of w is added to the gradient; β1, 1 − β1, β2, 1 − β2,
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

/** Settings: what of w is added to the gradient, learning rate. */
function sgd(settings: usize, gradients: usize, w: usize, bytes: usize): void {
  const decay = v128.load32_splat(settings);
  const rate = v128.load32_splat(settings, 4);
  for (let at: usize = 0; at < bytes; at += 16) {
    const weight = v128.load(w + at);
    const g = f32x4.add(v128.load(gradients + at), f32x4.mul(decay, weight));
    v128.store(w + at, f32x4.sub(weight, f32x4.mul(rate, g)));
  }
}

/** Settings: as of `sgd`, then momentum, what of the gradient (1 with Nesterov, else 0) and of the buffer goes into the step. */
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

/** Settings: what of w is added to the gradient, learning rate, α, 1 − α, ε. */
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

/** Averages of units that are off fade into denormal numbers, on which every operation takes many times as long. */
@inline
function flushed(value: v128, smallest: f32): v128 {
  // A NaN is not less than anything, and so is kept.
  return v128.andnot(value, f32x4.lt(f32x4.abs(value), f32x4.splat(smallest)));
}
