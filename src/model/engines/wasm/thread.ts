/**
 * One thread's part in training; threads.ts starts it, and it carries out commands until it is ended. Every thread runs
 * this on the same memory, each on its part of every layer's units:
 *
 *   gather          its rows of the batch (of the next one, after this one's loss)
 *   hidden layers   its units' outputs                                                            all meet, to publish them
 *   last layer      its rows' outputs and losses                                                  all meet
 *   backward        from the last layer: its units' gradient of the layer below; of the last layer the weights that these
 *                   units feed                                                                    all meet, to publish it
 *                   of a layer between: the weights that feed its units
 *   first layer     the weights that feed its units
 *
 * Where gradients are clipped, the weights wait for the norm of all gradients, which are stored meanwhile:
 *
 *   norm            all meet; the squares of its units' gradients                                 all meet
 *   update          the weights that feed its units, of every layer
 *
 * A number is computed by one thread alone and always in the same order, so the number of threads changes no bit. In a
 * network of two layers, what a thread does after the last meeting of a step touches nothing of the others' until the first
 * meeting of the next: its units of the first layer stay its own. Networks of one layer or of more meet once more.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { clipFactor } from '../../network/optimizers.js';
import { reportOf, type SeenBatch } from '../batch-report.js';
import type { BatchReport } from '../engine.js';
import { Batches, rowsOf, type Batch } from './batches.js';
import { Kernels, type Range, type Updater } from './kernels.js';
import { inputsOfPiece, readRows, type BatchMatrix } from './layout.js';
import type { LayerPlan, Plan } from './plan.js';
import type { Command, ThreadTask } from './threads.js';
import { updateSettings } from './update-settings.js';

/** With a larger share of numbers that are not 0, listing a batch's numbers would cost more than it saves. */
const mostNonzeros = 0.45;

/** A layer's inputs as they are read: whole, where there is no background, or as what differs from it. */
interface LayerInputs {
  x: BatchMatrix;
  background: number | null;
}

class TrainingThread {
  readonly #kernels: Kernels;
  readonly #plan: Plan;
  readonly #thread: number;
  readonly #batches: Batches;
  readonly #updater: Updater;
  /** What the gradients of a step update at once: the layers, or where gradients are clipped, what these are stored in. */
  readonly #updatedLayers: LayerPlan[];
  /** The layers as evaluations use them: with averages, where parameters are averaged. */
  readonly #evaluatedLayers: LayerPlan[];
  readonly #floats: Float32Array;
  readonly #words: Uint32Array;
  readonly #doubles: Float64Array;
  readonly #losses: Float64Array;

