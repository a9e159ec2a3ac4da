/** How much memory training takes, so that a network too large is refused before it is built. */
import type { TrainingProgram } from './engine.js';
import { denseLayers, parameterCount } from '../network/network.js';
import { optimizerSlots } from '../network/optimizers.js';

const float32Bytes = 4;

/**
 * An estimate in bytes of what any engine must hold to train, padding and the runtime itself left out; `samples` are
 * the raw ones of all splits. In plain float64, so that it answers for networks that no machine could hold.
 */
export function trainingMemoryBytes(
  { network, optimizer, batchSize }: Pick<TrainingProgram, 'network' | 'optimizer' | 'batchSize'>,
  samples: { count: number; width: number },
): number {
  // Parameters and what the optimiser keeps for each, again in a snapshot being written, and gradients.
  const copiesOfParameters = 2 * (1 + optimizerSlots(optimizer).length) + 1;
  const activations = denseLayers(network).reduce((sum, layer) => sum + layer.outputs, 0);
  const perSample = network.inputs + 2 * activations;
  const numbers = copiesOfParameters * parameterCount(network) + batchSize * perSample;
  const labelBytes = 1;
  const orderBytes = 4;
  return float32Bytes * numbers + samples.count * (samples.width + labelBytes + orderBytes);
}

/** For messages. */
export function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20).toLocaleString('en')} MB`;
}
