/** What training changes, on the device: each parameter and the optimiser's state for it. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { tensorOf, type TrainingState } from '../../network/initialization.js';
import { parameterShapes, type NetworkSpec, type Tensor as HostTensor } from '../../network/network.js';
import { optimizerSlots, type AdamSpec, type OptimizerSpec } from '../../network/optimizers.js';
import type { Tf } from './tensorflow.js';

/** A parameter and its slots, in the order of optimizerSlots; all of the parameter's shape. */
export interface Learned<T> {
  value: T;
  slots: T[];
}

export interface LearnedTensors {
  /** The parameters, in the order of parameterShapes; valid until the next update, for use in a tidy. */
  parameters(): Tensor[];
  /** `step` counts from 1; `gradients` are in the order of the parameters. In a tidy. */
  update(gradients: readonly Tensor[], step: number): void;
  /** In the order of the parameters. */
  read(): Promise<Learned<Float32Array>[]>;
  dispose(): void;
}

/** A copy: a tensor may keep the array that it is created from. */
export function onDevice(tf: Tf, { data, shape }: HostTensor): Tensor {
  return tf.tensor(data.slice(), [...shape]);
}

/** Copies of the state's tensors, in the network's order. */
export function stateOnDevice(
  tf: Tf,
  network: NetworkSpec,
  optimizer: OptimizerSpec,
  state: TrainingState,
): Learned<Tensor>[] {
  const copy = (tensor: HostTensor): Tensor => onDevice(tf, tensor);
  return parameterShapes(network).map(({ name }) => ({
    value: copy(tensorOf(state.parameters, name)),
    slots: optimizerSlots(optimizer).map((slot) => copy(tensorOf(state.optimizer, `${name}.${slot}`))),
  }));
}

export function stateFrom(
  network: NetworkSpec,
  optimizer: OptimizerSpec,
  step: number,
  learned: readonly Learned<Float32Array>[],
): TrainingState {
  const parameters = new Map<string, HostTensor>();
  const kept = new Map<string, HostTensor>();
  parameterShapes(network).forEach(({ name, shape }, i) => {
    parameters.set(name, { shape, data: learned[i].value });
    optimizerSlots(optimizer).forEach((slot, s) => {
      kept.set(`${name}.${slot}`, { shape, data: learned[i].slots[s] });
    });
  });
  return { step, parameters, optimizer: kept };
}

/** A copy: some backends return the very array that the tensor was created from. */
export async function numbersOf(tensor: Tensor): Promise<Float32Array> {
  return Float32Array.from(await tensor.data());
}

/**
 * What is the same for every parameter of a step of Adam, p ← p − stepSize · m / (√v + epsilon), where both numbers include
 * the bias corrections; `step` counts from 1. D. P. Kingma, J. Ba, 2015, section 2, last paragraph.
 */
export function adamStep(
  { learning_rate, beta1, beta2, epsilon }: AdamSpec,
  step: number,
): { stepSize: number; epsilon: number } {
  const correction2 = Math.sqrt(1 - beta2 ** step);
  return {
    stepSize: (learning_rate * correction2) / (1 - beta1 ** step),
    epsilon: epsilon * correction2,
  };
}
