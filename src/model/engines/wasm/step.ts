/**
 * One thread's part in training. Every thread runs this on the same memory, each on its part of every layer's units:
 *
 *   gather          its rows of the batch (of the next one, while this one's loss is worked out)
 *   hidden layers   its units' outputs                                                            all meet, to publish them
 *   last layer      its rows' outputs and losses                                                  all meet
 *   backward        from the last layer: its units' gradient of the layer below; of the last layer the weights that these
 *                   units feed                                                                    all meet, to publish it
 *                   of a layer between: the weights that feed its units
 *   first layer     the weights that feed its units
 *
 * A number is worked out by one thread alone and always in the same order, so that the number of threads changes no bit.
 * In a network of two layers, what a thread does after the last meeting of a step touches nothing of the others' until the
 * first meeting of the next: its units of the first layer stay its own. Networks of one layer or of more meet once more.
 */
import { dropoutScale, dropoutThreshold } from '../../network/dropout.js';
import { streamWord } from '../../../lib/philox.js';
import type { BatchReport, SplitName } from '../engine.js';
import type { BatchMatrix } from './batch-matrix.js';
import { createBatches, type Batch } from './batches.js';
import { activationCodes, type Kernels } from './kernels.js';
import { createLayerWork } from './layer-work.js';
import { optimizerSettings } from './optimizer-settings.js';
import type { BatchPlan, LayerPlan, Plan } from './plan.js';
import { createSharing } from './sharing.js';

export type Command =
  | { kind: 'train'; firstStep: number; steps: number }
  | { kind: 'evaluate'; split: SplitName; firstBatch: number; batches: number };

/** A layer's inputs as they are read: whole, where there is no background, or as what differs from it. */
interface LayerInputs {
  x: BatchMatrix;
  background: number | null;
}

