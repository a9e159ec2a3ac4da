/**
 * The part of the WebGPU API that this engine uses, as the W3C's specification has it: the package `webgpu` is not always
 * installed, and TypeScript knows these types only for browsers.
 */

export interface Gpu {
  requestAdapter(options?: { powerPreference?: 'high-performance' }): Promise<GpuAdapter | null>;
}

export type LimitName =
  | 'maxBufferSize'
  | 'maxStorageBufferBindingSize'
  | 'maxComputeWorkgroupStorageSize'
  | 'maxComputeInvocationsPerWorkgroup'
  | 'maxComputeWorkgroupsPerDimension'
  | 'maxStorageBuffersPerShaderStage';

export type GpuLimits = Readonly<Record<LimitName, number>>;

export type BufferLimits = Pick<GpuLimits, 'maxBufferSize' | 'maxStorageBufferBindingSize'>;

export interface GpuAdapter {
  readonly limits: GpuLimits;
  readonly info: GpuAdapterInfo;
  requestDevice(options?: { requiredLimits?: Partial<GpuLimits> }): Promise<GpuDevice>;
}

export interface GpuAdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  /** The name of the GPU. */
  readonly device: string;
  /** With Vulkan: the driver and its version. */
  readonly description: string;
  readonly isFallbackAdapter?: boolean;
}

export interface GpuDevice {
  readonly limits: GpuLimits;
  readonly queue: GpuQueue;
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  addEventListener(type: 'uncapturederror', listener: (event: { error: GpuError }) => void): void;
  pushErrorScope(filter: 'out-of-memory' | 'validation'): void;
  popErrorScope(): Promise<GpuError | null>;
  createBuffer(description: { size: number; usage: number }): GpuBuffer;
  createBindGroupLayout(description: { entries: BindGroupLayoutEntry[] }): BindGroupLayout;
  createPipelineLayout(description: { bindGroupLayouts: BindGroupLayout[] }): PipelineLayout;
  createBindGroup(description: { layout: BindGroupLayout; entries: BindGroupEntry[] }): BindGroup;
  createShaderModule(description: { code: string }): ShaderModule;
  createComputePipelineAsync(description: {
    layout: PipelineLayout;
    compute: { module: ShaderModule; entryPoint: string };
  }): Promise<ComputePipeline>;
  createCommandEncoder(): CommandEncoder;
  destroy(): void;
}

interface GpuError {
  readonly message: string;
}

export interface GpuQueue {
  submit(commands: CommandBuffer[]): void;
  /** `dataOffset` and `size` in elements of `data`. */
  writeBuffer(
    buffer: GpuBuffer,
    offsetBytes: number,
    data: ArrayBufferView,
    dataOffset?: number,
    size?: number,
  ): void;
  onSubmittedWorkDone(): Promise<void>;
}

export interface GpuBuffer {
  readonly size: number;
  mapAsync(mode: number, offset?: number, size?: number): Promise<void>;
  getMappedRange(offset?: number, size?: number): ArrayBuffer;
  unmap(): void;
  destroy(): void;
}

interface BindGroupLayoutEntry {
  binding: number;
  visibility: number;
  buffer: { type: 'storage' | 'read-only-storage' };
}

interface BindGroupEntry {
  binding: number;
  resource: { buffer: GpuBuffer };
}

/** Objects that are only passed on. */
declare const kind: unique symbol;
export interface BindGroupLayout {
  readonly [kind]: 'bind group layout';
}
export interface PipelineLayout {
  readonly [kind]: 'pipeline layout';
}
export interface BindGroup {
  readonly [kind]: 'bind group';
}
export interface ShaderModule {
  readonly [kind]: 'shader module';
}
export interface ComputePipeline {
  readonly [kind]: 'compute pipeline';
}
export interface CommandBuffer {
  readonly [kind]: 'command buffer';
}

export interface CommandEncoder {
  beginComputePass(): ComputePass;
  copyBufferToBuffer(
    source: GpuBuffer,
    sourceOffset: number,
    target: GpuBuffer,
    targetOffset: number,
    sizeBytes: number,
  ): void;
  finish(): CommandBuffer;
}

export interface ComputePass {
  setPipeline(pipeline: ComputePipeline): void;
  setBindGroup(index: number, group: BindGroup): void;
  dispatchWorkgroups(x: number, y?: number): void;
  end(): void;
}

export const bufferUsage = { mapRead: 0x1, copySource: 0x4, copyTarget: 0x8, storage: 0x80 };
export const computeStage = 0x4;
export const mapForReading = 0x1;
