/** Whether data fits the network: checked once, before training or a prediction, so that no engine's inner loop has to. */
import { TrainyardError } from '../../errors.js';
import type { NetworkSpec } from '../network/network.js';
import type { LabelledSamples, TrainingData } from './engine.js';

/** Throws a RangeError, for a mistake of the caller, unless `inputs` are (count, network.inputs). */
export function checkInputs({ inputs: width }: NetworkSpec, inputs: Float32Array, count: number): void {
  if (inputs.length === count * width) return;
  throw new RangeError(`${count} samples are ${count * width} numbers, not ${inputs.length}`);
}

/** Throws DATASET_CORRUPT unless both splits hold samples that the network can take, each with one of its classes. */
export function checkData(network: NetworkSpec, data: TrainingData): void {
  checkSplit('train', network, data.train);
  checkSplit('test', network, data.test);
}

function checkSplit(split: string, network: NetworkSpec, samples: LabelledSamples): void {
  const { count, width, inputs, labels } = samples;
  if (count < 1) fail(split, 'has no samples');
  if (width !== network.inputs) fail(split, `is ${width} wide, the network takes ${network.inputs}`);
  if (inputs.length !== count * width) {
    fail(split, `has ${inputs.length} bytes of inputs, not ${count} × ${width}`);
  }
  if (labels.length !== count) fail(split, `has ${labels.length} labels for ${count} samples`);
  const unknown = labels.find((label) => label >= network.outputs);
  if (unknown !== undefined) fail(split, `has the label ${unknown}, the network ${network.outputs} classes`);
}

function fail(split: string, problem: string): never {
  throw new TrainyardError('DATASET_CORRUPT', `The ${split} split ${problem}.`);
}
