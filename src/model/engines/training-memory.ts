/** How much memory training takes, so that a network that is too large is refused before it is built. */
import type { TrainingProgram } from './engine.js';
import { isClassLoss } from '../network/losses.js';
import { denseLayers, parameterCount } from '../network/network.js';
import { optimizerSlots } from '../network/optimizers.js';

const float32Bytes = 4;

/**
 * An estimate, in bytes, of what any engine needs to train, without padding and the runtime itself; `samples` are those of
 * all splits, and `copies` how many further copies of their inputs there are, counted in samples. The members of an ensemble are
 * trained one after another, and published together. Computed in float64, so that it also answers for networks that no machine could hold.
 */
export function trainingMemoryBytes(
  program: Omit<TrainingProgram, 'seed'>,
  samples: { count: number; hasWeights: boolean; copies?: number },
  { members = 1, startsWarm = false }: { members?: number; startsWarm?: boolean } = {},
): number {
  const { network, optimizer, batchSize } = program;
  // The parameters with the optimiser's state, once more in a snapshot that is being written, and the gradients.
  const toTrain = 2 * (1 + optimizerSlots(optimizer).length) + 1;
  // All members as they are read, in predictors, in the file that is published, and once more while that is written.
  const toPublish = members > 1 ? 4 * members : 0;
  const source = startsWarm && members > 1 ? members : 0;
  const copiesOfParameters = Math.max(toTrain, toPublish) + source;
  const activations = denseLayers(network).reduce((sum, layer) => sum + layer.outputs, 0);
  const perSample = network.inputs + 2 * activations;
  const numbers = copiesOfParameters * parameterCount(network) + batchSize * perSample;
  const { count, hasWeights, copies = 0 } = samples;
  return float32Bytes * numbers + count * sampleBytes(program, hasWeights) + copies * inputBytes(program);
}

/** What one sample takes in the data and in the order of an epoch. */
function sampleBytes(program: Omit<TrainingProgram, 'seed'>, hasWeights: boolean): number {
  const { network, loss } = program;
  const targetBytes = isClassLoss(loss) ? classIndexBytes(network.outputs) : float32Bytes * network.outputs;
  const weightBytes = hasWeights ? float32Bytes : 0;
  const orderBytes = 4;
  return inputBytes(program) + targetBytes + weightBytes + orderBytes;
}

function inputBytes({ network, scaling }: Omit<TrainingProgram, 'seed'>): number {
  return network.inputs * (scaling === null ? float32Bytes : 1);
}

/** Of the narrowest integers that hold the indices of so many classes. */
function classIndexBytes(classes: number): number {
  if (classes <= 2 ** 8) return 1;
  return classes <= 2 ** 16 ? 2 : 4;
}

/** For messages. */
export function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20).toLocaleString('en')} MB`;
}
