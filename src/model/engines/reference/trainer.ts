/** Training, one step after the other: gather, forward, loss, backward, update. */
import { batchAt, epochOrder } from '../../network/batch-plan.js';
import { checkState, tensorOf, type TrainingState } from '../../network/initialization.js';
import { denseLayers, parameterShapes, type NetworkSpec, type Tensor } from '../../network/network.js';
import { emaDecayAt, optimizerAt, optimizerSlots, type OptimizerSpec } from '../../network/optimizers.js';
import { applyAffine, type AffineMap } from '../../preprocessing/affine.js';
import { reportOf, weightSumOf, type SeenBatch } from '../batch-report.js';
import { checkData, checkReplacement } from '../check-data.js';
import {
  evaluationBatchSize,
  type BatchReport,
  type Samples,
  type SplitName,
  type Trainer,
  type TrainingData,
  type TrainingProgram,
} from '../engine.js';
import { backward, createActivations, firstRows, forward, outputsOf } from './layers.js';
import type { Activations, Dropout, Layer, TrainableLayer } from './layers.js';
import { lossGradient, lossSumOf, type Batch } from './losses.js';
import { rowsOf, type Floats, type FloatsConstructor, type Matrix } from './matrix.js';
import { averageTensor, clipGradients, updateTensor, type LearnedTensor } from './optimizers.js';

export const device = 'CPU, 1 thread, plain TypeScript';

/** Nothing is held outside the heap. */
export class ReferenceTrainer implements Trainer {
  readonly device = device;
  readonly #program: TrainingProgram;
  /** Its training inputs may be replaced. */
  #data: TrainingData;
  readonly #tensors: NamedTensor[];
  readonly #layers: TrainableLayer[];
  /** What evaluations use: the averages, where parameters are averaged. */
  readonly #evaluatedLayers: Layer[];
  /** Room for the largest batch. */
  readonly #activations: Activations;
  readonly #gradients: Activations;
  /** Steps done. */
  #step: number;
  /** The order of the samples in the epoch of the latest step. */
  #order: { epoch: number; samples: Uint32Array } = { epoch: -1, samples: new Uint32Array() };

  constructor(
    program: TrainingProgram,
    data: TrainingData,
    start: TrainingState,
    Numbers: FloatsConstructor,
  ) {
    const { network, optimizer, batchSize } = program;
    checkData(program, data);
    checkState(network, optimizer, start);
    this.#program = program;
    this.#data = data;
    this.#tensors = readState(network, optimizer, start, Numbers);
    this.#layers = layersOf(network, this.#tensors);
    this.#evaluatedLayers = averagesOf(this.#layers, this.#tensors);
    this.#activations = createActivations(this.#layers, Math.max(batchSize, evaluationBatchSize), Numbers);
    this.#gradients = createActivations(this.#layers, batchSize, Numbers);
    this.#step = start.step;
  }

