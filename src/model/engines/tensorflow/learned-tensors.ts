/** What training changes, on the device: each parameter and the optimiser's state for it. */
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { tensorOf, type TrainingState } from '../../network/initialization.js';
import { parameterShapes, type NetworkSpec, type Tensor as HostTensor } from '../../network/network.js';
import { emaDecayAt, liveSlot, momentSlots } from '../../network/optimizers.js';
import type { AdamSpec, OptimizerSpec } from '../../network/optimizers.js';
import type { Tf } from './tensorflow.js';

/** A parameter and what is kept for it, all of its shape. */
export interface Learned<T> {
  /** What the steps change. */
  value: T;
  /** In the order of momentSlots. */
  slots: T[];
  /** The average of the parameter; null: it is not averaged. */
  average: T | null;
}

export interface LearnedTensors {
  /** The parameters, in the order of parameterShapes; valid until the next update, for use in a tidy. */
  parameters(): Tensor[];
  /** What evaluations use, likewise: the averages, where parameters are averaged. */
  evaluated(): Tensor[];
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
  return parameterShapes(network).map(({ name }) => {
    const parameter = copy(tensorOf(state.parameters, name));
    const slot = (slotName: string): Tensor => copy(tensorOf(state.optimizer, `${name}.${slotName}`));
    const slots = momentSlots(optimizer).map(slot);
    if (optimizer.ema === undefined) return { value: parameter, slots, average: null };
    return { value: slot(liveSlot), slots, average: parameter };
  });
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
    const { value, slots, average } = learned[i];
    parameters.set(name, { shape, data: average ?? value });
    momentSlots(optimizer).forEach((slot, s) => {
      kept.set(`${name}.${slot}`, { shape, data: slots[s] });
    });
    if (average !== null) kept.set(`${name}.${liveSlot}`, { shape, data: value });
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

/** The fractions of the average and of the parameter in the next average. */
export interface SharesOfAverage {
  kept: Scalar;
  taken: Scalar;
}

/** After a step, counted from 1, in a tidy; null where parameters are not averaged. */
export function sharesOfAverage(tf: Tf, { ema }: OptimizerSpec, step: number): SharesOfAverage | null {
  if (ema === undefined) return null;
  const decay = emaDecayAt(ema, step);
  return { kept: tf.scalar(decay), taken: tf.scalar(1 - decay) };
}
