/** Small training problems for the engines: a program, its data and its initial state. */
import type { Samples, TrainingData, TrainingProgram } from '../../../src/model/engines/engine.js';
import { type TrainingState, initialState } from '../../../src/model/network/initialization.js';
import type { Loss } from '../../../src/model/network/losses.js';
import type { Activation } from '../../../src/model/network/network.js';
import type { OptimizerSpec } from '../../../src/model/network/optimizers.js';
import { fillWords } from '../../../src/lib/philox.js';

export interface Problem {
  program: TrainingProgram;
  data: TrainingData;
  start: TrainingState;
}

/** What a program may say, beside widths and batches. */
interface Words {
  /** Of the hidden layers, in turn. */
  activations: Activation[];
  /** Of every hidden layer. */
  dropout: number;
  loss: Loss;
  optimizer: OptimizerSpec;
  /** The byte that three of four inputs are. */
  background: number;
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

/**
 * Random bytes with random classes, for ReLU, cross-entropy and Adam unless other words are given. An epoch is two batches
 * at least, of which the last is short.
 */
export function randomProblem(widths: number[], batchSize: number, words: Partial<Words> = {}): Problem {
  const { activations = ['relu'], dropout = 0, loss = 'cross_entropy', optimizer = optimizers.adam } = words;
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
    preprocessing: { divide_by: 255, mean: 0.1307, std: 0.3081 },
  };
  const { inputs, outputs } = program.network;
  const count = batchSize === 1 ? 5 : batchSize + 3;
  const data = {
    train: onBackground(randomSamples(1, count, inputs, outputs), words.background),
    test: onBackground(randomSamples(2, 70, inputs, outputs), words.background),
  };
  return { program, data, start: initialState(program.network, optimizer, program.seed) };
}

function randomSamples(seed: number, count: number, width: number, classes: number): Samples {
  const words = new Uint32Array(count * (width + 1));
  fillWords({ seed, purpose: 'shuffle', part: 0, step: 0 }, 0, words);
  return {
    count,
    width,
    inputs: Uint8Array.from(words.subarray(count)),
    labels: Uint8Array.from(words.subarray(0, count), (word) => word % Math.min(classes, 256)),
  };
}

function onBackground(samples: Samples, background: number | undefined): Samples {
  if (background === undefined) return samples;
  const chosen = samples.inputs.toSorted()[Math.floor(samples.inputs.length / 4)];
  return { ...samples, inputs: samples.inputs.map((byte) => (byte < chosen ? byte : background)) };
}

/** Three classes of 8 bytes, each scattered about a pattern of its own, and PyTorch's settings of Adam. */
export function separableProblem(): Problem {
  const problem = randomProblem([8, 16, 3], 16);
  const scattered = (samples: Samples): Samples => ({
    ...samples,
    inputs: samples.inputs.map((noise, i) => {
      const label = samples.labels[Math.floor(i / samples.width)];
      return ((i % samples.width) % 3 === label ? 110 : 40) + (noise % 100);
    }),
  });
  const program: TrainingProgram = {
    ...problem.program,
    optimizer: { ...optimizers.adam, learning_rate: 0.003, epsilon: 1e-8, weight_decay: 0 },
  };
  const data = {
    train: scattered(randomSamples(3, 200, 8, 3)),
    test: scattered(randomSamples(4, 200, 8, 3)),
  };
  return { program, data, start: problem.start };
}
