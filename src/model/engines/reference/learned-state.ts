/** What training changes: read from a training state, seen as layers by the passes, and written to a state again. */
import { tensorOf, type TrainingState } from '../../network/initialization.js';
import { denseLayers, parameterShapes } from '../../network/network.js';
import type { NetworkSpec, Tensor } from '../../network/network.js';
import { optimizerSlots } from '../../network/optimizers.js';
import type { OptimizerSpec } from '../../network/optimizers.js';
import type { TrainableLayer } from './forward-backward.js';
import type { LearnedTensor } from './learned-tensor.js';
import { rowsOf } from './matrix.js';
import type { Floats, FloatsConstructor } from './matrix.js';

export interface NamedTensor extends LearnedTensor {
  name: string;
  shape: readonly number[];
}

/** Copies of the state's tensors in the network's order: each layer's weight, then its bias. */
export function readState(
  network: NetworkSpec,
  optimizer: OptimizerSpec,
  state: TrainingState,
  Numbers: FloatsConstructor,
): NamedTensor[] {
  const copy = ({ data }: Tensor): Floats => {
    const values = new Numbers(data.length);
    values.set(data);
    return values;
  };
  return parameterShapes(network).map(({ name, shape }) => {
    const values = copy(tensorOf(state.parameters, name));
    return {
      name,
      shape,
      values,
      gradients: new Numbers(values.length),
      slots: optimizerSlots(optimizer).map((slot) => copy(tensorOf(state.optimizer, `${name}.${slot}`))),
    };
  });
}

/** The same tensors as the network's layers: views, not copies. */
export function layersOf(network: NetworkSpec, tensors: readonly NamedTensor[]): TrainableLayer[] {
  return denseLayers(network).map((layer, l) => {
    const [weight, bias] = tensors.slice(2 * l, 2 * l + 2);
    return {
      ...layer,
      weights: rowsOf(weight.values, layer.inputs),
      bias: bias.values,
      dWeights: rowsOf(weight.gradients, layer.inputs),
      dBias: bias.gradients,
    };
  });
}

/** A state that later steps do not touch. */
export function writeState(
  step: number,
  optimizer: OptimizerSpec,
  tensors: readonly NamedTensor[],
): TrainingState {
  const names = optimizerSlots(optimizer);
  const tensor = (shape: readonly number[], values: Floats): Tensor => ({
    shape,
    data: new Float32Array(values),
  });
  return {
    step,
    parameters: new Map(tensors.map(({ name, shape, values }) => [name, tensor(shape, values)])),
    optimizer: new Map(
      tensors.flatMap(({ name, shape, slots }) =>
        slots.map((values, i): [string, Tensor] => [`${name}.${names[i]}`, tensor(shape, values)]),
      ),
    ),
  };
}
