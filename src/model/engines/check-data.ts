/** Checks that data fits the program, once before training or a prediction, so that no inner loop has to. */
import { TrainyardError } from '../../errors.js';
import { isClassLoss } from '../network/losses.js';
import type { NetworkSpec } from '../network/network.js';
import type { Samples, SplitName, TrainingData, TrainingProgram } from './engine.js';

/** @throws RangeError unless `inputs` are (count, network.inputs), which is a mistake of the caller */
export function checkInputs(
  { inputs: width }: Pick<NetworkSpec, 'inputs'>,
  inputs: Float32Array,
  count: number,
): void {
  if (inputs.length === count * width) return;
  throw new RangeError(`${count} samples are ${count * width} numbers, not ${inputs.length}`);
}

type Program = Pick<TrainingProgram, 'network' | 'loss' | 'scaling'>;

/**
 * Checks that the train split has samples, and that the program can learn from the samples of every split.
 * @throws TrainyardError DATASET_CORRUPT
 */
export function checkData(program: Program, data: TrainingData): void {
  for (const split of ['train', 'validation', 'test'] as const) {
    if (split === 'train' && data.train.count < 1) fail(split, 'has no samples');
    checkInputColumns(split, program, data[split]);
    checkTargets(split, program, data[split]);
    checkWeights(split, data[split]);
  }
}

/**
 * Checks that the training samples can get these inputs in the place of their own.
 * @throws TrainyardError DATASET_CORRUPT
 */
export function checkReplacement(
  program: Pick<TrainingProgram, 'network' | 'scaling'>,
  train: Samples,
  inputs: Samples['inputs'],
): void {
  checkInputColumns('train', program, { ...train, inputs });
}

function checkInputColumns(
  split: SplitName,
  { network, scaling }: Pick<TrainingProgram, 'network' | 'scaling'>,
  samples: Samples,
): void {
  const { count, width, inputs } = samples;
  if (width !== network.inputs) fail(split, `is ${width} wide, the network takes ${network.inputs}`);
  if (inputs.length !== count * width) {
    fail(split, `has ${inputs.length} inputs, not ${count} × ${width}`);
  }
  if (inputs instanceof Uint8Array) {
    if (scaling === null) fail(split, 'has bytes as inputs, and the program does not scale them');
    return;
  }
  if (scaling !== null) fail(split, 'has float32 inputs, and the program scales bytes');
  if (!inputs.every(Number.isFinite)) fail(split, 'has an input that is not finite');
}

function checkTargets(split: SplitName, { network, loss }: Program, samples: Samples): void {
  const { count, targets } = samples;
  if (isClassLoss(loss)) {
    if (targets instanceof Float32Array) fail(split, `has values as targets, and ${loss} learns classes`);
    if (targets.length !== count) fail(split, `has ${targets.length} classes for ${count} samples`);
    const unknown = targets.find((index) => index >= network.outputs);
    if (unknown !== undefined)
      fail(split, `has the class ${unknown}, the network ${network.outputs} classes`);
    return;
  }
  if (!(targets instanceof Float32Array)) fail(split, `has classes as targets, and ${loss} learns values`);
  if (targets.length !== count * network.outputs) {
    fail(split, `has ${targets.length} target values, not ${count} × ${network.outputs}`);
  }
  if (!targets.every(Number.isFinite)) fail(split, 'has a target that is not finite');
}

function checkWeights(split: SplitName, { count, weights }: Samples): void {
  if (weights === null) return;
  if (weights.length !== count) fail(split, `has ${weights.length} weights for ${count} samples`);
  if (!weights.every((weight) => Number.isFinite(weight) && weight >= 0)) {
    fail(split, 'has a weight that is negative or not finite');
  }
}

function fail(split: SplitName, problem: string): never {
  throw new TrainyardError('DATASET_CORRUPT', `The ${split} split ${problem}.`);
}
