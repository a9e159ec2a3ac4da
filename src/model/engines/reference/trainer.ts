/** Training, one step after the other: gather, forward, loss, backward, update. */
import { batchAt, epochOrder } from '../../network/batch-plan.js';
import { checkState, type TrainingState } from '../../network/initialization.js';
import { isClassLoss } from '../../network/losses.js';
import { byteTable } from '../../preprocessing/affine.js';
import { checkData } from '../check-data.js';
import {
  evaluationBatchSize,
  type BatchReport,
  type Samples,
  type Trainer,
  type TrainingData,
  type TrainingProgram,
} from '../engine.js';
import { backward, createActivations, firstRows, forward, logitsOf } from './forward-backward.js';
import type { Dropout } from './forward-backward.js';
import { layersOf, readState, writeState } from './learned-state.js';
import { lossFunctions } from './loss.js';
import type { FloatsConstructor, Matrix } from './matrix.js';
import { updateTensor } from './optimizer.js';

export const device = 'CPU, 1 thread, plain TypeScript';

export function createReferenceTrainer(
  program: TrainingProgram,
  data: TrainingData,
  start: TrainingState,
  Numbers: FloatsConstructor,
): Trainer {
  const { network, optimizer, batchSize, seed } = program;
  checkData(program, data);
  checkState(network, optimizer, start);

  const tensors = readState(network, optimizer, start, Numbers);
  const layers = layersOf(network, tensors);
  if (!isClassLoss(program.loss)) throw new Error('values are not learnt yet');
  const loss = lossFunctions[program.loss];
  const batchActivations = createActivations(layers, Math.max(batchSize, evaluationBatchSize), Numbers);
  const batchGradients = createActivations(layers, batchSize, Numbers);
  const table = byteTable(program.scaling ?? { divide_by: 1, mean: 0, std: 1 });
  let step = start.step;
  let order: { epoch: number; samples: Uint32Array } = { epoch: -1, samples: new Uint32Array() };

  /** The next step's samples, as indices into the train split. */
  function nextBatch(): Uint32Array {
    const { epoch, first, size } = batchAt(step, data.train.count, batchSize);
    if (order.epoch !== epoch) order = { epoch, samples: epochOrder(seed, epoch, data.train.count) };
    return order.samples.subarray(first, first + size);
  }

  /** Works out the logits of the batch, and adds what is seen of it to the report. */
  function infer(split: Samples, batch: Uint32Array, dropout: Dropout, report: SeenBatches) {
    const activations = firstRows(batchActivations, batch.length);
    const labels = gather(activations.values[0], split, batch, table);
    forward(layers, activations, dropout);
    const logits = logitsOf(activations);
    report.lossSums.push(loss.forward(logits, labels));
    report.weightSums.push(batch.length);
    report.rows.push(...batch);
    for (const row of logits) report.outputs.push(...row);
    return { activations, logits, labels };
  }

  function run(steps: number): BatchReport {
    const report = nothingSeen();
    for (let i = 0; i < steps; i++) {
      const dropout = { seed, step };
      const batch = nextBatch();
      const { activations, logits, labels } = infer(data.train, batch, dropout, report);
      const gradients = firstRows(batchGradients, batch.length);
      loss.backward(logitsOf(gradients), logits, labels);
      backward(layers, activations, gradients, dropout);
      step += 1;
      for (const tensor of tensors) updateTensor(tensor, step, optimizer);
    }
    return reportOf(report);
  }

  function evaluate(split: Samples, first: number, batches: number): BatchReport {
    const report = nothingSeen();
    const all = Uint32Array.from({ length: split.count }, (_, sample) => sample);
    for (let batch = first; batch < first + batches; batch++) {
      const sample = batch * evaluationBatchSize;
      infer(split, all.subarray(sample, sample + evaluationBatchSize), null, report);
    }
    return reportOf(report);
  }

  return {
    device,
    run: async (steps) => Promise.resolve(run(steps)),
    evaluate: async (split, first, batches) => Promise.resolve(evaluate(data[split], first, batches)),
    snapshot: async () => Promise.resolve(writeState(step, optimizer, tensors)),
    // Nothing is held outside the heap.
    dispose: async () => Promise.resolve(),
  };
}

/** A report that grows. */
type SeenBatches = Record<keyof BatchReport, number[]>;

function nothingSeen(): SeenBatches {
  return { lossSums: [], weightSums: [], rows: [], outputs: [] };
}

function reportOf({ lossSums, weightSums, rows, outputs }: SeenBatches): BatchReport {
  return {
    lossSums: Float64Array.from(lossSums),
    weightSums: Float64Array.from(weightSums),
    rows: Uint32Array.from(rows),
    outputs: Float32Array.from(outputs),
  };
}

/** Fills `rows` (batch, width) with the samples of `batch` as the network takes them, and returns their labels. */
function gather(rows: Matrix, split: Samples, batch: Uint32Array, table: Float32Array): Uint8Array {
  const { width, inputs, targets } = split;
  rows.forEach((row, b) => {
    const first = batch[b] * width;
    for (let i = 0; i < width; i++) row[i] = table[inputs[first + i]];
  });
  return Uint8Array.from(batch, (sample) => targets[sample]);
}
