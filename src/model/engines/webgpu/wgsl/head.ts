/**
 * The last layer forward, the loss, and the last layer backward, in one kernel: for few outputs, which one workgroup works out
 * for a sample. This saves two dispatches of five in a step of a network with one hidden layer.
 */
import type { LayerLayout } from '../layout.js';
import { throughActivation } from './backward.js';
import { control, controlWords, declareBuffers } from './bindings.js';
import { f32 } from './literals.js';
import { gridOfSamples, sampleOfWorkgroup, type Kernel } from './kernel.js';
import { crossEntropyOf, lossFunctions, lowest, type LossOptions } from './loss.js';

const threads = 128;
/** How many threads add up a vector of outputs, and how many sums each of them adds. */
const adders = 16;
const addedByEach = threads / adders;
/** All threads hold all outputs. */
const mostVectors = 4;

/** Whether the network's last layer has few enough outputs. The layer below must not be its inputs. */
export function fitsHead({ outputVectors, index }: LayerLayout): boolean {
  return outputVectors <= mostVectors && index > 0;
}

export function headKernel(last: LayerLayout, below: LayerLayout, options: LossOptions): Kernel {
  const { format, rows, loss } = options;
  const { inputVectors, outputs, outputVectors, parameters, gradients } = last;
  const vectors = Array.from({ length: outputVectors }, (_, vector) => vector);
  const sumOf = (terms: string[]): string => terms.join(' + ');
  const weights = (i: number, vector: number): string => `parameters[at + ${i * outputVectors + vector}u]`;

  const code = `${declareBuffers('pass', format)}${lossFunctions(last, options)}${throughActivation(below, options)}
// (output vectors, threads)
var<workgroup> partial: array<vec4f, ${threads * outputVectors}>;

@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {${sampleOfWorkgroup}
  ${vectors.map((c) => `var o${c} = vec4f();`).join(' ')}
  for (var v = thread; v < ${inputVectors}u; v += ${threads}u) {
    let x = activations[${below.values}u + row * ${inputVectors}u + v];
    let at = ${parameters}u + v * ${4 * outputVectors}u;
    ${vectors.map((c) => `o${c} += ${sumOf([0, 1, 2, 3].map((i) => `x.${'xyzw'[i]} * ${weights(i, c)}`))};`).join('\n    ')}
  }
  ${vectors.map((c) => `partial[${c * threads}u + thread] = o${c};`).join(' ')}
  workgroupBarrier();
  if (thread < ${adders * outputVectors}u) {
    let first = thread / ${adders}u * ${threads}u + thread % ${adders}u;
    partial[first] = ${pairwise('first', adders, addedByEach)};
  }
  workgroupBarrier();
  if (thread < ${outputVectors}u) {
    let first = thread * ${threads}u;
    let bias = parameters[${parameters + 4 * inputVectors * outputVectors}u + thread];
    partial[first] = ${pairwise('first', 1, adders)} + bias;
  }
  workgroupBarrier();
  ${vectors.map((c) => `o${c} = partial[${c * threads}u];`).join(' ')}
  ${loss === 'cross_entropy' ? crossEntropy(vectors, outputs, options) : errorLoss(vectors, outputs)}
  if (thread == 0u) { seen[${controlWords}u + place] = bitcast<u32>(lossOfSample); }
  if (thread < ${outputs}u) {
    seen[${controlWords + rows}u + place * ${outputs}u + thread] = bitcast<u32>(partial[thread / 4u * ${threads}u][thread % 4u]);
  }
  if (seen[${control.isTraining}] == 1u) {
    if (thread == 0u) {
      ${vectors.map((c) => `activations[${gradients}u + row * ${outputVectors}u + ${c}u] = d${c};`).join(' ')}
    }
    for (var v = thread; v < ${inputVectors}u; v += ${threads}u) {
      let at = ${parameters}u + v * ${4 * outputVectors}u;
      let dValues = vec4f(${[0, 1, 2, 3].map((i) => sumOf(vectors.map((c) => `dot(d${c}, ${weights(i, c)})`))).join(', ')});
      activations[${below.gradients}u + row * ${inputVectors}u + v] = throughActivation(dValues, row, v);
    }
  }
}
`;
  return { name: 'head', code, buffers: 'pass', grid: gridOfSamples };
}

/** The sum of so many vectors of `partial`, from `first` on in strides, added in pairs. */
function pairwise(first: string, stride: number, count: number): string {
  const sum = (from: number, of: number): string =>
    of === 1
      ? `partial[${first} + ${from * stride}u]`
      : `(${sum(from, of / 2)} + ${sum(from + of / 2, of / 2)})`;
  return sum(0, count);
}

function crossEntropy(vectors: number[], outputs: number, { smoothing }: LossOptions): string {
  const added = (term: (c: number) => string): string => `total(${vectors.map(term).join(' + ')})`;
  const masked = (c: number): string => `select(vec4f(0), o${c}, isReal(${c}u))`;
  return `
  // A NaN may hide from the largest; it then shows in the sum.
  ${vectors.map((c) => `let l${c} = select(vec4f(${lowest}), o${c}, isReal(${c}u));`).join(' ')}
  let largest4 = ${vectors.map((c) => `l${c}`).reduce((all, l) => `max(${all}, ${l})`)};
  let largest = max(max(largest4.x, largest4.y), max(largest4.z, largest4.w));
  ${vectors.map((c) => `let e${c} = select(vec4f(0), exp(o${c} - largest), isReal(${c}u));`).join(' ')}
  let sum = ${added((c) => `e${c}`)};
  let chosen = targets[sample];
  let ofTarget = partial[chosen / 4u * ${threads}u][chosen % 4u];
  ${smoothing === 0 ? '' : `let sumOfLogits = ${added(masked)};`}
  let lossOfSample = ${crossEntropyOf(outputs, smoothing)};
  ${vectors.map((c) => `let d${c} = select(vec4f(0), (e${c} / sum - wantedOf(sample, ${c}u)) * share, isReal(${c}u));`).join('\n  ')}`;
}

function errorLoss(vectors: number[], outputs: number): string {
  return `
  ${vectors.map((c) => `let e${c} = o${c} - wantedOf(sample, ${c}u);`).join(' ')}
  let lossOfSample = total(${vectors.map((c) => `select(vec4f(0), termOf(e${c}), isReal(${c}u))`).join(' + ')}) * ${f32(1 / outputs)};
  ${vectors.map((c) => `let d${c} = select(vec4f(0), slopeOf(e${c}) * (share * ${f32(1 / outputs)}), isReal(${c}u));`).join('\n  ')}`;
}
