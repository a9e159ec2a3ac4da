/** Small training problems for the engines: a program, its data and its initial state. */
import type {
  ClassIndices,
  Samples,
  TrainingData,
  TrainingProgram,
} from '../../../src/model/engines/engine.js';
import { type TrainingState, initialState } from '../../../src/model/network/initialization.js';
import { isClassLoss, type Loss } from '../../../src/model/network/losses.js';
import type { Activation } from '../../../src/model/network/network.js';
import type { OptimizerSpec } from '../../../src/model/network/optimizers.js';
import { fillWords } from '../../../src/lib/philox.js';

export interface Problem {
  program: TrainingProgram;
  data: TrainingData;
  start: TrainingState;
}

/** What a problem may be, apart from its widths and its batch size. */
interface Traits {
  /** Of the hidden layers, in turn. */
  activations: Activation[];
  /** Of every hidden layer. */
  dropout: number;
  loss: Loss;
  optimizer: OptimizerSpec;
  labelSmoothing: number;
  /** Bytes are scaled, float32 inputs are not. */
  inputs: 'bytes' | 'float32';
  /** What three of four inputs are: a byte, or 0 of float32 inputs. */
  background: number;
  /** By default class indices are of the narrowest type that holds them. */
  classIndices: new (indices: Uint32Array) => ClassIndices;
  /** Weights from 0 to 2, of which a quarter are 0. */
  weighted: boolean;
  validationCount: number;
}

// Adam and RMSprop divide by the root of a mean of squares, plus epsilon. PyTorch's epsilon of 1e-8 would make a whole
// step of any rounding of a gradient that is 0 but for it; this one keeps the quotient, and so the comparison, well
// conditioned.
const epsilon = 1e-3;
const adam = { learning_rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon, weight_decay: 0.01 };
const sgd = { type: 'sgd', learning_rate: 0.05, momentum: 0.9, weight_decay: 0.01 } as const;

/** Every optimiser, with an L2 penalty. */
export const optimizers = {
  adam: { type: 'adam', ...adam },
  adamw: { type: 'adamw', ...adam },
  sgd: { ...sgd, momentum: 0, nesterov: false },
  'sgd with momentum': { ...sgd, nesterov: false },
  'sgd with Nesterov’s momentum': { ...sgd, nesterov: true },
  rmsprop: { type: 'rmsprop', learning_rate: 0.005, alpha: 0.9, epsilon, weight_decay: 0.01 },
} satisfies Record<string, OptimizerSpec>;

/** Schedules extend over so many: the whole of a course. */
const stepsOfCourse = 7;

/**
 * Random bytes with random classes, for ReLU, cross-entropy and Adam unless it has other traits. An epoch is two batches at
 * least, and the last of them is short.
 */
export function randomProblem(widths: number[], batchSize: number, traits: Partial<Traits> = {}): Problem {
  const { activations = ['relu'], dropout = 0, loss = 'cross_entropy' } = traits;
  const optimizer: OptimizerSpec = traits.optimizer ?? optimizers.adam;
  const program: TrainingProgram = {
    network: {
      inputs: widths[0],
      hidden: widths.slice(1, -1).map((units, layer) => ({
        units,
        activation: activations[layer % activations.length],
        dropout,
      })),
      outputs: widths[widths.length - 1],
    },
    loss,
    optimizer,
    batchSize,
    seed: 12,
    scaling: traits.inputs === 'float32' ? null : { divide_by: 255, mean: 0.1307, std: 0.3081 },
    ...(traits.labelSmoothing !== undefined && { labelSmoothing: traits.labelSmoothing }),
    ...(optimizer.schedule !== undefined && { steps: stepsOfCourse }),
  };
  const samples = (seed: number, count: number): Samples => randomSamples(seed, count, program, traits);
  const data = {
    train: samples(1, batchSize === 1 ? 5 : batchSize + 3),
    validation: samples(5, traits.validationCount ?? 66),
    test: samples(2, 70),
  };
  return { program, data, start: initialState(program.network, optimizer, program.seed) };
}

