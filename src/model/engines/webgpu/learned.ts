/** What training changes, on the GPU: parameters, the optimiser's state, averages; and the ways there and back. */
import { tensorOf, type TrainingState } from '../../network/initialization.js';
import { parameterShapes, type NetworkSpec, type StateDict, type Tensor } from '../../network/network.js';
import { liveSlot, momentSlots, optimizerSlots, type OptimizerSpec } from '../../network/optimizers.js';
import type { GpuBuffer, GpuDevice } from './api.js';
import { packLayer, unpackLayer, type NetworkLayout } from './layout.js';
import { createStorage } from './pipelines.js';
import { readBack } from './read-back.js';
import { stateVectors } from './wgsl/update.js';

const vectorBytes = 16;

export interface Learned {
  /** What the steps change. */
  parameters: GpuBuffer;
  state: GpuBuffer;
  /** Of the parameters; empty where they are not averaged. */
  averages: GpuBuffer;
}

/** Where in the buffers the tensors of a suffix lie. */
interface Place {
  of: 'parameters' | 'optimizer';
  suffix: string;
  buffer: keyof Learned;
  /** In vectors. */
  offset: number;
}

function placesOf({ parameterVectors }: NetworkLayout, optimizer: OptimizerSpec): Place[] {
  const moments = momentSlots(optimizer).map((slot, i): Place => {
    return { of: 'optimizer', suffix: `.${slot}`, buffer: 'state', offset: i * parameterVectors };
  });
  const parameters: Place = { of: 'parameters', suffix: '', buffer: 'parameters', offset: 0 };
  if (optimizer.ema === undefined) return [parameters, ...moments];
  const live: Place = { of: 'optimizer', suffix: `.${liveSlot}`, buffer: 'parameters', offset: 0 };
  return [live, ...moments, { ...parameters, buffer: 'averages' }];
}

export function uploadState(
  device: GpuDevice,
  layout: NetworkLayout,
  optimizer: OptimizerSpec,
  start: TrainingState,
): Learned {
  const sizeBytes = vectorBytes * layout.parameterVectors;
  const learned = {
    parameters: createStorage(device, sizeBytes),
    state: createStorage(device, vectorBytes * stateVectors(layout, optimizer)),
    averages: createStorage(device, optimizer.ema === undefined ? 0 : sizeBytes),
  };
  for (const { of, suffix, buffer, offset } of placesOf(layout, optimizer)) {
    device.queue.writeBuffer(learned[buffer], vectorBytes * offset, packed(layout, start[of], suffix));
  }
  return learned;
}

/** All layers' tensors of the suffix as the kernels take them. */
export function packed(layout: NetworkLayout, tensors: StateDict, suffix = ''): Float32Array {
  const out = new Float32Array(4 * layout.parameterVectors);
  for (const layer of layout.layers) {
    const data = (part: string): Float32Array => tensorOf(tensors, `${layer.name}.${part}${suffix}`).data;
    packLayer(layer, data('weight'), data('bias'), out);
  }
  return out;
}

export async function readState(
  device: GpuDevice,
  layout: NetworkLayout,
  { network, optimizer }: { network: NetworkSpec; optimizer: OptimizerSpec },
  learned: Learned,
): Promise<Omit<TrainingState, 'step'>> {
  const places = placesOf(layout, optimizer);
  const size = vectorBytes * layout.parameterVectors;
  const bytes = await readBack(
    device,
    places.map(({ buffer, offset }) => ({ buffer: learned[buffer], offset: vectorBytes * offset, size })),
  );
  const tensors = new Map<string, Tensor>();
  places.forEach(({ suffix }, i) => {
    const numbers = new Float32Array(bytes, i * size, size / 4);
    for (const layer of layout.layers) {
      const { weight, bias } = unpackLayer(layer, numbers);
      tensors.set(`${layer.name}.weight${suffix}`, { shape: [layer.outputs, layer.inputs], data: weight });
      tensors.set(`${layer.name}.bias${suffix}`, { shape: [layer.outputs], data: bias });
    }
  });
  const inOrder = (names: string[]): StateDict =>
    new Map(names.map((name) => [name, tensorOf(tensors, name)]));
  const parameters = parameterShapes(network).map(({ name }) => name);
  const slots = parameters.flatMap((name) => optimizerSlots(optimizer).map((slot) => `${name}.${slot}`));
  return { parameters: inOrder(parameters), optimizer: inOrder(slots) };
}