  constructor({ module, memory, plan, thread }: ThreadTask) {
    this.#kernels = new Kernels(module, memory);
    this.#plan = plan;
    this.#thread = thread;
    this.#batches = new Batches(this.#kernels, memory, plan, plan.threads[thread].indices);
    const { scratch, settings } = plan.threads[thread];
    const { layers, program } = plan;
    const clips = program.optimizer.clip_norm !== undefined;
    this.#updater = { optimizer: clips ? null : program.optimizer, settings, scratch };
    this.#updatedLayers = layers.map((layer) =>
      layer.gradients === null ? layer : { ...layer, values: layer.gradients, slots: [], averages: null },
    );
    this.#evaluatedLayers = layers.map((layer) => ({ ...layer, values: layer.averages ?? layer.values }));
    this.#floats = new Float32Array(memory.buffer);
    this.#words = new Uint32Array(memory.buffer);
    this.#doubles = new Float64Array(memory.buffer);
    this.#losses = new Float64Array(memory.buffer, plan.losses, plan.rowsStride);
  }

  /** All threads must get the same command. The report of the first thread is whole, those of the others are empty. */
  carryOut(command: Command): BatchReport {
    this.#batches.trainBackground = command.trainBackground;
    const isTraining = command.kind === 'train';
    const count = isTraining ? command.steps : command.batches;
    const lastLayer = this.#plan.layers.length - 1;
    const seen: SeenBatch[] = [];
    let batch = count > 0 ? this.#gather(command, 0) : null;
    this.#meet();
    for (let i = 0; batch !== null; i++) {
      const step = isTraining ? command.firstStep + i : null;
      const inputs = this.#hiddenLayers(this.#plan.batches[i % 2], batch, step);
      const weightSum = this.#lastLayer(inputs[lastLayer].x, batch, step);
      const next = i + 1 < count ? this.#gather(command, i + 1) : null;
      this.#meet();
      if (this.#thread === 0) seen.push(this.#seenBatch(batch, weightSum));
      if (step !== null) this.#backward(inputs, batch.size, step);
      if (lastLayer !== 1) this.#meet();
      batch = next;
    }
    return reportOf(seen);
  }

  /** Gathers this thread's rows of the i-th batch of the command. */
  #gather(command: Command, i: number): Batch {
    const batch =
      command.kind === 'train'
        ? this.#batches.ofStep(command.firstStep + i)
        : this.#batches.ofEvaluation(command.split, command.firstBatch + i);
    this.#batches.gather(batch, this.#plan.batches[i % 2], this.#partOf(quadsOf(batch)));
    return batch;
  }

  /** Returns the inputs of each layer. `step` is null where nothing is learnt and no unit dropped. */
  #hiddenLayers(x: BatchMatrix, batch: Batch, step: number | null): LayerInputs[] {
    const quads = quadsOf(batch);
    const inputs: LayerInputs[] = [{ x, background: batch.background?.value ?? null }];
    this.#layersOf(step)
      .slice(0, -1)
      .forEach((layer, l) => {
        const panels = this.#partOf(layer.shape.panels);
        this.#forward(layer, inputs[l], quads, panels);
        this.#activate(layer, l, step, quads, panels);
        const isSparse = this.#publish(layer.outputs, quads);
        inputs.push({ x: layer.outputs, background: isSparse ? 0 : null });
      });
    return inputs;
  }

  #layersOf(step: number | null): LayerPlan[] {
    return step === null ? this.#evaluatedLayers : this.#plan.layers;
  }

  #forward(layer: LayerPlan, { x, background }: LayerInputs, quads: number, panels: Range): void {
    const out = layer.outputs;
    if (background === null) {
      this.#kernels.dense({ x, layer, out, quads: [0, quads], panels });
    } else {
      const { scratch } = this.#plan.threads[this.#thread];
      this.#kernels.sparseDense({ x, background, layer, out, rows: 4 * quads, panels, scratch });
    }
  }

  #activate(layer: LayerPlan, l: number, step: number | null, quads: number, panels: Range): void {
    const { program, rowsStride } = this.#plan;
    const { shape, outputs, source, factors } = layer;
    const drops = step !== null && factors !== 0;
    if (drops) {
      this.#kernels.dropoutFactors({
        seed: program.seed,
        step,
        layer: l,
        rate: shape.dropout,
        units: shape.outputs,
        quads,
        panels,
        factors,
        rowsStride,
      });
    }
    this.#kernels.activate({
      activation: shape.activation,
      values: outputs,
      source,
      factors: drops ? factors : 0,
      rows: 4 * quads,
      panels,
    });
  }

  /**
   * Outputs, losses and their gradient of this thread's rows; the gradient costs an evaluation next to nothing. Returns the
   * sum of the batch's weights.
   */
  #lastLayer(x: BatchMatrix, batch: Batch, step: number | null): number {
    const { program, losses, threads } = this.#plan;
    const [layer] = this.#layersOf(step).slice(-1);
    const { shape, outputs, gradient } = layer;
    const quads = this.#partOf(quadsOf(batch));
    const panels: Range = [0, shape.panels];
    const weightSum = this.#batches.weightSumOf(batch);
    this.#kernels.dense({ x, layer, out: outputs, quads, panels });
    this.#kernels.loss({
      loss: program.loss,
      outputs,
      gradient,
      rows: [4 * quads[0], Math.min(4 * quads[1], batch.size)],
      indices: threads[this.#thread].indices,
      targets: batch.split.targets,
      weights: batch.split.weights,
      // Where all weights are 0, so is the gradient.
      weightSum: weightSum === 0 ? 1 : weightSum,
      losses,
      smoothing: step === null ? 0 : program.labelSmoothing,
    });
    if (gradient.quads !== 0) this.#kernels.toQuads({ matrix: gradient, quads, panels });
    return weightSum;
  }

  #backward(inputs: LayerInputs[], rows: number, step: number): void {
    const { layers, program, zeros } = this.#plan;
    const updater = this.#updater;
    const last = layers.length - 1;
    const quads = Math.ceil(rows / 4);
    this.#floats.set(updateSettings(program.optimizer, step + 1, program.steps), updater.settings / 4);
    let isSparse = false;
    for (let l = last; l >= 0; l--) {
      const layer = layers[l];
      const updated = this.#updatedLayers[l];
      const panels = this.#partOf(layer.shape.panels);
      const isBetween = l > 0 && l < last;
      if (l > 0) {
        const below = layers[l - 1];
        const [first, end] = this.#partOf(below.shape.panels);
        this.#passOn(layer, below, isSparse, quads, [first, end]);
        if (l === last) {
          const { x } = inputs[l];
          const fed: Range = [8 * first, Math.min(8 * end, x.width)];
          const all: Range = [0, layer.shape.panels];
          this.#kernels.updateWeights({ updater, layer: updated, x, rows, inputs: fed, panels: all, zeros });
        }
        if (l > 1) isSparse = this.#publish(below.gradient, quads);
        else if (isBetween) this.#meet();
      }
      if (l === 0 || isBetween) this.#updateWeights(updated, inputs[l], rows, panels);
      this.#kernels.updateBias({ updater, layer: updated, rows, panels });
    }
    if (program.optimizer.clip_norm !== undefined) this.#updateClipped(program.optimizer.clip_norm);
  }

  /** Each panel's squares are added up by one thread, and those of all panels in their order, so that no bit can differ. */
  #updateClipped(clipNorm: number): void {
    const { layers, program } = this.#plan;
    this.#meet();
    layers.forEach(({ shape, squares }, l) => {
      const layer = this.#updatedLayers[l];
      this.#kernels.sumSquares({ layer, sums: squares, panels: this.#partOf(shape.panels) });
    });
    this.#meet();
    let sum = 0;
    for (const { shape, squares } of layers) {
      for (let panel = 0; panel < shape.panels; panel++) sum += this.#doubles[squares / 8 + panel];
    }
    const factor = clipFactor(clipNorm, Math.sqrt(sum));
    const updater = { ...this.#updater, optimizer: program.optimizer };
    for (const layer of layers) {
      const { gradients, shape } = layer;
      if (gradients === null) continue;
      this.#kernels.updateStored({ updater, layer, gradients, factor, panels: this.#partOf(shape.panels) });
    }
  }

  /** The weights that feed these panels. */
  #updateWeights(layer: LayerPlan, { x, background }: LayerInputs, rows: number, panels: Range): void {
    const updater = this.#updater;
    if (background === null) {
      const { zeros } = this.#plan;
      this.#kernels.updateWeights({ updater, layer, x, rows, inputs: [0, x.width], panels, zeros });
    } else {
      this.#kernels.updateSparseWeights({ updater, layer, x, background, rows, panels });
    }
  }

  /** The gradient of the layer below, through its activation and dropout, by this layer's gradient and weights. */
  #passOn(layer: LayerPlan, below: LayerPlan, isSparse: boolean, quads: number, panels: Range): void {
    const { zeros, threads } = this.#plan;
    const { scratch } = threads[this.#thread];
    const { gradient } = layer;
    this.#kernels.inputGradient({
      gradient,
      isSparse,
      layer,
      out: below.gradient,
      quads,
      panels,
      scratch,
      zeros,
    });
    this.#kernels.activationGradient({
      activation: below.shape.activation,
      values: below.gradient,
      source: below.source === 0 ? below.outputs.panels : below.source,
      factors: below.factors,
      rows: 4 * quads,
      panels,
    });
  }

  #seenBatch(batch: Batch, weightSum: number): SeenBatch {
    const { outputs: matrix } = this.#plan.layers[this.#plan.layers.length - 1];
    const outputs = new Float32Array(batch.size * matrix.width);
    readRows(this.#floats, matrix, batch.size, outputs);
    // In the order of the rows, so that the sum has the same bits however they are divided among the threads.
    const lossSum = this.#losses.subarray(0, batch.size).reduce((sum, loss) => sum + loss, 0);
    return { lossSum, weightSum, rows: rowsOf(batch), outputs };
  }

  /** This thread's part of `count` things. */
  #partOf(count: number): Range {
    const threads = this.#plan.threads.length;
    return [Math.floor((count * this.#thread) / threads), Math.floor((count * (this.#thread + 1)) / threads)];
  }

  /** Returns when every thread has come. */
  #meet(): void {
    this.#kernels.meet(this.#plan.barrier, this.#plan.threads.length);
  }

  /**
   * Makes quads of a matrix whose panels every thread has written its part of, or lists where most of its numbers are 0, as
   * ReLU and dropout leave them. Returns when all of it can be read, and whether it is to be read as lists. That depends on
   * its numbers alone, so every thread and every repetition finds the same.
   */
  #publish(matrix: BatchMatrix, quads: number): boolean {
    this.#kernels.toQuads({ matrix, quads: [0, quads], panels: this.#partOf(matrix.columns / 8) });
    this.#meet();
    if (matrix.entries === 0) return false;
    const [firstQuad, endQuad] = this.#partOf(quads);
    this.#kernels.listNonzeros({ matrix, rows: [4 * firstQuad, 4 * endQuad] });
    this.#meet();
    return this.#nonzeros(matrix, 4 * quads) <= mostNonzeros * 4 * quads * matrix.width;
  }

  /** How many numbers of the first `rows` rows are listed. */
  #nonzeros({ width, rowsStride, counts }: BatchMatrix, rows: number): number {
    let sum = 0;
    for (let list = 0; list < Math.ceil(width / inputsOfPiece) * rowsStride; list += rowsStride) {
      for (let row = 0; row < rows; row++) sum += this.#words[counts / 4 + list + row];
    }
    return sum;
  }
}

function quadsOf({ size }: Batch): number {
  return Math.ceil(size / 4);
}

const thread = new TrainingThread(workerData as ThreadTask);

parentPort?.on('message', (command: Command) => {
  const report = thread.carryOut(command);
  // Moved, not copied.
  parentPort?.postMessage(report, [report.rows.buffer as ArrayBuffer, report.outputs.buffer as ArrayBuffer]);
});
