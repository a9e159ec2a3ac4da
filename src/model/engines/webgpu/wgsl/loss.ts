/** The loss of a batch's samples and its gradient by the network's outputs, for any number of outputs. */
import type { Loss } from '../../../network/losses.js';
import type { LayerLayout } from '../layout.js';
import { control, controlWords, declareBuffers, type InputFormat } from './bindings.js';
import { f32 } from './literals.js';
import type { Kernel } from './kernel.js';

export interface LossOptions {
  loss: Loss;
  smoothing: number;
  format: InputFormat;
  /** The samples that `seen` has room for. */
  rows: number;
  batchSize: number;
  seed: number;
}

/** The slope of a loss of values, and the loss, by the error e. As in PyTorch, the slope of |e| is 0 at e = 0. */
const errorTerms: Record<Exclude<Loss, 'cross_entropy'>, { slope: string; loss: string }> = {
  one_hot_mse: { slope: '2 * e', loss: 'e * e' },
  mse: { slope: '2 * e', loss: 'e * e' },
  // A NaN stays one.
  mae: { slope: 'select(select(e, -1f, e < 0), 1f, e > 0)', loss: 'abs(e)' },
  huber: {
    slope: 'select(select(e, -1f, e < -1), 1f, e > 1)',
    loss: 'select(abs(e) - 0.5, 0.5 * e * e, abs(e) <= 1)',
  },
};

const threads = 64;

/** The sum or the largest of what the threads of a workgroup have, in a fixed order. */
const together = `
var<workgroup> ofThreads: array<f32, ${threads}>;

fn sumOf(thread: u32, own: f32) -> f32 {
  ofThreads[thread] = own;
  for (var half = ${threads / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { ofThreads[thread] += ofThreads[thread + half]; }
  }
  workgroupBarrier();
  let sum = ofThreads[0];
  workgroupBarrier();
  return sum;
}

fn largestOf(thread: u32, own: f32) -> f32 {
  ofThreads[thread] = own;
  for (var half = ${threads / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { ofThreads[thread] = max(ofThreads[thread], ofThreads[thread + half]); }
  }
  workgroupBarrier();
  let largest = ofThreads[0];
  workgroupBarrier();
  return largest;
}
`;

/** One workgroup a sample. `last` has its sums, the outputs, as values. */
export function lossKernel(last: LayerLayout, options: LossOptions): Kernel {
  const { loss, format, rows } = options;
  const { outputs, outputVectors, values, gradients } = last;
  const code = `${declareBuffers('pass', format)}${together}
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = workgroup.x;
  let place = seen[${control.current}] + row;
  let sample = order[place].x;
  let share = bitcast<f32>(order[place].y);
  let outputsAt = ${values}u + row * ${outputVectors}u;
  let gradientsAt = ${gradients}u + row * ${outputVectors}u;
  for (var c = thread; c < ${outputs}u; c += ${threads}u) {
    seen[${controlWords + rows}u + place * ${outputs}u + c] = bitcast<u32>(activations[outputsAt + c / 4u][c % 4u]);
  }
  ${loss === 'cross_entropy' ? crossEntropy(outputs, options) : errorLoss(loss, outputs)}
  if (thread == 0u) { seen[${controlWords}u + place] = bitcast<u32>(lossOfSample); }
}
`;
  return { name: 'loss', code, buffers: 'pass', grid: (batch) => [batch, 1] };
}

function crossEntropy(outputs: number, { smoothing }: LossOptions): string {
  return `
  // Of f32; a NaN may hide from the largest, and then shows in the sum.
  var largest = -3e38f;
  for (var c = thread; c < ${outputs}u; c += ${threads}u) { largest = max(largest, activations[outputsAt + c / 4u][c % 4u]); }
  largest = largestOf(thread, largest);
  var sum = 0f;
  var all = 0f;
  for (var c = thread; c < ${outputs}u; c += ${threads}u) {
    let logit = activations[outputsAt + c / 4u][c % 4u];
    sum += exp(logit - largest);
    all += logit;
  }
  sum = sumOf(thread, sum);
  all = sumOf(thread, all);
  let chosen = targets[sample];
  let smoothing = select(0f, ${f32(smoothing)}, seen[${control.isTraining}] == 1u);
  for (var c = thread; c < ${outputs}u; c += ${threads}u) {
    let logit = activations[outputsAt + c / 4u][c % 4u];
    let wanted = select(0f, 1 - smoothing, c == chosen) + smoothing * ${f32(1 / outputs)};
    activations[gradientsAt + c / 4u][c % 4u] = (exp(logit - largest) / sum - wanted) * share;
  }
  let ofTarget = activations[outputsAt + chosen / 4u][chosen % 4u];
  let lossOfSample = (log(sum) + largest) - (1 - smoothing) * ofTarget - smoothing * all * ${f32(1 / outputs)};`;
}

function errorLoss(loss: Exclude<Loss, 'cross_entropy'>, outputs: number): string {
  const { slope, loss: term } = errorTerms[loss];
  const wanted =
    loss === 'one_hot_mse'
      ? 'select(0f, 1f, c == targets[sample])'
      : `bitcast<f32>(targets[sample * ${outputs}u + c])`;
  return `
  var sum = 0f;
  for (var c = thread; c < ${outputs}u; c += ${threads}u) {
    let e = activations[outputsAt + c / 4u][c % 4u] - ${wanted};
    sum += ${term};
    activations[gradientsAt + c / 4u][c % 4u] = ${slope} * share * ${f32(1 / outputs)};
  }
  let lossOfSample = sumOf(thread, sum) * ${f32(1 / outputs)};`;
}
