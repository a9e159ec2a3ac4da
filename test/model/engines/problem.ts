/** Small training problems for the engines: a program, its data and its initial state. */
import type {
  LabelledSamples,
  TrainingData,
  TrainingProgram,
  TrainingState,
} from '../../../src/model/engines/engine.js';
import { initialState } from '../../../src/model/initialization.js';
import { fillWords } from '../../../src/model/philox.js';

export interface Problem {
  program: TrainingProgram;
  data: TrainingData;
  start: TrainingState;
}

/** Random bytes with random classes. An epoch is two batches at least, of which the last is short. */
export function randomProblem(widths: number[], batchSize: number): Problem {
  const program: TrainingProgram = {
    network: {
      inputs: widths[0],
      hidden: widths.slice(1, -1).map((units) => ({ units, activation: 'relu' })),
      outputs: widths[widths.length - 1],
    },
    loss: 'cross_entropy',
    // Adam divides by √v + epsilon. PyTorch's epsilon of 1e-8 would make a whole step of any rounding of a gradient
    // that is 0 but for it; this one keeps the quotient, and so the comparison, well conditioned.
    optimizer: {
      type: 'adam',
      learning_rate: 0.01,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-3,
      weight_decay: 0.01,
    },
    batchSize,
    seed: 12,
    preprocessing: { divide_by: 255, mean: 0.1307, std: 0.3081 },
  };
  const { inputs, outputs } = program.network;
  const count = batchSize === 1 ? 5 : batchSize + 3;
  const data = {
    train: randomSamples(1, count, inputs, outputs),
    test: randomSamples(2, 70, inputs, outputs),
  };
  return { program, data, start: initialState(program.network, program.seed) };
}

function randomSamples(seed: number, count: number, width: number, classes: number): LabelledSamples {
  const words = new Uint32Array(count * (width + 1));
  fillWords({ seed, purpose: 'shuffle', part: 0, step: 0 }, 0, words);
  return {
    count,
    width,
    inputs: Uint8Array.from(words.subarray(count)),
    labels: Uint8Array.from(words.subarray(0, count), (word) => word % Math.min(classes, 256)),
  };
}

/** Three classes of 8 bytes, each scattered about a pattern of its own, and PyTorch's settings of Adam. */
export function separableProblem(): Problem {
  const problem = randomProblem([8, 16, 3], 16);
  const scattered = (samples: LabelledSamples): LabelledSamples => ({
    ...samples,
    inputs: samples.inputs.map((noise, i) => {
      const label = samples.labels[Math.floor(i / samples.width)];
      return ((i % samples.width) % 3 === label ? 110 : 40) + (noise % 100);
    }),
  });
  const program: TrainingProgram = {
    ...problem.program,
    optimizer: { ...problem.program.optimizer, learning_rate: 0.003, epsilon: 1e-8, weight_decay: 0 },
  };
  const data = {
    train: scattered(randomSamples(3, 200, 8, 3)),
    test: scattered(randomSamples(4, 200, 8, 3)),
  };
  return { program, data, start: problem.start };
}
