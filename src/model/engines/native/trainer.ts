/** Training by the addon: fills its memory, says which batches to work on, and reads what it has learnt. */
import { TrainyardError } from '../../../errors.js';
import { checkState, tensorOf, type TrainingState } from '../../network/initialization.js';
import { denseLayers, parameterShapes } from '../../network/network.js';
import type { StateDict, Tensor } from '../../network/network.js';
import { liveSlot, momentSlots, optimizerSlots, type OptimizerSpec } from '../../network/optimizers.js';
import { findBackground, type Background } from '../background.js';
import { weightSumOf } from '../batch-report.js';
import { checkData, checkReplacement } from '../check-data.js';
import { cpuDevice, threadsFor } from '../cpu-threads.js';
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
import { stepSettings, type StepSettings } from '../step-settings.js';
import { megabytes } from '../training-memory.js';
import { splitCodes, type Addon, type LoadedAddon, type NativeBatches, type TrainerHandle } from './addon.js';
import { nativeProgram } from './program.js';
import { SampleOrder, type BatchesOfSamples } from '../sample-order.js';

/** With fewer inputs alike, dense kernels are about as fast; measured with noise on a background. */
const leastShare = 0.6;
/** Lists take 16 bytes for each input of a batch, and there are two batches. */
const mostListedInputs = 4_000_000;
/** With fewer multiplications a step than this each, threads wait for each other longer than they save; measured. */
const multiplicationsOfThread = 200_000;

/** `set`: the instruction set. */
export function createNativeTrainer(
  { addon, set }: LoadedAddon,
  program: TrainingProgram,
  data: TrainingData,
  start: TrainingState,
  { threads: most, memoryLimitBytes }: TrainingResources,
): Trainer {
  checkData(program, data);
  checkState(program.network, program.optimizer, start);
  const threads = threadsFor(program, most, multiplicationsOfThread);
  const sparse = planSparse(program, data.train);
  const native = nativeProgram(program, data, sparse.mayBe);
  const neededBytes = addon.trainerBytes(native, threads);
  if (neededBytes > memoryLimitBytes) {
    throw tooLarge(neededBytes, `the limit here is ${megabytes(memoryLimitBytes)}`);
  }
  const handle = addon.createTrainer(native, threads, set);
  if (handle === null) throw tooLarge(neededBytes, 'this machine does not have it now');
  writeData(addon, handle, data, sparse.background);
  writeState(addon, handle, program, start);
  const device = cpuDevice(threads, set);
  return new NativeTrainer(addon, handle, { device, program, data, sparse, step: start.step });
}

interface Sparsity {
  /** Whether batches may be read as lists of what is not the background. */
  mayBe: boolean;
  /** Of all splits, until the training samples get other inputs. */
  background: Background | null;
}

function planSparse({ network, scaling, batchSize }: TrainingProgram, { inputs }: Samples): Sparsity {
  const background = findBackground(inputs, scaling, leastShare);
  const mayFit = network.hidden.length > 0 && batchSize * network.inputs <= mostListedInputs;
  // Bytes may have a background later. Float32 inputs that have none are left dense, for half the memory.
  const mayBe = mayFit && (scaling !== null || background !== null);
  return { mayBe, background: mayBe ? background : null };
}

interface Course {
  device: string;
  program: TrainingProgram;
  data: TrainingData;
  sparse: Sparsity;
  /** Steps done. */
  step: number;
}

class NativeTrainer implements Trainer {
  readonly device: string;
  readonly #addon: Addon;
  readonly #handle: TrainerHandle;
  readonly #program: TrainingProgram;
  readonly #data: TrainingData;
  readonly #sparse: Sparsity;
  readonly #order: SampleOrder;
  #step: number;
  #running: Promise<unknown> | null = null;
  #disposed = false;

  constructor(addon: Addon, handle: TrainerHandle, { device, program, data, sparse, step }: Course) {
    this.device = device;
    this.#addon = addon;
    this.#handle = handle;
    this.#program = program;
    this.#data = data;
    this.#sparse = sparse;
    this.#order = new SampleOrder(program, data.train.count);
    this.#step = step;
  }

  async run(steps: number): Promise<BatchReport> {
    const first = this.#step;
    const report = this.#carryOut('train', this.#order.ofSteps(first, steps), first);
    this.#order.prepareNext(first + steps);
    await report;
    this.#step += steps;
    return report;
  }

  async evaluate(split: SplitName, first: number, batches: number): Promise<BatchReport> {
    const begin = first * evaluationBatchSize;
    const left = this.#data[split].count - begin;
    const sizes = Uint32Array.from({ length: batches }, (_, i) =>
      Math.min(evaluationBatchSize, left - i * evaluationBatchSize),
    );
    const count = Math.min(left, batches * evaluationBatchSize);
    const samples = Uint32Array.from({ length: count }, (_, i) => begin + i);
    return this.#carryOut(split, { sizes, samples }, null);
  }