  async run(steps: number): Promise<BatchReport> {
    return Promise.resolve(reportOf(Array.from({ length: steps }, () => this.#trainBatch())));
  }

  async evaluate(split: SplitName, first: number, batches: number): Promise<BatchReport> {
    return Promise.resolve(
      reportOf(Array.from({ length: batches }, (_, i) => this.#evaluateBatch(this.#data[split], first + i))),
    );
  }

  async replaceInputs(inputs: Samples['inputs']): Promise<void> {
    await Promise.resolve();
    const { train } = this.#data;
    checkReplacement(this.#program, train, inputs);
    this.#data = { ...this.#data, train: { ...train, inputs: inputs.slice() } };
  }

  async snapshot(): Promise<TrainingState> {
    return Promise.resolve(writeState(this.#step, this.#program.optimizer, this.#tensors));
  }

  async dispose(): Promise<void> {
    return Promise.resolve();
  }

  #trainBatch(): SeenBatch {
    const { loss, optimizer, seed, labelSmoothing = 0, steps = 0 } = this.#program;
    const dropout = { seed, step: this.#step };
    const batch = { split: this.#data.train, rows: this.#nextRows() };
    const activations = this.#forward(this.#layers, batch, dropout);
    const seen = this.#seen(batch, outputsOf(activations), labelSmoothing);
    const gradients = firstRows(this.#gradients, batch.rows.length);
    lossGradient(loss, outputsOf(gradients), outputsOf(activations), batch, labelSmoothing);
    backward(this.#layers, activations, gradients, dropout);
    this.#step += 1;
    clipGradients(this.#tensors, optimizer.clip_norm);
    const optimizerNow = optimizerAt(optimizer, this.#step, steps);
    for (const tensor of this.#tensors) {
      updateTensor(tensor, this.#step, optimizerNow);
      if (optimizer.ema !== undefined) averageTensor(tensor, emaDecayAt(optimizer.ema, this.#step));
    }
    return seen;
  }

  #evaluateBatch(split: Samples, index: number): SeenBatch {
    const first = index * evaluationBatchSize;
    const size = Math.min(evaluationBatchSize, split.count - first);
    const batch = { split, rows: Uint32Array.from({ length: size }, (_, i) => first + i) };
    return this.#seen(batch, outputsOf(this.#forward(this.#evaluatedLayers, batch, null)), 0);
  }

  /** The next step's samples, as rows of the train split. */
  #nextRows(): Uint32Array {
    const { batchSize, seed } = this.#program;
    const { count } = this.#data.train;
    const { epoch, first, size } = batchAt(this.#step, count, batchSize);
    if (this.#order.epoch !== epoch) this.#order = { epoch, samples: epochOrder(seed, epoch, count) };
    return this.#order.samples.slice(first, first + size);
  }

  #forward(
    layers: readonly Layer[],
    { split, rows }: { split: Samples; rows: Uint32Array },
    dropout: Dropout,
  ): Activations {
    const activations = firstRows(this.#activations, rows.length);
    gather(activations.values[0], split, rows, this.#program.scaling);
    forward(layers, activations, dropout);
    return activations;
  }

  /** Must be called before the next batch overwrites `outputs`. */
  #seen(batch: Batch, outputs: Matrix, smoothing: number): SeenBatch {
    return {
      lossSum: lossSumOf(this.#program.loss, outputs, batch, smoothing),
      weightSum: weightSumOf(batch.split, batch.rows),
      rows: batch.rows,
      outputs: Float32Array.from(outputs.flatMap((row) => [...row])),
    };
  }
}

/** Fills `inputs` (batch, width) with the rows of the split as the network takes them. */
function gather(inputs: Matrix, split: Samples, rows: Uint32Array, scaling: AffineMap | null): void {
  inputs.forEach((row, b) => {
    for (let i = 0; i < split.width; i++) {
      const raw = split.inputs[rows[b] * split.width + i];
      row[i] = scaling === null ? raw : applyAffine(scaling, raw);
    }
  });
}

interface NamedTensor extends LearnedTensor {
  name: string;
  shape: readonly number[];
  /** null: the parameter is not averaged. */
  average: Floats | null;
}

/** Copies of the state's tensors in the network's order: each layer's weight, then its bias. */
function readState(
  network: NetworkSpec,
  optimizer: OptimizerSpec,
  state: TrainingState,
  Numbers: FloatsConstructor,
): NamedTensor[] {
  const copy = ({ data }: Tensor): Floats => {
    const values = new Numbers(data.length);
    values.set(data);
    return values;
  };
  return parameterShapes(network).map(({ name, shape }) => {
    const parameter = copy(tensorOf(state.parameters, name));
    const slots = optimizerSlots(optimizer).map((slot) => copy(tensorOf(state.optimizer, `${name}.${slot}`)));
    const live = optimizer.ema === undefined ? undefined : slots.pop();
    return {
      name,
      shape,
      values: live ?? parameter,
      gradients: new Numbers(parameter.length),
      slots,
      average: live === undefined ? null : parameter,
    };
  });
}

/** The same tensors as the network's layers: views, not copies. */
function layersOf(network: NetworkSpec, tensors: readonly NamedTensor[]): TrainableLayer[] {
  return denseLayers(network).map((layer, l) => {
    const [weight, bias] = tensors.slice(2 * l, 2 * l + 2);
    return {
      ...layer,
      weights: rowsOf(weight.values, layer.inputs),
      bias: bias.values,
      dWeights: rowsOf(weight.gradients, layer.inputs),
      dBias: bias.gradients,
    };
  });
}

/** Views too: the layers with the averages of their parameters, where these are averaged. */
function averagesOf(layers: readonly TrainableLayer[], tensors: readonly NamedTensor[]): Layer[] {
  return layers.map((layer, l) => {
    const [weight, bias] = tensors.slice(2 * l, 2 * l + 2);
    return {
      ...layer,
      weights: rowsOf(weight.average ?? weight.values, layer.inputs),
      bias: bias.average ?? bias.values,
    };
  });
}

/** Copies, which later steps do not touch. */
function writeState(step: number, optimizer: OptimizerSpec, tensors: readonly NamedTensor[]): TrainingState {
  const slotNames = optimizerSlots(optimizer);
  const copy = (shape: readonly number[], values: Floats): Tensor => ({
    shape,
    data: new Float32Array(values),
  });
  return {
    step,
    parameters: new Map(
      tensors.map(({ name, shape, values, average }) => [name, copy(shape, average ?? values)]),
    ),
    optimizer: new Map(
      tensors.flatMap(({ name, shape, values, slots, average }) =>
        [...slots, ...(average === null ? [] : [values])].map((slot, i): [string, Tensor] => [
          `${name}.${slotNames[i]}`,
          copy(shape, slot),
        ]),
      ),
    ),
  };
}
