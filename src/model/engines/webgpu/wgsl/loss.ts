/**
 * The loss of each sample of a batch, and its gradient by the network's outputs: by one kernel after the last layer, for any
 * number of outputs. network/losses.ts says what the losses are.
 */
import type { Loss } from '../../../network/losses.js';
import type { LayerLayout } from '../layout.js';
import { control, controlWords, declareBuffers, type InputFormat } from './bindings.js';
import { f32 } from './literals.js';
import { gridOfSamples, sampleOfWorkgroup, type Kernel } from './kernel.js';

export interface LossOptions {
  loss: Loss;
  smoothing: number;
  format: InputFormat;
  /** The samples that `seen` has room for. */
  rows: number;
  batchSize: number;
  seed: number;
}

/** The slope of a loss by the error e, and the loss itself. As in PyTorch, the slope of |e| is 0 at 0. A NaN stays one. */
const errorTerms: Record<Exclude<Loss, 'cross_entropy'>, { slope: string; loss: string }> = {
  one_hot_mse: { slope: '2 * e', loss: 'e * e' },
  mse: { slope: '2 * e', loss: 'e * e' },
  mae: { slope: 'select(select(e, vec4f(-1), e < vec4f(0)), vec4f(1), e > vec4f(0))', loss: 'abs(e)' },
  huber: {
    slope: 'select(select(e, vec4f(-1), e < vec4f(-1)), vec4f(1), e > vec4f(1))',
    loss: 'select(abs(e) - 0.5, 0.5 * e * e, abs(e) <= vec4f(1))',
  },
};

/**
 * `isReal(vector)`: which numbers of a vector are outputs; `total(numbers)`: their sum; `isTarget(chosen, vector)`: which is the
 * class; `wantedOf(sample, vector)`: the targets, smoothed in training; and for losses of errors `slopeOf` and `termOf`.
 */
export function lossFunctions({ outputs }: LayerLayout, { loss, smoothing }: LossOptions): string {
  const isOfValues = loss !== 'cross_entropy' && loss !== 'one_hot_mse';
  const value = (i: number): string =>
    `bitcast<f32>(targets[sample * ${outputs}u + min(4u * vector + ${i}u, ${outputs - 1}u)])`;
  const wanted = isOfValues
    ? `vec4f(${[0, 1, 2, 3].map(value).join(', ')})`
    : `select(vec4f(0), vec4f(1 - smoothingNow()), isTarget(targets[sample], vector)) + smoothingNow() * ${f32(1 / outputs)}`;
  const terms = loss === 'cross_entropy' ? null : errorTerms[loss];
  return `
fn unitsOf(vector: u32) -> vec4u { return vec4u(4u * vector) + vec4u(0u, 1u, 2u, 3u); }
fn isReal(vector: u32) -> vec4<bool> { return unitsOf(vector) < vec4u(${outputs}u); }
fn isTarget(chosen: u32, vector: u32) -> vec4<bool> { return unitsOf(vector) == vec4u(chosen); }
fn total(numbers: vec4f) -> f32 { return (numbers.x + numbers.y) + (numbers.z + numbers.w); }
fn smoothingNow() -> f32 { return ${smoothing === 0 ? '0f' : `select(0f, ${f32(smoothing)}, seen[${control.isTraining}] == 1u)`}; }
fn wantedOf(sample: u32, vector: u32) -> vec4f { return ${wanted}; }
${
  terms === null
    ? ''
    : `fn slopeOf(e: vec4f) -> vec4f { return ${terms.slope}; }
fn termOf(e: vec4f) -> vec4f { return ${terms.loss}; }`
}
`;
}

/** The loss of a sample from the largest logit, Σ e^(logit − largest), the logit of the target and the sum of all. */
export function crossEntropyOf(outputs: number, smoothing: number): string {
  return smoothing === 0
    ? '(log(sum) + largest) - ofTarget'
    : `(log(sum) + largest) - (1 - smoothingNow()) * ofTarget - smoothingNow() * ${f32(1 / outputs)} * sumOfLogits`;
}

