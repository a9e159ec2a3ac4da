/** The states that training can start from: a new one, and one from outside once it has been checked. */
import { TrainyardError } from '../../errors.js';
import { denseLayers, elements, parameterShapes } from './network.js';
import type { NetworkSpec, StateDict, Tensor } from './network.js';
import { liveSlot, optimizerSlots } from './optimizers.js';
import type { OptimizerSpec } from './optimizers.js';
import { fillUniform } from '../../lib/philox.js';

/** Everything that the next step depends on, apart from program and data. */
export interface TrainingState {
  /** Steps done. */
  step: number;
  parameters: StateDict;
  /** By PyTorch's names; see optimizerSlots. */
  optimizer: StateDict;
}

type TensorShape = ReturnType<typeof parameterShapes>[number];

/**
 * Weights and biases from U(−1/√inputs, 1/√inputs), as `torch.nn.Linear.reset_parameters` does by
 * `kaiming_uniform_(weight, a=√5)`: K. He et al., "Delving Deep into Rectifiers", 2015, with a gain of √(1/3). The
 * optimiser's state is zero, but for parameters that are averaged: their average begins as the parameter itself.
 */
export function initialState(network: NetworkSpec, optimizer: OptimizerSpec, seed: number): TrainingState {
  const fanIns = denseLayers(network).flatMap((layer) => [layer.inputs, layer.inputs]);
  const parameters = parameterShapes(network).map(({ name, shape }, part): [string, Tensor] => {
    const data = new Float32Array(elements(shape));
    fillUniform({ seed, purpose: 'initialization', part, step: 0 }, 0, data);
    const bound = 1 / Math.sqrt(fanIns[part]);
    for (let i = 0; i < data.length; i++) data[i] = (2 * data[i] - 1) * bound;
    return [name, { shape, data }];
  });
  return {
    step: 0,
    parameters: new Map(parameters),
    optimizer: initialSlots(optimizer, new Map(parameters)),
  };
}

/** The state of an optimiser that has done no step, for these parameters. */
export function initialSlots(optimizer: OptimizerSpec, parameters: StateDict): StateDict {
  const slots = [...parameters].flatMap(([name, { shape, data }]) =>
    optimizerSlots(optimizer).map((slot): [string, Tensor] => [
      `${name}.${slot}`,
      { shape, data: slot === liveSlot ? data.slice() : new Float32Array(data.length) },
    ]),
  );
  return new Map(slots);
}

/** Names and shapes of the optimiser's state, in its order. */
function optimizerShapes(network: NetworkSpec, optimizer: OptimizerSpec): TensorShape[] {
  return parameterShapes(network).flatMap(({ name, shape }) =>
    optimizerSlots(optimizer).map((slot) => ({ name: `${name}.${slot}`, shape })),
  );
}

/** @throws TrainyardError CHECKPOINT_CORRUPT unless training of this network by this optimiser can go on from the state */
export function checkState(network: NetworkSpec, optimizer: OptimizerSpec, state: TrainingState): void {
  if (!Number.isSafeInteger(state.step) || state.step < 0) {
    throw new TrainyardError('CHECKPOINT_CORRUPT', `The step is ${state.step}, not a count of steps.`);
  }
  checkParameters(network, state.parameters);
  checkTensors(optimizerShapes(network, optimizer), state.optimizer);
}

/** @throws TrainyardError CHECKPOINT_CORRUPT unless the parameters have the names and shapes of this network's */
export function checkParameters(network: NetworkSpec, parameters: StateDict): void {
  checkTensors(parameterShapes(network), parameters);
}

/**
 * The tensor of this name.
 * @throws TrainyardError CHECKPOINT_CORRUPT where there is none
 */
export function tensorOf(tensors: StateDict, name: string): Tensor {
  const tensor = tensors.get(name);
  if (!tensor) throw new TrainyardError('CHECKPOINT_CORRUPT', `The tensor ${name} is missing.`);
  return tensor;
}

function checkTensors(shapes: TensorShape[], tensors: StateDict): void {
  for (const { name, shape } of shapes) {
    const tensor = tensorOf(tensors, name);
    if (tensor.shape.join() !== shape.join() || tensor.data.length !== elements(shape)) {
      throw new TrainyardError(
        'CHECKPOINT_CORRUPT',
        `The tensor ${name} is (${tensor.shape.join(', ')}) with ${tensor.data.length} numbers; ` +
          `the network has (${shape.join(', ')}).`,
      );
    }
  }
  const expected = new Set(shapes.map(({ name }) => name));
  for (const name of tensors.keys()) {
    if (!expected.has(name)) {
      throw new TrainyardError('CHECKPOINT_CORRUPT', `The network has no tensor ${name}.`);
    }
  }
}
