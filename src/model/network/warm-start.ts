/** A state that begins with the parameters of another network. */
import { initialSlots, initialState, tensorOf, type TrainingState } from './initialization.js';
import { denseLayers, type NetworkSpec, type StateDict, type Tensor } from './network.js';
import type { OptimizerSpec } from './optimizers.js';

/** An output of the earlier network, as a linear function of which the new one begins: output · scale + shift. */
export interface KnownOutput {
  index: number;
  scale: number;
  shift: number;
}

/**
 * All layers but the last are copied; they must have the same widths. Of the last one the rows of `known` outputs are copied, and
 * the others are new, as `initialState` makes them. The optimiser begins anew.
 *
 * `known`: (network.outputs) the outputs of the other network; null for those that it lacks.
 */
export function warmState(
  network: NetworkSpec,
  optimizer: OptimizerSpec,
  seed: number,
  from: { parameters: StateDict; known: readonly (KnownOutput | null)[] },
): TrainingState {
  const fresh = initialState(network, optimizer, seed).parameters;
  const last = denseLayers(network).at(-1)?.name ?? '';
  const parameters = new Map(
    [...fresh].map(([name, tensor]): [string, Tensor] => {
      const source = tensorOf(from.parameters, name);
      if (name === `${last}.weight`) return [name, withKnownRows(tensor, source, from.known, () => 0)];
      if (name === `${last}.bias`) return [name, withKnownRows(tensor, source, from.known, (k) => k.shift)];
      return [name, { shape: tensor.shape, data: source.data.slice() }];
    }),
  );
  return { step: 0, parameters, optimizer: initialSlots(optimizer, parameters) };
}

/** `fresh` (outputs, …) with the rows of known outputs from `source`, scaled and shifted in float64. */
function withKnownRows(
  { shape, data: fresh }: Tensor,
  { data: source }: Tensor,
  known: readonly (KnownOutput | null)[],
  shiftOf: (output: KnownOutput) => number,
): Tensor {
  const width = fresh.length / known.length;
  const data = fresh.slice();
  known.forEach((output, row) => {
    if (output === null) return;
    for (let i = 0; i < width; i++) {
      data[row * width + i] = source[output.index * width + i] * output.scale + shiftOf(output);
    }
  });
  return { shape, data };
}
