/** Which kernels a network needs, in their order. */
import type { NetworkSpec } from '../../network/network.js';
import { evaluationBatchSize, type TrainingProgram } from '../engine.js';
import { layoutOf, type NetworkLayout } from './layout.js';
import type { CompiledKernel, Pipelines } from './pipelines.js';
import { backwardKernel } from './wgsl/backward.js';
import { forwardKernel } from './wgsl/forward.js';
import type { InputFormat } from './wgsl/bindings.js';
import { fitsHead, headKernel } from './wgsl/head.js';
import { lossKernel } from './wgsl/loss.js';
import { updateKernels } from './wgsl/update.js';

/** What there is room for on the device. */
export interface Room {
  layout: NetworkLayout;
  /** The most steps and the most samples between two readings. */
  steps: number;
  rows: number;
}

export interface TrainingKernels {
  /** Of a step of training. */
  step: CompiledKernel[];
  /** Of an evaluation, of up to `layout.rows` samples at a time. */
  evaluation: CompiledKernel[];
}

const mostSteps = 1_024;
const mostRows = 65_536;
/** Of outputs and losses. */
const mostNumbersRead = 4_000_000;
const mostRowsAtOnce = 1_024;
/** Of the activations of an evaluation. */
const mostActivations = 16_000_000;

/** `mostSamples`: that may lie on the device, where not all do. */
export function roomFor({ network, batchSize }: TrainingProgram, mostSamples = mostRows): Room {
  const mostInTurn = Math.min(mostRows, mostSamples, mostNumbersRead / (1 + network.outputs));
  const steps = Math.max(1, Math.min(mostSteps, Math.floor(mostInTurn / batchSize)));
  return {
    layout: layoutOf(network, Math.max(batchSize, rowsAtOnce(network))),
    steps,
    rows: Math.max(steps * batchSize, evaluationBatchSize),
  };
}

export async function compileTraining(
  pipelines: Pipelines,
  program: TrainingProgram,
  { layout, rows }: Room = roomFor(program),
): Promise<TrainingKernels> {
  const { network, batchSize, loss, optimizer, scaling, seed, labelSmoothing: smoothing = 0 } = program;
  const format: InputFormat = { scaling, inputs: network.inputs };
  const options = { format, batchSize, seed };
  const { layers } = layout;
  const last = layers[layers.length - 1];
  const lossOptions = { ...options, loss, smoothing, rows };
  const hasHead = fitsHead(last);
  // The head is the last layer both ways.
  const apart = hasHead ? layers.slice(0, -1) : layers;
  const forward = apart.map((layer, l) => forwardKernel(layer, layers[l - 1] ?? null, options));
  const backward = apart.slice(1).map((layer, l) => backwardKernel(layer, layers[l], options));
  const ofLoss = hasHead
    ? headKernel(last, layers[last.index - 1], lossOptions)
    : lossKernel(last, lossOptions);
  const compiled = await pipelines.compile([
    ...forward,
    ofLoss,
    ...backward.reverse(),
    ...updateKernels(layout, { optimizer, format, batchSize }),
  ]);
  return { step: compiled, evaluation: compiled.slice(0, forward.length + 1) };
}

/** Multiples of the batches of evaluations. */
function rowsAtOnce({ hidden }: NetworkSpec): number {
  const widest = hidden.reduce((sum, { units }) => sum + units, 1);
  const batches = Math.floor(Math.min(mostRowsAtOnce, mostActivations / widest) / evaluationBatchSize);
  return evaluationBatchSize * Math.max(1, batches);
}

/** Of a prediction: `layout.rows` samples at a time, and the outputs are the values of the last layer. */
export async function compilePrediction(
  pipelines: Pipelines,
  network: NetworkSpec,
  rows: number,
): Promise<{ layout: NetworkLayout; kernels: CompiledKernel[] }> {
  const layout = layoutOf(network, rows);
  const format: InputFormat = { scaling: null, inputs: network.inputs };
  const options = { format, batchSize: layout.rows, seed: null };
  const { layers } = layout;
  const kernels = layers.map((layer, l) => forwardKernel(layer, layers[l - 1] ?? null, options));
  return { layout, kernels: await pipelines.compile(kernels) };
}
