/** The samples on the GPU: all splits one after the other, so that a batch is a list of indices. */
import { isClassLoss } from '../../network/losses.js';
import type { Samples, SplitName, TrainingData, TrainingProgram } from '../engine.js';
import type { GpuDevice } from './api.js';
import { vectorsOf } from './layout.js';
import { createStorage } from './pipelines.js';

const splitNames = ['train', 'validation', 'test'] as const;

/** At a time, so that what is on its way to the GPU does not take the memory of another copy. */
const bytesOfSlice = 2 ** 24;

/** The index of each split's first sample. */
export function firstSamples(data: TrainingData): Record<SplitName, number> {
  const validation = data.train.count;
  return { train: 0, validation, test: validation + data.validation.count };
}

/** Of a sample's inputs, padded to vectors: of bytes or of float32. */
export function inputBytes({ network, scaling }: Pick<TrainingProgram, 'network' | 'scaling'>): number {
  return vectorsOf(network.inputs) * (scaling === null ? 16 : 4);
}

export function targetBytes({ network, loss }: Pick<TrainingProgram, 'network' | 'loss'>): number {
  return 4 * (isClassLoss(loss) ? 1 : network.outputs);
}

export function uploadSamples(device: GpuDevice, program: TrainingProgram, data: TrainingData) {
  const count = splitNames.reduce((sum, name) => sum + data[name].count, 0);
  const inputs = createStorage(device, count * inputBytes(program));
  const targets = createStorage(device, count * targetBytes(program));
  let first = 0;
  for (const name of splitNames) {
    uploadInputs(device, inputs, first * inputBytes(program), data[name]);
    device.queue.writeBuffer(targets, first * targetBytes(program), targetsOf(data[name]));
    first += data[name].count;
  }
  return { inputs, targets };
}

/** Class indices as words, values as they are. */
function targetsOf({ targets }: Samples): Uint32Array | Float32Array {
  return targets instanceof Float32Array ? targets : Uint32Array.from(targets);
}

/** Each sample padded to whole vectors. */
export function uploadInputs(
  device: GpuDevice,
  buffer: Parameters<GpuDevice['queue']['writeBuffer']>[0],
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
