/** Softmax and its cross-entropy, one row at a time in float64: few numbers, and the ones that must be right. */

/**
 * Σ over the rows of log Σ exp(logits) − logits[label], the largest logit taken out first so that nothing overflows.
 * Writes at `correct` (u32) how many rows have their largest logit, of equals the first, at their label.
 */
export function crossEntropy(
  logits: usize,
  stride: usize,
  rows: usize,
  classes: usize,
  labels: usize,
  correct: usize,
): f64 {
  let sum: f64 = 0;
  let right: u32 = 0;
  for (let row: usize = 0; row < rows; row++) {
    const at = logits + ((row * stride) << 2);
    const label = <usize>load<u8>(labels + row);
    const best = largest(at, classes);
    const top = <f64>load<f32>(at + (best << 2));
    sum += Math.log(exponentials(at, classes, top)) + top - <f64>load<f32>(at + (label << 2));
    if (best == label) right++;
  }
  store<u32>(correct, right);
  return sum;
}

/** out (rows, stride) = what the mean loss over the rows changes by, (softmax − one-hot) / rows. */
export function softmaxGradient(
  logits: usize,
  stride: usize,
  rows: usize,
  classes: usize,
  labels: usize,
  out: usize,
): void {
  const scale = 1 / <f64>rows;
  for (let row: usize = 0; row < rows; row++) {
    const at = logits + ((row * stride) << 2);
    const label = <usize>load<u8>(labels + row);
    const top = <f64>load<f32>(at + (largest(at, classes) << 2));
    const whole = exponentials(at, classes, top);
    for (let i: usize = 0; i < classes; i++) {
      const p = Math.exp(<f64>load<f32>(at + (i << 2)) - top) / whole;
      store<f32>(out + (i << 2), <f32>((i == label ? p - 1 : p) * scale));
    }
    out += stride << 2;
  }
}

/** The probabilities of each row (classes), packed one after the other. */
export function softmax(logits: usize, stride: usize, rows: usize, classes: usize, out: usize): void {
  for (let row: usize = 0; row < rows; row++) {
    const at = logits + ((row * stride) << 2);
    const top = <f64>load<f32>(at + (largest(at, classes) << 2));
    const whole = exponentials(at, classes, top);
    for (let i: usize = 0; i < classes; i++) {
      store<f32>(out, <f32>(Math.exp(<f64>load<f32>(at + (i << 2)) - top) / whole));
      out += 4;
    }
  }
}

function largest(row: usize, classes: usize): usize {
  let best: usize = 0;
  for (let i: usize = 1; i < classes; i++) {
    if (load<f32>(row + (i << 2)) > load<f32>(row + (best << 2))) best = i;
  }
  return best;
}

function exponentials(row: usize, classes: usize, top: f64): f64 {
  let sum: f64 = 0;
  for (let i: usize = 0; i < classes; i++) sum += Math.exp(<f64>load<f32>(row + (i << 2)) - top);
  return sum;
}