  async replaceInputs(inputs: Samples['inputs']): Promise<void> {
    await Promise.resolve();
    this.#mustLive();
    const { scaling } = this.#program;
    checkReplacement(this.#program, this.#data.train, inputs);
    const mayChange = this.#sparse.mayBe && scaling !== null;
    const background = mayChange ? findBackground(inputs, scaling, leastShare) : this.#sparse.background;
    this.#addon.setInputs(this.#handle, splitCodes.train, inputs, background);
  }

  async snapshot(): Promise<TrainingState> {
    await Promise.resolve();
    this.#mustLive();
    return readState(this.#addon, this.#handle, this.#program, this.#step);
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#addon.stop(this.#handle);
    await this.#running;
    this.#addon.freeTrainer(this.#handle);
  }

  /** `firstStep` is null where nothing is learnt. */
  async #carryOut(
    split: SplitName,
    { sizes, samples }: BatchesOfSamples,
    firstStep: number | null,
  ): Promise<BatchReport> {
    this.#mustLive();
    const { network } = this.#program;
    const weightSums = this.#weightSums(split, sizes, samples);
    const batches: NativeBatches = {
      split: splitCodes[split],
      learns: firstStep !== null,
      firstStep: firstStep ?? 0,
      sizes,
      samples,
      // Where all weights are 0, so are the gradients.
      weightSums: weightSums.map((sum) => (sum === 0 ? 1 : sum)),
      settings: firstStep === null ? new Float32Array() : this.#settings(firstStep, sizes.length),
      losses: new Float64Array(samples.length),
      outputs: new Float32Array(samples.length * network.outputs),
      trainer: this.#handle,
    };
    const running = this.#addon.run(this.#handle, batches);
    this.#running = running;
    const isWhole = await running;
    if (!isWhole || this.#disposed) throw ended();
    return { lossSums: sumsOf(batches.losses, sizes), weightSums, rows: samples, outputs: batches.outputs };
  }

  #settings(firstStep: number, steps: number): Float32Array {
    const { optimizer, steps: all = 0 } = this.#program;
    return Float32Array.from(
      Array.from({ length: steps }, (_, i) =>
        settingsInOrder(stepSettings(optimizer, firstStep + i + 1, all)),
      ).flat(),
    );
  }

  #weightSums(split: SplitName, sizes: Uint32Array, samples: Uint32Array): Float64Array {
    let first = 0;
    return Float64Array.from(sizes, (size) => {
      first += size;
      return weightSumOf(this.#data[split], samples.subarray(first - size, first));
    });
  }

  #mustLive(): void {
    if (this.#disposed) throw ended();
  }
}

/** As addon/calls.h has them. */
function settingsInOrder(settings: StepSettings): number[] {
  const { shrink, penalty, stepSize, beta1, less1, beta2, less2, root, epsilon } = settings;
  const { ofGradient, ofBuffer, averageKeep, averageTake } = settings;
  const moments = [beta1, less1, beta2, less2, root, epsilon];
  return [shrink, penalty, stepSize, ...moments, ofGradient, ofBuffer, averageKeep, averageTake];
}

/** The sums of each batch's losses, in the order of its samples. */
function sumsOf(losses: Float64Array, sizes: Uint32Array): Float64Array {
  let first = 0;
  return Float64Array.from(sizes, (size) => {
    first += size;
    return losses.subarray(first - size, first).reduce((sum, loss) => sum + loss, 0);
  });
}

function writeData(
  addon: Addon,
  handle: TrainerHandle,
  data: TrainingData,
  background: Background | null,
): void {
  for (const split of ['train', 'validation', 'test'] as const) {
    const { inputs, targets, weights } = data[split];
    const [classes, values] =
      targets instanceof Float32Array ? [null, targets] : [Uint32Array.from(targets), null];
    addon.setInputs(handle, splitCodes[split], inputs, background);
    addon.setTargets(handle, splitCodes[split], classes, values, weights);
  }
}

/** The state's tensors by the addon's numbers of what it keeps: whether it is a parameter, and the suffix of its name. */
function keptTensors(optimizer: OptimizerSpec): { of: 'parameters' | 'optimizer'; suffix: string }[] {
  const moments = momentSlots(optimizer).map((slot) => ({ of: 'optimizer' as const, suffix: `.${slot}` }));
  const parameter = { of: 'parameters', suffix: '' } as const;
  if (optimizer.ema === undefined) return [parameter, ...moments];
  return [{ of: 'optimizer', suffix: `.${liveSlot}` }, ...moments, parameter];
}

function writeState(
  addon: Addon,
  handle: TrainerHandle,
  { network, optimizer }: TrainingProgram,
  start: TrainingState,
) {
  denseLayers(network).forEach(({ name }, layer) => {
    keptTensors(optimizer).forEach(({ of, suffix }, kept) => {
      const data = (part: string): Float32Array => tensorOf(start[of], `${name}.${part}${suffix}`).data;
      addon.writeTrainerLayer(handle, layer, kept, data('weight'), data('bias'));
    });
  });
}

function readState(
  addon: Addon,
  handle: TrainerHandle,
  { network, optimizer }: TrainingProgram,
  step: number,
): TrainingState {
  const tensors = new Map<string, Tensor>();
  denseLayers(network).forEach(({ name, inputs, outputs }, layer) => {
    keptTensors(optimizer).forEach(({ suffix }, kept) => {
      const weight = { shape: [outputs, inputs], data: new Float32Array(outputs * inputs) };
      const bias = { shape: [outputs], data: new Float32Array(outputs) };
      addon.readTrainerLayer(handle, layer, kept, weight.data, bias.data);
      tensors.set(`${name}.weight${suffix}`, weight).set(`${name}.bias${suffix}`, bias);
    });
  });
  const inOrder = (names: string[]): StateDict =>
    new Map(names.map((name) => [name, tensorOf(tensors, name)]));
  const parameters = parameterShapes(network).map(({ name }) => name);
  return {
    step,
    parameters: inOrder(parameters),
    optimizer: inOrder(
      parameters.flatMap((name) => optimizerSlots(optimizer).map((slot) => `${name}.${slot}`)),
    ),
  };
}

function ended(): Error {
  return new Error('This trainer has ended.');
}

function tooLarge(neededBytes: number, limit: string): TrainyardError {
  const message = `This network and its data need ${megabytes(neededBytes)} of memory; ${limit}.`;
  return new TrainyardError('NETWORK_TOO_LARGE', message);
}