function randomSamples(
  seed: number,
  count: number,
  { network, loss }: TrainingProgram,
  { inputs = 'bytes', background, classIndices, weighted = false }: Partial<Traits>,
): Samples {
  const { inputs: width, outputs } = network;
  const words = randomWords(seed, 0, count * (width + 1));
  const bytes = onBackground(Uint8Array.from(words.subarray(count)), background);
  const Indices = classIndices ?? (outputs > 256 ? Uint16Array : Uint8Array);
  return {
    count,
    width,
    inputs:
      inputs === 'bytes' ? bytes : Float32Array.from(bytes, (byte) => (byte - (background ?? 100)) / 80),
    targets: isClassLoss(loss)
      ? new Indices(words.subarray(0, count).map((word) => word % outputs))
      : Float32Array.from(randomWords(seed, 1, count * outputs), (word) => word / 2 ** 30 - 2),
    weights: weighted
      ? Float32Array.from(randomWords(seed, 2, count), (word) => Math.max(0, (word % 2_048) / 768 - 2 / 3))
      : null,
  };
}

function randomWords(seed: number, part: number, count: number): Uint32Array {
  const words = new Uint32Array(count);
  fillWords({ seed, purpose: 'shuffle', part, step: 0 }, 0, words);
  return words;
}

function onBackground(bytes: Uint8Array, background: number | undefined): Uint8Array {
  if (background === undefined) return bytes;
  const chosen = bytes.toSorted()[Math.floor(bytes.length / 4)];
  return bytes.map((byte) => (byte < chosen ? byte : background));
}

/** Other bytes or float32 numbers in the place of the training inputs; three of four are `background`, if given. */
export function otherInputs({ data: { train }, program }: Problem, seed: number, background?: number) {
  const bytes = onBackground(Uint8Array.from(randomWords(seed, 3, train.inputs.length)), background);
  return program.scaling === null
    ? Float32Array.from(bytes, (byte) => (byte - (background ?? 90)) / 70)
    : bytes;
}

/** Three classes of 8 bytes, each scattered about a pattern of its own, and PyTorch's settings of Adam. */
export function separableProblem(): Problem {
  const { program: untuned, start } = randomProblem([8, 16, 3], 16);
  const scattered = (seed: number, count: number): Samples => {
    const samples = randomSamples(seed, count, untuned, {});
    const inputs = Uint8Array.from(samples.inputs, (noise, i) => {
      const index = samples.targets[Math.floor(i / samples.width)];
      return ((i % samples.width) % 3 === index ? 110 : 40) + (noise % 100);
    });
    return { ...samples, inputs };
  };
  const program: TrainingProgram = {
    ...untuned,
    optimizer: { ...optimizers.adam, learning_rate: 0.003, epsilon: 1e-8, weight_decay: 0 },
  };
  const data = { train: scattered(3, 200), validation: scattered(5, 0), test: scattered(4, 200) };
  return { program, data, start };
}

/** Three values that are smooth functions of four float32 inputs, one of them linear. */
export function smoothProblem(): Problem {
  const problem = randomProblem([4, 32, 3], 16, { inputs: 'float32', loss: 'mse', activations: ['tanh'] });
  const withValues = (samples: Samples): Samples => {
    const targets = new Float32Array(3 * samples.count);
    for (let row = 0; row < samples.count; row++) {
      const [a, b, c, d] = samples.inputs.subarray(4 * row, 4 * row + 4);
      targets.set([a - b / 2 + 1, Math.sin(a + c), Math.tanh(c * d)], 3 * row);
    }
    return { ...samples, targets };
  };
  const traits = { inputs: 'float32' } as const;
  const samples = (seed: number, count: number) =>
    withValues(randomSamples(seed, count, problem.program, traits));
  const program: TrainingProgram = {
    ...problem.program,
    optimizer: { ...optimizers.adam, learning_rate: 0.01, epsilon: 1e-8, weight_decay: 0 },
  };
  const data = { train: samples(3, 400), validation: samples(5, 0), test: samples(4, 100) };
  return { program, data, start: problem.start };
}
