/** Training on the kernels: one step after the other, all of it in one WebAssembly memory. */
import { TrainyardError } from '../../../errors.js';
import { batchAt, epochOrder } from '../../batch-plan.js';
import { checkState, tensorOf } from '../../initialization.js';
import type { StateDict, Tensor } from '../../network.js';
import type { AdamSpec } from '../../optimizer.js';
import { byteTable } from '../../preprocessing.js';
import { checkData } from '../check-data.js';
import { evaluationBatchSize } from '../engine.js';
import type {
  BatchReport,
  LabelledSamples,
  PredictionProgram,
  Trainer,
  TrainingData,
  TrainingProgram,
  TrainingState,
} from '../engine.js';
import { instantiate, type CompiledKernels } from './kernels.js';
import { createLayout, roundUp, strideOf } from './layout.js';
import { panelShapes, planLayer, readLayer, writeLayer, type LayerAddress } from './panels.js';

export const device = 'CPU, 1 thread, WebAssembly SIMD';

type Split = 'train' | 'test';

export function createWasmTrainer(
  { module, heapBase }: CompiledKernels,
  program: TrainingProgram,
  data: TrainingData,
  start: TrainingState,
): Trainer {
  const { network, batchSize, seed, optimizer } = program;
  refuseUnknown(program);
  if (optimizer.type !== 'adam') throw unknown(`the optimiser ${optimizer.type}`);
  checkData(network, data);
  checkState(network, optimizer, start);

  const layout = createLayout(heapBase);
  const shapes = panelShapes(network);
  const most = Math.max(data.train.count, data.test.count);
  const rowsStride = roundUp(Math.max(Math.min(batchSize, most), evaluationBatchSize), 4);
  const layers = shapes.map((shape, l) => ({
    shape,
    values: planLayer(layout, shape),
    /** Adam's two moments. */
    m: planLayer(layout, shape),
    v: planLayer(layout, shape),
    /** (rowsStride, stride): the activations, of the last layer the logits. */
    outputs: layout.floats(rowsStride * shape.stride),
    /** (rowsStride, stride): the gradient of what the activation was applied to. */
    gradient: layout.floats(rowsStride * shape.stride),
    /** The weights' transpose, in panels (outputs rounded up to 4, 8) over the inputs; the first layer needs none. */
    transposed: l > 0 ? layout.floats(8 * Math.ceil(shape.inputs / 8) * roundUp(shape.outputs, 4)) : 0,
  }));
  const last = layers[layers.length - 1];
  const xStride = strideOf(network.inputs);
  /** (rowsStride, xStride) */
  const x = layout.floats(rowsStride * xStride);
  /** One layer's gradient in panels (rowsStride, 8). */
  const dz = layout.floats(rowsStride * 8 * Math.max(...shapes.map(({ panels }) => panels)));
  const scratch = layout.floats(8 * Math.max(...shapes.map(({ panelRows }) => panelRows)));
  const zeros = layout.floats(8 * Math.max(...shapes.map(({ panels }) => panels)));
  const settings = layout.floats(8);
  const table = layout.floats(256);
  const shuffled = layout.bytes(4 * data.train.count);
  const inSequence = layout.bytes(4 * most);
  const batchLabels = layout.bytes(rowsStride);
  const correct = layout.bytes(4);
  const place = ({ inputs, labels }: LabelledSamples) => ({
    inputs: layout.bytes(inputs.length),
    labels: layout.bytes(labels.length),
  });
  const splits = { train: place(data.train), test: place(data.test) };

  const memory = layout.createMemory();
  const kernels = instantiate(module, memory);
  const floats = new Float32Array(memory.buffer);
  const words = new Uint32Array(memory.buffer);
  const bytes = new Uint8Array(memory.buffer);
  floats.set(byteTable(program.preprocessing), table / 4);
  for (let sample = 0; sample < most; sample++) words[inSequence / 4 + sample] = sample;
  for (const split of ['train', 'test'] as const) {
    bytes.set(data[split].inputs, splits[split].inputs);
    bytes.set(data[split].labels, splits[split].labels);
  }
  for (const { shape, values, m, v } of layers) {
    const write = (to: LayerAddress, from: StateDict, suffix: string): void => {
      const tensor = (name: string) => tensorOf(from, `${shape.name}.${name}${suffix}`).data;
      writeLayer(floats, shape, to, tensor('weight'), tensor('bias'));
    };
    write(values, start.parameters, '');
    write(m, start.optimizer, '.exp_avg');
    write(v, start.optimizer, '.exp_avg_sq');
  }
  let step = start.step;
  let shuffledEpoch = -1;

  /** Works out the logits of the `count` samples whose indices lie at `order`; returns the sum of their losses. */
  function infer(split: Split, order: number, count: number): number {
    const { inputs, labels } = splits[split];
    kernels.gather(inputs, labels, network.inputs, order, count, table, x, xStride, batchLabels);
    const rows = roundUp(count, 4);
    let [from, fromStride] = [x, xStride];
    for (const { shape, values, outputs } of layers) {
      const { panelRows, panels, stride, activation } = shape;
      const { weights, bias } = values;
      const relu = activation === 'relu';
      // prettier-ignore
      kernels.dense(from, fromStride, rows, shape.inputs, weights, panelRows, bias, panels, outputs, stride, relu);
      [from, fromStride] = [outputs, stride];
    }
    return kernels.crossEntropy(from, fromStride, count, network.outputs, batchLabels, correct);
  }

  /** After `infer`: from the logits back to the first layer, each updated once its gradient has been passed on. */
  function learn(count: number, spec: AdamSpec): void {
    floats.set(adamSettings(spec, step + 1), settings / 4);
    kernels.softmaxGradient(
      last.outputs,
      last.shape.stride,
      count,
      network.outputs,
      batchLabels,
      last.gradient,
    );
    for (let l = layers.length - 1; l >= 0; l--) {
      const { shape, values, m, v, gradient } = layers[l];
      const { panels, panelRows } = shape;
      kernels.toPanels(gradient, shape.stride, count, panels, dz, rowsStride);
      if (l > 0) passOn(l, count);
      const [from, fromStride] = l > 0 ? [layers[l - 1].outputs, layers[l - 1].shape.stride] : [x, xStride];
      const { weights, bias } = values;
      // prettier-ignore
      kernels.updateDense(from, fromStride, count, dz, rowsStride, weights, m.weights, v.weights, panelRows, bias, m.bias, v.bias, panels, scratch, settings);
    }
  }

  /** The gradient of the layer before, by this layer's weights as the forward pass had them. */
  function passOn(l: number, count: number): void {
    const { shape, values, gradient, transposed } = layers[l];
    const { outputs: activations, gradient: into, shape: before } = layers[l - 1];
    const rows = roundUp(count, 4);
    const transposedRows = roundUp(shape.outputs, 4);
    kernels.transpose(values.weights, shape.panelRows, shape.outputs, transposed, transposedRows);
    // prettier-ignore
    kernels.dense(gradient, shape.stride, rows, shape.outputs, transposed, transposedRows, zeros, before.panels, into, before.stride, false);
    if (before.activation === 'relu') {
      kernels.reluGradient(into, activations, before.stride, count, before.panels);
    }
  }

  function run(steps: number): BatchReport {
    const report: BatchReport = { samples: 0, lossSums: new Float64Array(steps), correct: 0 };
    for (let i = 0; i < steps; i++) {
      const { epoch, first, size } = batchAt(step, data.train.count, batchSize);
      if (epoch !== shuffledEpoch) {
        words.set(epochOrder(seed, epoch, data.train.count), shuffled / 4);
        shuffledEpoch = epoch;
      }
      report.lossSums[i] = infer('train', shuffled + 4 * first, size);
      report.correct += words[correct / 4];
      report.samples += size;
      learn(size, optimizer as AdamSpec);
      step++;
    }
    return report;
  }

  function evaluate(split: Split, first: number, batches: number): BatchReport {
    const report: BatchReport = { samples: 0, lossSums: new Float64Array(batches), correct: 0 };
    for (let i = 0; i < batches; i++) {
      const sample = (first + i) * evaluationBatchSize;
      const size = Math.min(evaluationBatchSize, data[split].count - sample);
      report.lossSums[i] = infer(split, inSequence + 4 * sample, size);
      report.correct += words[correct / 4];
      report.samples += size;
    }
    return report;
  }

  function snapshot(): TrainingState {
    const parameters = new Map<string, Tensor>();
    const moments = new Map<string, Tensor>();
    for (const { shape, ...addresses } of layers) {
      const values = readLayer(floats, shape, addresses.values);
      const m = readLayer(floats, shape, addresses.m);
      const v = readLayer(floats, shape, addresses.v);
      for (const name of ['weight', 'bias'] as const) {
        parameters.set(`${shape.name}.${name}`, values[name]);
        moments.set(`${shape.name}.${name}.exp_avg`, m[name]);
        moments.set(`${shape.name}.${name}.exp_avg_sq`, v[name]);
      }
    }
    return { step, parameters, optimizer: moments };
  }

  return {
    device,
    run: async (steps) => Promise.resolve(run(steps)),
    evaluate: async (split, first, batches) => Promise.resolve(evaluate(split, first, batches)),
    snapshot: async () => Promise.resolve(snapshot()),
    // The memory goes with the last reference to this trainer.
    dispose: async () => Promise.resolve(),
  };
}

/** Throws ENGINE_UNAVAILABLE for what these kernels cannot work out. */
export function refuseUnknown({ network, loss }: PredictionProgram): void {
  if (loss !== 'cross_entropy') throw unknown(`the loss ${loss}`);
  for (const { activation, dropout } of network.hidden) {
    if (activation !== 'relu') throw unknown(`the activation ${activation}`);
    if (dropout !== 0) throw unknown('dropout');
  }
}

function unknown(what: string): TrainyardError {
  return new TrainyardError('ENGINE_UNAVAILABLE', `The wasm engine does not know ${what}.`);
}

/** What the kernel reads; see kernels/update.ts. */
function adamSettings(spec: AdamSpec, step: number): number[] {
  const { beta1, beta2, epsilon, weight_decay } = spec;
  const stepSize = spec.learning_rate / (1 - beta1 ** step);
  return [
    beta1,
    1 - beta1,
    beta2,
    1 - beta2,
    stepSize,
    1 / Math.sqrt(1 - beta2 ** step),
    epsilon,
    weight_decay,
  ];
}