/** Carries a command out together with the other threads; all must be given the same. The first thread's report is whole. */
export function createStepper(
  kernels: Kernels,
  memory: WebAssembly.Memory,
  plan: Plan,
  thread: number,
): (command: Command) => BatchReport {
  const { layers, rowsStride, program } = plan;
  const { settings } = plan.threads[thread];
  const floats = new Float32Array(memory.buffer);
  const doubles = new Float64Array(memory.buffer);
  const last = layers.length - 1;
  const lossKernel = program.loss === 'cross_entropy' ? kernels.crossEntropy : kernels.squaredError;
  const [seedLow, seedHigh] = [program.seed % 2 ** 32, Math.floor(program.seed / 2 ** 32)];
  const batches = createBatches(kernels, memory, plan, thread);
  const work = createLayerWork(kernels, plan, thread);
  const { partOf, meet, publish } = createSharing(kernels, memory, plan, thread);

  /** Returns the inputs of each layer. `step` is null where nothing is learnt and no unit dropped. */
  function hiddenLayers(batch: BatchPlan, quads: number, step: number | null): LayerInputs[] {
    const inputs: LayerInputs[] = [{ x: batch.inputs, background: plan.background?.value ?? null }];
    layers.slice(0, last).forEach((layer, l) => {
      const part = partOf(layer.shape.panels);
      work.forward(layer, inputs[l].x, inputs[l].background, quads, part);
      activate(layer, l, step, quads, part);
      const isSparse = publish(layer.outputs, quads);
      inputs.push({ x: layer.outputs, background: isSparse ? 0 : null });
    });
    return inputs;
  }

  function activate(
    { shape, outputs, source, factors }: LayerPlan,
    l: number,
    step: number | null,
    quads: number,
    [first, end]: [number, number],
  ): void {
    const drops = step !== null && factors !== 0;
    if (drops) {
      const stream = streamWord({ purpose: 'dropout', part: l });
      const threshold = dropoutThreshold(shape.dropout) * 2 ** 8;
      const scale = dropoutScale(shape.dropout);
      // prettier-ignore
      kernels.dropoutFactors(seedLow, seedHigh, step, stream, threshold, scale, shape.outputs, quads, first, end, factors, rowsStride);
    }
    const code = activationCodes[shape.activation];
    // prettier-ignore
    kernels.activate(code, outputs.panels, source, drops ? factors : 0, rowsStride, 4 * quads, first, end);
  }

  /** By rows. The loss's gradient is worked out on the way, and costs an evaluation next to nothing. */
  function lastLayer(x: BatchMatrix, labels: number, size: number): void {
    const { shape, values, outputs, gradient } = layers[last];
    const { panelRows, panels } = shape;
    const [firstQuad, endQuad] = partOf(Math.ceil(size / 4));
    // prettier-ignore
    kernels.dense(x.quads, x.columns, x.width, firstQuad, endQuad, values.weights, panelRows, values.bias, 0, panels, outputs.panels, rowsStride);
    const endRow = Math.min(4 * endQuad, size);
    // prettier-ignore
    lossKernel(outputs.panels, rowsStride, 4 * firstQuad, endRow, shape.outputs, labels, size, plan.losses, plan.correct, gradient.panels);
    if (last === 0) return;
    const [from, to] = [128 * firstQuad, 16 * firstQuad * gradient.columns];
    // prettier-ignore
    kernels.toQuads(gradient.panels + from, rowsStride, endQuad - firstQuad, 0, panels, gradient.quads + to, gradient.columns);
  }

  function backward(inputs: LayerInputs[], size: number, step: number): void {
    floats.set(optimizerSettings(program.optimizer, step + 1), settings / 4);
    const quads = Math.ceil(size / 4);
    let isSparse = false;
    for (let l = last; l >= 0; l--) {
      const layer = layers[l];
      const { x, background } = inputs[l];
      const part = partOf(layer.shape.panels);
      const isBetween = l > 0 && l < last;
      if (l > 0) {
        const below = layers[l - 1];
        const [first, end] = partOf(below.shape.panels);
        work.passOn(layer, below, isSparse, quads, [first, end]);
        if (l === last) {
          const fed: [number, number] = [8 * first, Math.min(8 * end, x.width)];
          work.updateWeights(layer, x, null, size, [0, layer.shape.panels], fed);
        }
        if (l > 1) isSparse = publish(below.gradient, quads);
        else if (isBetween) meet();
      }
      if (l === 0 || isBetween) work.updateWeights(layer, x, background, size, part);
      work.updateBias(layer, size, part);
    }
  }

  /** The sum of the rows' losses, in their order. */
  function lossSumOf(size: number): number {
    let sum = 0;
    for (let row = 0; row < size; row++) sum += doubles[plan.losses / 8 + row];
    return sum;
  }

  /** The last layer's outputs of the first `size` rows, row by row, to `outputs` (size, outputs). */
  function readOutputs(size: number, outputs: Float32Array): void {
    const { shape, outputs: from } = layers[last];
    for (let row = 0; row < size; row++) {
      for (let i = 0; i < shape.outputs; i++) {
        outputs[row * shape.outputs + i] =
          floats[from.panels / 4 + ((i >> 3) * rowsStride + row) * 8 + (i & 7)];
      }
    }
  }

  /** `stepOf` is null where nothing is learnt. */
  function runBatches(
    count: number,
    batchOf: (i: number) => Batch,
    stepOf: ((i: number) => number) | null,
  ): BatchReport {
    const width = layers[last].shape.outputs;
    const all = thread === 0 ? Array.from({ length: count }, (_, i) => batchOf(i)) : [];
    const samples = all.reduce((sum, { size }) => sum + size, 0);
    const report: BatchReport = {
      lossSums: new Float64Array(count),
      weightSums: Float64Array.from(all, ({ size }) => size),
      rows: new Uint32Array(samples),
      outputs: new Float32Array(samples * width),
    };
    let seen = 0;
    let batch = count > 0 ? batchOf(0) : null;
    if (batch !== null) gather(batch, 0);
    meet();
    for (let i = 0; batch !== null; i++) {
      const { size } = batch;
      const step = stepOf?.(i) ?? null;
      const current = plan.batches[i % 2];
      const inputs = hiddenLayers(current, Math.ceil(size / 4), step);
      lastLayer(inputs[last].x, current.labels, size);
      batch = i + 1 < count ? batchOf(i + 1) : null;
      if (batch !== null) gather(batch, i + 1);
      meet();
      if (thread === 0) {
        report.lossSums[i] = lossSumOf(size);
        readOutputs(size, report.outputs.subarray(seen * width));
        for (let row = 0; row < size; row++) report.rows[seen + row] = sampleOf(all[i], row);
        seen += size;
      }
      if (step !== null) backward(inputs, size, step);
      if (last !== 1) meet();
    }
    return report;
  }

  function gather(batch: Batch, i: number): void {
    batches.gather(batch, plan.batches[i % 2], partOf(Math.ceil(batch.size / 4)));
  }

  return (command) =>
    command.kind === 'train'
      ? runBatches(
          command.steps,
          (i) => batches.ofStep(command.firstStep + i),
          (i) => command.firstStep + i,
        )
      : runBatches(command.batches, (i) => batches.ofEvaluation(command.split, command.firstBatch + i), null);
}

function sampleOf({ order, first }: Batch, row: number): number {
  return order === null ? first + row : order[first + row];
}
