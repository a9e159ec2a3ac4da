/** What training takes on the GPU, so that what does not fit is refused before it is built. */
import { TrainyardError } from '../../../errors.js';
import type { TrainingData, TrainingProgram } from '../engine.js';
import { megabytes, trainingMemoryBytes } from '../training-memory.js';
import type { GpuDevice, BufferLimits } from './api.js';
import type { Room } from './kernels.js';
import { settingWords } from './segments.js';
import { controlWords, type BufferName } from './wgsl/bindings.js';
import { stateVectors } from './wgsl/update.js';

const vectorBytes = 16;

/** The most that a kernel sees of a buffer. */
export function largestBuffer({ maxBufferSize, maxStorageBufferBindingSize }: BufferLimits): number {
  return Math.min(maxBufferSize, maxStorageBufferBindingSize);
}

/** Those that do not depend on the data. */
export type NetworkBuffer = Exclude<BufferName, 'inputs' | 'targets'>;

/** In bytes. */
export function bufferSizes(
  { network, optimizer }: Pick<TrainingProgram, 'network' | 'optimizer'>,
  { layout, steps, rows }: Room,
): Record<NetworkBuffer, number> {
  const parameters = vectorBytes * layout.parameterVectors;
  return {
    parameters,
    state: vectorBytes * stateVectors(layout, optimizer),
    averages: optimizer.ema === undefined ? 0 : parameters,
    // A tile may reach beyond the last batch.
    order: 8 * (rows + layout.rows),
    settings: 4 * settingWords * steps,
    activations: vectorBytes * layout.activationVectors,
    seen: 4 * (controlWords + rows * (1 + network.outputs)),
  };
}

interface Needs {
  room: Room;
  /** Of the buffer that the samples take most of. */
  sampleBytes: number;
  limits: BufferLimits;
  memoryLimitBytes: number;
}

/** @throws TrainyardError NETWORK_TOO_LARGE where the process or a buffer has no room */
export function refuseIfTooLarge(
  program: TrainingProgram,
  data: TrainingData,
  { room, sampleBytes, limits, memoryLimitBytes }: Needs,
): void {
  const { train, validation, test } = data;
  const count = train.count + validation.count + test.count;
  const neededBytes = trainingMemoryBytes(program, { count, hasWeights: train.weights !== null });
  if (neededBytes > memoryLimitBytes) {
    throw tooLarge(
      `The network and its data need about ${megabytes(neededBytes)} of memory beside the GPU; ` +
        `the limit here is ${megabytes(memoryLimitBytes)}`,
    );
  }
  const limit = largestBuffer(limits);
  const sizes = { ...bufferSizes(program, room), samples: sampleBytes };
  for (const [name, size] of Object.entries(sizes)) {
    if (size <= limit) continue;
    throw tooLarge(
      `The network's ${name} need ${megabytes(size)} on the GPU; its buffers have at most ${megabytes(limit)}`,
    );
  }
}

/**
 * What `build` makes on the device, at once.
 * @throws TrainyardError NETWORK_TOO_LARGE where the GPU's memory is not enough for it
 */
export async function withinMemory<T extends { dispose(): unknown }>(
  device: GpuDevice,
  build: () => T,
): Promise<T> {
  // What is made of a buffer that there is no memory for is not valid either.
  device.pushErrorScope('validation');
  device.pushErrorScope('out-of-memory');
  const built = build();
  const outcomes = [device.popErrorScope(), device.popErrorScope()];
  const [outOfMemory, invalid] = await Promise.all(outcomes);
  if (outOfMemory === null && invalid === null) return built;
  await built.dispose();
  if (outOfMemory !== null) throw tooLarge('The GPU has no memory for this network and its data now');
  throw new Error(`The GPU refused a command: ${invalid?.message}`);
}

function tooLarge(problem: string): TrainyardError {
  const message = `${problem}. Use fewer or narrower layers, a smaller batch, or the engine wasm.`;
  return new TrainyardError('NETWORK_TOO_LARGE', message);
}
