/** Refuses what does not fit: by an estimate before training, and in plain words when the device runs out of memory. */
import { TrainyardError } from '../../../errors.js';
import { megabytes, trainingMemoryBytes } from '../training-memory.js';
import type { TrainingData, TrainingProgram } from '../engine.js';

const float32Bytes = 4;

/** @throws TrainyardError NETWORK_TOO_LARGE */
export function refuseIfTooLarge(program: TrainingProgram, data: TrainingData, limitBytes: number): void {
  const { train, validation, test } = data;
  const samples = {
    count: train.count + validation.count + test.count,
    hasWeights: train.weights !== null,
  };
  const { inputs, outputs } = program.network;
  // On the device inputs and targets are float32, and class targets one-hot.
  const neededBytes =
    trainingMemoryBytes(program, samples) + float32Bytes * samples.count * (inputs + outputs);
  if (neededBytes <= limitBytes) return;
  throw new TrainyardError(
    'NETWORK_TOO_LARGE',
    `The network and its data need about ${megabytes(neededBytes)} with the engine tensorflow, which keeps the data as ` +
      `float32; the limit here is ${megabytes(limitBytes)}. Use fewer or narrower layers or a smaller batch, ` +
      `or raise TRAINING_MEMORY_LIMIT_MB.`,
  );
}

/** @throws TrainyardError NETWORK_TOO_LARGE where TensorFlow runs out of memory */
export async function explainingNoRoom<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof Error && /OOM|RESOURCE_EXHAUSTED/.test(cause.message))) throw cause;
    throw new TrainyardError(
      'NETWORK_TOO_LARGE',
      `TensorFlow has no memory for this network and its data: ${cause.message.split('\n', 1)[0]}. ` +
        `Use fewer or narrower layers or a smaller batch.`,
      { cause },
    );
  }
}
