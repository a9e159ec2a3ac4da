/**
 * The samples on the GPU. All of them lie there once, one split after the other, so that a batch is a list of indices; where they
 * are more than a buffer can hold, only those of some steps do, in their order.
 */
import { isClassLoss } from '../../network/losses.js';
import type { Samples, SplitName, TrainingData, TrainingProgram } from '../engine.js';
import type { GpuBuffer, GpuDevice } from './api.js';
import { vectorsOf } from './layout.js';
import { createStorage } from './pipelines.js';

/** At a time, so that what is on its way to the GPU does not take the memory of another copy. */
const bytesOfSlice = 2 ** 24;

type Program = Pick<TrainingProgram, 'network' | 'loss' | 'scaling'>;

export interface DeviceSamples {
  readonly inputs: GpuBuffer;
  readonly targets: GpuBuffer;
  /** Where these samples of a split are found on the device, until the next call. */
  indicesOf(split: SplitName, samples: Uint32Array): Uint32Array;
  /** See `Trainer`. */
  replaceInputs(inputs: Samples['inputs']): void;
}

/** What a sample takes in the buffer where it takes most. */
export function bytesOfSample(program: Program): number {
  return Math.max(inputBytes(program), targetBytes(program));
}

/** Padded to vectors: of bytes or of float32. */
function inputBytes({ network, scaling }: Program): number {
  return vectorsOf(network.inputs) * (scaling === null ? 16 : 4);
}

function targetBytes(program: Program): number {
  return 4 * targetWidth(program);
}

function targetWidth({ network, loss }: Program): number {
  return isClassLoss(loss) ? 1 : network.outputs;
}

export function residentSamples(device: GpuDevice, program: Program, data: TrainingData): DeviceSamples {
  const { train, validation, test } = data;
  const first = { train: 0, validation: train.count, test: train.count + validation.count };
  const buffers = createBuffers(device, program, first.test + test.count);
  for (const split of ['train', 'validation', 'test'] as const) {
    uploadInputs(device, buffers.inputs, first[split] * inputBytes(program), data[split]);
    device.queue.writeBuffer(
      buffers.targets,
      first[split] * targetBytes(program),
      words(data[split].targets),
    );
  }
  return {
    ...buffers,
    indicesOf: (split, samples) => samples.map((sample) => first[split] + sample),
    replaceInputs: (inputs) => uploadInputs(device, buffers.inputs, 0, { ...train, inputs }),
  };
}

/** Of up to `most` samples at a time. */
export function streamedSamples(
  device: GpuDevice,
  program: Program,
  data: TrainingData,
  most: number,
): DeviceSamples {
  const buffers = createBuffers(device, program, most);
  let replaced = data.train.inputs;
  return {
    ...buffers,
    indicesOf(split, samples) {
      const { width, targets, inputs } = data[split];
      const rows = rowsOf(split === 'train' ? replaced : inputs, width, samples);
      uploadInputs(device, buffers.inputs, 0, { count: samples.length, width, inputs: rows });
      device.queue.writeBuffer(buffers.targets, 0, words(rowsOf(targets, targetWidth(program), samples)));
      return samples.map((_, index) => index);
    },
    replaceInputs(inputs) {
      replaced = inputs.slice();
    },
  };
}

function createBuffers(device: GpuDevice, program: Program, count: number) {
  return {
    inputs: createStorage(device, count * inputBytes(program)),
    targets: createStorage(device, count * targetBytes(program)),
  };
}

/** These rows, in this order. */
function rowsOf<T extends Samples['inputs'] | Samples['targets']>(
  numbers: T,
  width: number,
  rows: Uint32Array,
): T {
  const Numbers = numbers.constructor as new (length: number) => T;
  const out = new Numbers(rows.length * width);
  rows.forEach((row, i) => out.set(numbers.subarray(row * width, (row + 1) * width), i * width));
  return out;
}

/** Class indices as words; values as they are. */
function words(targets: Samples['targets']): Uint32Array | Float32Array {
  return targets instanceof Float32Array ? targets : Uint32Array.from(targets);
}

/** Each sample padded to whole vectors. */
export function uploadInputs(
  device: GpuDevice,
  buffer: GpuBuffer,
  offsetBytes: number,
  { count, width, inputs }: Pick<Samples, 'count' | 'width' | 'inputs'>,
): void {
  const padded = 4 * vectorsOf(width);
  const numberBytes = inputs.BYTES_PER_ELEMENT;
  const slice = Math.max(1, Math.floor(bytesOfSlice / (padded * numberBytes)));
  for (let first = 0; first < count; first += slice) {
    const rows = inputs.subarray(first * width, Math.min(count, first + slice) * width);
    const numbers = padded === width ? rows : padRows(rows, width, padded);
    device.queue.writeBuffer(buffer, offsetBytes + first * padded * numberBytes, numbers);
  }
}

function padRows(rows: Samples['inputs'], width: number, padded: number): Samples['inputs'] {
  const count = rows.length / width;
  const out = rows instanceof Uint8Array ? new Uint8Array(count * padded) : new Float32Array(count * padded);
  for (let row = 0; row < count; row++) out.set(rows.subarray(row * width, (row + 1) * width), row * padded);
  return out;
}
