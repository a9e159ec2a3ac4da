/** Training: each step is queued on the device, and what it showed is read after several. */
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { batchAt, epochOrder } from '../../network/batch-plan.js';
import { checkState, type TrainingState } from '../../network/initialization.js';
import { isClassLoss, sampleLoss } from '../../network/losses.js';
import { byteTable } from '../../preprocessing/affine.js';
import { reportOf, weightSumOf, type SeenBatch } from '../batch-report.js';
import { checkData, checkReplacement } from '../check-data.js';
import { evaluationBatchSize } from '../engine.js';
import type {
  BatchReport,
  Samples,
  SplitName,
  Trainer,
  TrainingData,
  TrainingProgram,
  TrainingResources,
} from '../engine.js';
import { createImmutableTensors } from './immutable-tensors.js';
import { stateFrom, stateOnDevice, type LearnedTensors } from './learned-tensors.js';
import { explainingNoRoom, refuseIfTooLarge } from './memory.js';
import { createConstants, createPasses, lossGradient, type Constants, type Passes } from './passes.js';
import type { Tensorflow, Tf } from './tensorflow.js';
import { createVariables, hasVariables } from './variables.js';

export async function createTensorflowTrainer(
  tensorflow: Tensorflow,
  program: TrainingProgram,
  data: TrainingData,
  start: TrainingState,
  { memoryLimitBytes }: TrainingResources,
): Promise<Trainer> {
  const { tf } = tensorflow;
  const { network, optimizer } = program;
  checkData(program, data);
  checkState(network, optimizer, start);
  refuseIfTooLarge(program, data, memoryLimitBytes);

  const constants = createConstants(tf);
  const isAdam = optimizer.type === 'adam' || optimizer.type === 'adamw';
  const inVariables = isAdam && (await hasVariables(tf));
  const state = stateOnDevice(tf, network, optimizer, start);
  const { steps = 0 } = program;
  const learned = inVariables
    ? createVariables(tf, { optimizer, steps }, state)
    : createImmutableTensors(tf, constants, { optimizer, steps }, state);
  return new TensorflowTrainer(tensorflow, program, data, { constants, learned, step: start.step });
}

/** Batches whose outputs wait on the device to be read together. */
const batchesAtOnce = 32;

/** A batch whose outputs are still on the device. */
interface QueuedBatch {
  split: Samples;
  /** (batch) */
  rows: Uint32Array;
  /** (batch, outputs) */
  outputs: Tensor2D;
  /** Of the targets in the loss; 0 in evaluations. */
  smoothing: number;
}

/** A split on the device, so that a batch is a look-up there. */
interface DeviceSamples {
  /** (count, width), as the network takes them. */
  inputs: Tensor2D;
  /** (count, outputs), one-hot or values. */
  targets: Tensor2D;
}

class TensorflowTrainer implements Trainer {
  readonly device: string;
  readonly #tf: Tf;
  readonly #program: TrainingProgram;
  readonly #data: TrainingData;
  readonly #samples: Record<SplitName, DeviceSamples>;
  readonly #constants: Constants;
  readonly #passes: Passes;
  readonly #learned: LearnedTensors;
  /** Steps done. */
  #step: number;
  /** The order of the samples in the epoch of the latest step. */
  #order: { epoch: number; samples: Uint32Array } = { epoch: -1, samples: new Uint32Array() };
  #disposed = false;