/** Less than any logit that is a number. */
export const lowest = '-3e38f';

const threads = 64;

/** What the threads of a workgroup have, added in a fixed order, and the largest of it. */
const reductions = (['total', 'largest'] as const)
  .map((name) => {
    const other = 'ofThreads[thread + half]';
    const step = name === 'total' ? `ofThreads[thread] + ${other}` : `max(ofThreads[thread], ${other})`;
    return `
fn ${name}OfThreads(thread: u32, own: f32) -> f32 {
  ofThreads[thread] = own;
  for (var half = ${threads / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { ofThreads[thread] = ${step}; }
  }
  workgroupBarrier();
  let result = ofThreads[0];
  workgroupBarrier();
  return result;
}
`;
  })
  .join('');

/** One workgroup a sample. `last` has the outputs as its values. */
export function lossKernel(last: LayerLayout, options: LossOptions): Kernel {
  const { loss, format, rows } = options;
  const { outputs, outputVectors, values, gradients } = last;
  const code = `${declareBuffers('pass', format)}${lossFunctions(last, options)}
var<workgroup> ofThreads: array<f32, ${threads}>;
${reductions}
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {${sampleOfWorkgroup}
  let outputsAt = ${values}u + row * ${outputVectors}u;
  let gradientsAt = ${gradients}u + row * ${outputVectors}u;
  for (var c = thread; c < ${outputs}u; c += ${threads}u) {
    seen[${controlWords + rows}u + place * ${outputs}u + c] = bitcast<u32>(activations[outputsAt + c / 4u][c % 4u]);
  }
  ${loss === 'cross_entropy' ? crossEntropy(last, options) : errorLoss(last)}
  if (thread == 0u) { seen[${controlWords}u + place] = bitcast<u32>(lossOfSample); }
}
`;
  return { name: 'loss', code, buffers: 'pass', grid: gridOfSamples };
}

function eachVector(count: number, statements: string): string {
  return `for (var v = thread; v < ${count}u; v += ${threads}u) {
    let outputs = activations[outputsAt + v];
    ${statements}
  }`;
}

function crossEntropy({ outputs, outputVectors }: LayerLayout, { smoothing }: LossOptions): string {
  return `
  // A NaN may hide from the largest; it then shows in the sum.
  var largest = ${lowest};
  ${eachVector(
    outputVectors,
    `let logits = select(vec4f(${lowest}), outputs, isReal(v));
    largest = max(largest, max(max(logits.x, logits.y), max(logits.z, logits.w)));`,
  )}
  largest = largestOfThreads(thread, largest);
  var sum = 0f;
  var sumOfLogits = 0f;
  ${eachVector(
    outputVectors,
    `sum += total(select(vec4f(0), exp(outputs - largest), isReal(v)));
    sumOfLogits += total(select(vec4f(0), outputs, isReal(v)));`,
  )}
  sum = totalOfThreads(thread, sum);
  ${smoothing === 0 ? '' : 'sumOfLogits = totalOfThreads(thread, sumOfLogits);'}
  ${eachVector(
    outputVectors,
    `let d = (exp(outputs - largest) / sum - wantedOf(sample, v)) * share;
    activations[gradientsAt + v] = select(vec4f(0), d, isReal(v));`,
  )}
  let chosen = targets[sample];
  let ofTarget = activations[outputsAt + chosen / 4u][chosen % 4u];
  let lossOfSample = ${crossEntropyOf(outputs, smoothing)};`;
}

function errorLoss({ outputs, outputVectors }: LayerLayout): string {
  return `
  var sum = 0f;
  ${eachVector(
    outputVectors,
    `let e = outputs - wantedOf(sample, v);
    sum += total(select(vec4f(0), termOf(e), isReal(v)));
    activations[gradientsAt + v] = select(vec4f(0), slopeOf(e) * (share * ${f32(1 / outputs)}), isReal(v));`,
  )}
  let lossOfSample = totalOfThreads(thread, sum) * ${f32(1 / outputs)};`;
}
