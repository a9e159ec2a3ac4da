/** Training, one step after the other: gather, forward, loss, backward, update. */
import { batchAt, epochOrder } from '../../batch-plan.js';
import { checkState } from '../../initialization.js';
import { byteTable } from '../../preprocessing.js';
import { checkData } from '../check-data.js';
import type {
  Evaluation,
  LabelledSamples,
  StepReport,
  Trainer,
  TrainingData,
  TrainingProgram,
  TrainingState,
} from '../engine.js';
import { adamStep } from './adam.js';
import { crossEntropyBackward, crossEntropyForward } from './cross-entropy.js';
import { backward, createActivations, firstRows, forward, logitsOf } from './forward-backward.js';
import { layersOf, readState, writeState } from './learned-state.js';
import type { FloatsConstructor, Matrix } from './matrix.js';

export function createReferenceTrainer(
  program: TrainingProgram,
  data: TrainingData,
  start: TrainingState,
  Numbers: FloatsConstructor,
): Trainer {
  const { network, batchSize, seed } = program;
  checkData(network, data);
  checkState(network, start);

  const tensors = readState(network, start, Numbers);
  const layers = layersOf(network, tensors);
  const batchActivations = createActivations(layers, batchSize, Numbers);
  const batchGradients = createActivations(layers, batchSize, Numbers);
  const table = byteTable(program.preprocessing);
  let step = start.step;
  let order: { epoch: number; samples: Uint32Array } = { epoch: -1, samples: new Uint32Array() };

  /** The next step's samples, as indices into the train split. */
  function nextBatch(): Uint32Array {
    const { epoch, first, size } = batchAt(step, data.train.count, batchSize);
    if (order.epoch !== epoch) order = { epoch, samples: epochOrder(seed, epoch, data.train.count) };
    return order.samples.subarray(first, first + size);
  }

  function infer(split: LabelledSamples, batch: Uint32Array) {
    const activations = firstRows(batchActivations, batch.length);
    const labels = gather(activations[0], split, batch, table);
    forward(layers, activations);
    return { activations, labels, ...crossEntropyForward(logitsOf(activations), labels) };
  }

  function run(steps: number): StepReport {
    const report: StepReport = { samples: 0, lossSums: new Float64Array(steps), correct: 0 };
    for (let i = 0; i < steps; i++) {
      const batch = nextBatch();
      const { activations, labels, lossSum, correct } = infer(data.train, batch);
      const dActivations = firstRows(batchGradients, batch.length);
      crossEntropyBackward(logitsOf(dActivations), logitsOf(activations), labels);
      backward(layers, activations, dActivations);
      step += 1;
      for (const tensor of tensors) adamStep(tensor, step, program.optimizer);

      report.samples += batch.length;
      report.lossSums[i] = lossSum;
      report.correct += correct;
    }
    return report;
  }

  function evaluate(split: LabelledSamples): Evaluation {
    const samples = split.count;
    const all = new Uint32Array(samples).map((_, index) => index);
    let lossTotal = 0;
    let correctTotal = 0;
    for (let first = 0; first < samples; first += batchSize) {
      const { lossSum, correct } = infer(split, all.subarray(first, first + batchSize));
      lossTotal += lossSum;
      correctTotal += correct;
    }
    return { samples, loss: lossTotal / samples, accuracy: correctTotal / samples };
  }

  return {
    run: async (steps) => Promise.resolve(run(steps)),
    evaluate: async (split) => Promise.resolve(evaluate(data[split])),
    snapshot: async () => Promise.resolve(writeState(step, tensors)),
    dispose() {
      // Nothing is held outside the heap.
    },
  };
}

/** Fills `rows` (batch, width) with the samples of `batch` as the network takes them, and returns their labels. */
function gather(rows: Matrix, split: LabelledSamples, batch: Uint32Array, table: Float32Array): Uint8Array {
  const { width, inputs, labels } = split;
  rows.forEach((row, b) => {
    const first = batch[b] * width;
    for (let i = 0; i < width; i++) row[i] = table[inputs[first + i]];
  });
  return Uint8Array.from(batch, (sample) => labels[sample]);
}
