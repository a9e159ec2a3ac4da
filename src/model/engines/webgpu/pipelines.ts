/** The kernels compiled for the device: each text once in a process, however many trainers use it. */
import {
  bufferUsage,
  computeStage,
  type BindGroup,
  type BindGroupLayout,
  type ComputePass,
  type ComputePipeline,
  type GpuBuffer,
  type GpuDevice,
  type PipelineLayout,
} from './api.js';
import { accessesOf, type BufferName, type BufferSet } from './wgsl/bindings.js';
import type { Kernel } from './wgsl/kernel.js';

export interface CompiledKernel {
  kernel: Kernel;
  pipeline: ComputePipeline;
}

export type Buffers = Record<BufferName, GpuBuffer>;

export class Pipelines {
  readonly #device: GpuDevice;
  readonly #layouts: Record<BufferSet, { group: BindGroupLayout; pipeline: PipelineLayout }>;
  /** By the text of the shader. */
  readonly #compiled = new Map<string, Promise<ComputePipeline>>();

  constructor(device: GpuDevice) {
    this.#device = device;
    const layoutOf = (set: BufferSet) => {
      const group = device.createBindGroupLayout({
        entries: accessesOf(set).map(({ binding, isWritten }) => ({
          binding,
          visibility: computeStage,
          buffer: { type: isWritten ? 'storage' : 'read-only-storage' },
        })),
      });
      return { group, pipeline: device.createPipelineLayout({ bindGroupLayouts: [group] }) };
    };
    this.#layouts = { pass: layoutOf('pass'), update: layoutOf('update') };
  }

  /** All at the same time. */
  compile(kernels: readonly Kernel[]): Promise<CompiledKernel[]> {
    return Promise.all(kernels.map(async (kernel) => ({ kernel, pipeline: await this.#pipelineOf(kernel) })));
  }

  bind(set: BufferSet, buffers: Buffers): BindGroup {
    return this.#device.createBindGroup({
      layout: this.#layouts[set].group,
      entries: accessesOf(set).map(({ name, binding }) => ({ binding, resource: { buffer: buffers[name] } })),
    });
  }

  #pipelineOf({ name, code, buffers }: Kernel): Promise<ComputePipeline> {
    const known = this.#compiled.get(code);
    if (known !== undefined) return known;
    const pipeline = this.#device
      .createComputePipelineAsync({
        layout: this.#layouts[buffers].pipeline,
        compute: { module: this.#device.createShaderModule({ code }), entryPoint: 'main' },
      })
      .catch((cause: unknown) => {
        this.#compiled.delete(code);
        throw new Error(`The GPU's driver does not compile the kernel '${name}'`, { cause });
      });
    this.#compiled.set(code, pipeline);
    return pipeline;
  }
}

/** A compiled kernel with the buffers that it works on. */
export interface Dispatch extends CompiledKernel {
  group: BindGroup;
}

export function dispatchesOf(
  kernels: readonly CompiledKernel[],
  groups: Record<BufferSet, BindGroup>,
): Dispatch[] {
  return kernels.map((compiled) => ({ ...compiled, group: groups[compiled.kernel.buffers] }));
}

/** Sends them to the device, for a batch of so many rows, several times over. */
export function submit(
  device: GpuDevice,
  dispatches: readonly Dispatch[],
  rows: number,
  times: number,
): void {
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  encode(pass, dispatches, rows, times);
  pass.end();
  device.queue.submit([encoder.finish()]);
}

function encode(pass: ComputePass, dispatches: readonly Dispatch[], rows: number, times: number): void {
  const ready = dispatches.map(({ kernel, pipeline, group }) => {
    const [x, y] = kernel.grid(rows);
    return { pipeline, group, x, y };
  });
  let bound: BindGroup | null = null;
  for (let time = 0; time < times; time++) {
    for (const { pipeline, group, x, y } of ready) {
      if (group !== bound) pass.setBindGroup(0, group);
      bound = group;
      pass.setPipeline(pipeline);
      pass.dispatchWorkgroups(x, y);
    }
  }
}

/** Of storage that is written from here and read back, at least of the size that a binding must have. */
export function createStorage(device: GpuDevice, sizeBytes: number): GpuBuffer {
  return device.createBuffer({
    size: Math.max(64, 4 * Math.ceil(sizeBytes / 4)),
    usage: bufferUsage.storage | bufferUsage.copyTarget | bufferUsage.copySource,
  });
}
