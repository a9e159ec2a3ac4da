/** Training: each step is queued on the device, and what it showed is read after several. */
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { batchAt, epochOrder } from '../../network/batch-plan.js';
import { checkState, type TrainingState } from '../../network/initialization.js';
import { checkData } from '../check-data.js';
import {
  evaluationBatchSize,
  type BatchReport,
  type SplitName,
  type Trainer,
  type TrainingData,
  type TrainingProgram,
  type TrainingResources,
} from '../engine.js';
import { createConstants } from './constants.js';
import { createPasses } from './forward-backward.js';
import { createImmutableTensors } from './immutable-tensors.js';
import { stateFrom, stateOnDevice } from './learned-tensors.js';
import { lossGradient, lossSumOf } from './loss.js';
import { refuseIfTooLarge, explainingNoRoom } from './memory.js';
import { samplesOnDevice } from './samples.js';
import type { Tensorflow } from './tensorflow.js';
import { createVariables, hasVariables } from './variables.js';

/** Batches whose logits wait on the device to be read together. */
const batchesAtOnce = 32;

export async function createTensorflowTrainer(
  { tf, device }: Tensorflow,
  program: TrainingProgram,
  data: TrainingData,
  start: TrainingState,
  { memoryLimitBytes }: TrainingResources,
): Promise<Trainer> {
  const { network, loss, optimizer, batchSize, seed } = program;
  checkData(program, data);
  const scaling = program.scaling ?? { divide_by: 1, mean: 0, std: 1 };
  checkState(network, optimizer, start);
  refuseIfTooLarge(program, data, memoryLimitBytes);

  const constants = createConstants(tf);
  const passes = createPasses(tf, network, constants);
  const isAdam = optimizer.type === 'adam' || optimizer.type === 'adamw';
  const inVariables = isAdam && (await hasVariables(tf));
  const state = stateOnDevice(tf, network, optimizer, start);
  const learned = inVariables
    ? createVariables(tf, optimizer, state)
    : createImmutableTensors(tf, constants, optimizer, state);
  const samples = {
    train: samplesOnDevice(tf, data.train, network.outputs, scaling),
    validation: samplesOnDevice(tf, data.validation, network.outputs, scaling),
    test: samplesOnDevice(tf, data.test, network.outputs, scaling),
  };
  let step = start.step;
  let order: { epoch: number; samples: Uint32Array } = { epoch: -1, samples: new Uint32Array() };
  let disposed = false;

  /** The next step's samples, as indices into the train split. */
  function nextBatch(): Int32Array {
    const { epoch, first, size } = batchAt(step, data.train.count, batchSize);
    if (order.epoch !== epoch) order = { epoch, samples: epochOrder(seed, epoch, data.train.count) };
    return Int32Array.from(order.samples.subarray(first, first + size));
  }

  /** Queues a step and says what it will have shown. */
  function trainBatch(): SeenBatch {
    const batch = nextBatch();
    const { inputs, targets } = samples.train;
    const { logits, gradients } = tf.tidy(() => {
      const indices = tf.tensor1d(batch, 'int32');
      const parameters = learned.parameters();
      const seen = passes.forward(parameters, tf.gather(inputs, indices), { seed, step });
      const dLogits = lossGradient(tf, constants, loss, seen.logits, tf.gather(targets, indices));
      return { logits: seen.logits, gradients: passes.backward(parameters, seen.passes, dLogits) };
    });
    step += 1;
    tf.tidy(() => {
      learned.update(gradients, step);
    });
    tf.dispose(gradients);
    return seenBatch(logits, 'train', Uint32Array.from(batch));
  }

  function evaluateBatch(split: SplitName, batch: number): SeenBatch {
    const first = batch * evaluationBatchSize;
    const size = Math.min(evaluationBatchSize, data[split].count - first);
    const logits = tf.tidy(() => {
      const inputs = tf.slice(samples[split].inputs, [first, 0], [size, network.inputs]);
      return passes.forward(learned.parameters(), inputs, null).logits;
    });
    return seenBatch(
      logits,
      split,
      Uint32Array.from({ length: size }, (_, i) => first + i),
    );
  }

  function seenBatch(logits: Tensor2D, split: SplitName, rows: Uint32Array): SeenBatch {
    return { logits, rows, labels: Uint8Array.from(rows, (row) => data[split].targets[row]) };
  }

  /** Has `batches` batches worked on, the one numbered i by `next(i)`. */
  async function work(batches: number, next: (batch: number) => SeenBatch): Promise<BatchReport> {
    const lossSums = new Float64Array(batches);
    const weightSums = new Float64Array(batches);
    const rows: number[] = [];
    const outputs: number[] = [];
    for (let done = 0; done < batches;) {
      if (disposed) throw new Error('This trainer has ended.');
      const seen = Array.from({ length: Math.min(batchesAtOnce, batches - done) }, (_, i) => next(done + i));
      const logits = tf.tidy(() => tf.concat(seen.map((batch) => batch.logits)));
      tf.dispose(seen.map((batch) => batch.logits));
      const numbers = (await logits.data()) as Float32Array;
      logits.dispose();
      let at = 0;
      for (const batch of seen) {
        const next = at + batch.labels.length * network.outputs;
        lossSums[done] = lossSumOf(loss, numbers.subarray(at, next), batch.labels);
        weightSums[done++] = batch.labels.length;
        rows.push(...batch.rows);
        at = next;
      }
      outputs.push(...numbers);
    }
    return {
      lossSums,
      weightSums,
      rows: Uint32Array.from(rows),
      outputs: Float32Array.from(outputs),
    };
  }

  return {
    device,
    run: (steps) => explainingNoRoom(() => work(steps, trainBatch)),
    evaluate: (split, first, batches) =>
      explainingNoRoom(() => work(batches, (batch) => evaluateBatch(split, first + batch))),
    snapshot: async () => stateFrom(network, optimizer, step, await learned.read()),
    async dispose() {
      if (disposed) return Promise.resolve();
      disposed = true;
      learned.dispose();
      constants.dispose();
      tf.dispose(Object.values(samples).flatMap(({ inputs, targets }) => [inputs, targets]));
      return Promise.resolve();
    },
  };
}

interface SeenBatch {
  /** (batch) */
  rows: Uint32Array;
  /** (batch, classes) */
  logits: Tensor2D;
  /** (batch) */
  labels: Uint8Array;
}