  constructor(
    { tf, device }: Tensorflow,
    program: TrainingProgram,
    data: TrainingData,
    { constants, learned, step }: { constants: Constants; learned: LearnedTensors; step: number },
  ) {
    this.device = device;
    this.#tf = tf;
    this.#program = program;
    this.#data = data;
    this.#samples = {
      train: samplesOnDevice(tf, program, data.train),
      validation: samplesOnDevice(tf, program, data.validation),
      test: samplesOnDevice(tf, program, data.test),
    };
    this.#constants = constants;
    this.#passes = createPasses(tf, program.network, constants);
    this.#learned = learned;
    this.#step = step;
  }

  run(steps: number): Promise<BatchReport> {
    return explainingNoRoom(() => this.#work(steps, () => this.#trainBatch()));
  }

  evaluate(split: SplitName, first: number, batches: number): Promise<BatchReport> {
    return explainingNoRoom(() => this.#work(batches, (i) => this.#evaluateBatch(split, first + i)));
  }

  async replaceInputs(inputs: Samples['inputs']): Promise<void> {
    if (this.#disposed) throw new Error('This trainer has ended.');
    checkReplacement(this.#program, this.#data.train, inputs);
    const { train } = this.#samples;
    // First, so that the device need not hold both.
    train.inputs.dispose();
    await explainingNoRoom(async () => {
      const replaced = inputsOnDevice(this.#tf, this.#program, { ...this.#data.train, inputs });
      this.#samples.train = { ...train, inputs: replaced };
      return Promise.resolve();
    });
  }

  async snapshot(): Promise<TrainingState> {
    const { network, optimizer } = this.#program;
    const step = this.#step;
    return stateFrom(network, optimizer, step, await this.#learned.read());
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return Promise.resolve();
    this.#disposed = true;
    this.#learned.dispose();
    this.#constants.dispose();
    this.#tf.dispose(Object.values(this.#samples).flatMap(({ inputs, targets }) => [inputs, targets]));
    return Promise.resolve();
  }

  /** Has `batches` batches queued, the one numbered i by `queue(i)`, and reads what they showed. */
  async #work(batches: number, queue: (i: number) => QueuedBatch): Promise<BatchReport> {
    const tf = this.#tf;
    const seen: SeenBatch[] = [];
    while (seen.length < batches) {
      if (this.#disposed) throw new Error('This trainer has ended.');
      const first = seen.length;
      const size = Math.min(batchesAtOnce, batches - first);
      const queued = Array.from({ length: size }, (_, i) => queue(first + i));
      const together = tf.tidy(() => tf.concat(queued.map(({ outputs }) => outputs)));
      tf.dispose(queued.map(({ outputs }) => outputs));
      const numbers = (await together.data()) as Float32Array;
      together.dispose();
      let at = 0;
      for (const batch of queued) {
        const end = at + batch.rows.length * this.#program.network.outputs;
        seen.push(this.#seenBatch(batch, numbers.slice(at, end)));
        at = end;
      }
    }
    return reportOf(seen);
  }

  /** The losses are computed here, in float64 from the outputs, so that a step needs no kernel for them. */
  #seenBatch({ split, rows, smoothing }: QueuedBatch, outputs: Float32Array): SeenBatch {
    const { network, loss } = this.#program;
    const width = network.outputs;
    let lossSum = 0;
    rows.forEach((row, i) => {
      const weight = split.weights === null ? 1 : split.weights[row];
      const own = outputs.subarray(i * width, (i + 1) * width);
      lossSum += weight * sampleLoss(loss, own, split.targets, row, smoothing);
    });
    return { lossSum, weightSum: weightSumOf(split, rows), rows, outputs };
  }

  #trainBatch(): QueuedBatch {
    const tf = this.#tf;
    const split = this.#data.train;
    const { inputs, targets } = this.#samples.train;
    const rows = this.#nextRows();
    const { seed, optimizer, labelSmoothing: smoothing = 0 } = this.#program;
    const dropout = { seed, step: this.#step };
    const { outputs, gradients } = tf.tidy(() => {
      const indices = tf.tensor1d(Int32Array.from(rows), 'int32');
      const parameters = this.#learned.parameters();
      const seen = this.#passes.forward(parameters, tf.gather(inputs, indices), dropout);
      const dOutputs = lossGradient(tf, this.#constants, this.#program.loss, {
        outputs: seen.outputs,
        targets: tf.gather(targets, indices),
        smoothing,
        shares: split.weights === null ? null : tf.tensor2d(sharesOf(split, rows), [rows.length, 1]),
      });
      return { outputs: seen.outputs, gradients: this.#passes.backward(parameters, seen.passes, dOutputs) };
    });
    this.#step += 1;
    tf.tidy(() => {
      this.#learned.update(clipped(tf, gradients, optimizer.clip_norm), this.#step);
    });
    tf.dispose(gradients);
    return { split, rows, outputs, smoothing };
  }

  #evaluateBatch(name: SplitName, batch: number): QueuedBatch {
    const tf = this.#tf;
    const split = this.#data[name];
    const first = batch * evaluationBatchSize;
    const size = Math.min(evaluationBatchSize, split.count - first);
    const outputs = tf.tidy(() => {
      const inputs = tf.slice(this.#samples[name].inputs, [first, 0], [size, split.width]);
      return this.#passes.forward(this.#learned.evaluated(), inputs, null).outputs;
    });
    const rows = Uint32Array.from({ length: size }, (_, i) => first + i);
    return { split, rows, outputs, smoothing: 0 };
  }

  /** The next step's samples, as rows of the train split. */
  #nextRows(): Uint32Array {
    const { batchSize, seed } = this.#program;
    const { count } = this.#data.train;
    const { epoch, first, size } = batchAt(this.#step, count, batchSize);
    if (this.#order.epoch !== epoch) this.#order = { epoch, samples: epochOrder(seed, epoch, count) };
    return this.#order.samples.slice(first, first + size);
  }
}

/** (batch) Each sample's w / Σ w; 0 where the weights are all 0. */
function sharesOf(split: Samples, rows: Uint32Array): Float32Array {
  const weightSum = weightSumOf(split, rows);
  return Float32Array.from(rows, (row) => (weightSum === 0 ? 0 : (split.weights?.[row] ?? 1) / weightSum));
}

/** See `OptimizerOptions`. In a tidy; where a gradient is not a number, none is. */
function clipped(tf: Tf, gradients: readonly Tensor[], clipNorm: number | undefined): readonly Tensor[] {
  if (clipNorm === undefined) return gradients;
  const squares = tf.addN(gradients.map((gradient): Tensor => tf.sum(tf.square(gradient))));
  const factor = tf.div(clipNorm, tf.add(tf.sqrt(squares), 1e-6));
  const one = tf.scalar(1);
  const capped = tf.where(tf.greater(factor, one), one, factor);
  return gradients.map((gradient) => tf.mul(gradient, capped));
}

/** Scaled once. */
function samplesOnDevice(tf: Tf, program: TrainingProgram, samples: Samples): DeviceSamples {
  const { network, loss } = program;
  const { count, targets } = samples;
  const values = new Float32Array(count * network.outputs);
  if (isClassLoss(loss)) targets.forEach((index, sample) => (values[sample * network.outputs + index] = 1));
  else values.set(targets);
  return {
    inputs: inputsOnDevice(tf, program, samples),
    targets: tf.tensor2d(values, [count, network.outputs]),
  };
}

function inputsOnDevice(
  tf: Tf,
  { scaling }: TrainingProgram,
  { count, width, inputs }: Pick<Samples, 'count' | 'width' | 'inputs'>,
): Tensor2D {
  const table = scaling && byteTable(scaling);
  // A copy: a tensor may keep the array that it is created from.
  const numbers = table ? Float32Array.from(inputs, (byte) => table[byte]) : Float32Array.from(inputs);
  return tf.tensor2d(numbers, [count, width]);
}
