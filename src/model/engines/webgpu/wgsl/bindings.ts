/** The buffers that the kernels share: which numbers they have, and how a kernel reads the inputs of a sample. */
import type { AffineMap } from '../../../preprocessing/affine.js';
import { vectorsOf } from '../layout.js';
import { f32, u32 } from './literals.js';

export const bufferNames = [
  'parameters',
  'inputs',
  'targets',
  'order',
  'settings',
  'activations',
  'seen',
  'state',
  'averages',
] as const;

export type BufferName = (typeof bufferNames)[number];

/**
 * parameters: see LayerLayout. inputs: (samples, inputVectors), four bytes to a word or four float32 to a vector.
 * targets: (samples) classes or (samples, outputs) values. order: for each sample of the batches, its index in the data, and
 * its share in the gradient as the bits of a float32. settings: (steps, 4 vectors), see settings.ts. activations: see
 * LayerLayout. seen: control words, then (rows) losses and (rows, outputs) outputs, as bits. state: (slots, parameterVectors),
 * and where gradients are clipped these and the squares of the tiles. averages: as parameters.
 */
const elements: Record<Exclude<BufferName, 'inputs'>, string> = {
  parameters: 'vec4f',
  targets: 'u32',
  order: 'vec2u',
  settings: 'vec4u',
  activations: 'vec4f',
  seen: 'u32',
  state: 'vec4f',
  averages: 'vec4f',
};

/**
 * `seen` begins with these words. The place in the order of the step to do next moves between two of them: the first kernel
 * of a step copies `next` to `current`, from which all others read, and the last one writes the place of the following step to
 * `next`. So the same commands do every step, and no kernel writes what another of its threads reads.
 */
export const control = { next: 0, current: 1, isTraining: 2 } as const;
export const controlWords = 16;

/**
 * The two sets of buffers that kernels use, so that the commands of a step hardly ever change them: WebGPU grants all adapters
 * eight. Those that are written are so in all kernels of the set, and all others are read.
 */
export const bufferSets = {
  pass: {
    names: ['parameters', 'inputs', 'targets', 'order', 'settings', 'activations', 'seen'],
    written: ['activations', 'seen'],
  },
  update: {
    names: ['parameters', 'inputs', 'order', 'settings', 'activations', 'seen', 'state', 'averages'],
    written: ['parameters', 'activations', 'seen', 'state', 'averages'],
  },
} as const satisfies Record<string, { names: readonly BufferName[]; written: readonly BufferName[] }>;

export type BufferSet = keyof typeof bufferSets;

/** What a kernel must know of the data. */
export interface InputFormat {
  /** null: float32 as the network takes them. */
  scaling: AffineMap | null;
  /** Of a sample. */
  inputs: number;
}

export function declareBuffers(set: BufferSet, { scaling }: InputFormat): string {
  return accessesOf(set)
    .map(({ name, binding, isWritten }) => {
      const element = name === 'inputs' ? (scaling === null ? 'vec4f' : 'u32') : elements[name];
      const access = isWritten ? 'read_write' : 'read';
      return `@group(0) @binding(${binding}) var<storage, ${access}> ${name}: array<${element}>;\n`;
    })
    .join('');
}

export function accessesOf(set: BufferSet): { name: BufferName; binding: number; isWritten: boolean }[] {
  const { names, written } = bufferSets[set];
  return names.map((name: BufferName, binding) => ({
    name,
    binding,
    isWritten: (written as readonly BufferName[]).includes(name),
  }));
}

/** `loadInput(sample, vector)` */
export function loadInput({ scaling, inputs }: InputFormat): string {
  const at = `sample * ${u32(vectorsOf(inputs))} + vector`;
  if (scaling === null) return `fn loadInput(sample: u32, vector: u32) -> vec4f { return inputs[${at}]; }\n`;
  const { divide_by, mean, std } = scaling;
  return `
fn loadInput(sample: u32, vector: u32) -> vec4f {
  let bytes = vec4f((vec4u(inputs[${at}]) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u));
  return bytes * ${f32(1 / (divide_by * std))} + ${f32(-mean / std)};
}
`;
}
