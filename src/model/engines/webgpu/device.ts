/**
 * The GPU: opened once in a process by the package `webgpu` (Dawn, the implementation of WebGPU in Chromium), on Vulkan, Metal
 * or Direct3D. The package is no dependency: it takes 130 MB, which an installation without a GPU does not need.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Adapter } from '../engine.js';
import type {
  BufferLimits,
  Gpu,
  GpuAdapter,
  GpuAdapterInfo,
  GpuDevice,
  GpuLimits,
  LimitName,
} from './api.js';

const packageName = 'webgpu';

/** An adapter with an open device. */
export interface OpenedGpu {
  device: GpuDevice;
  limits: BufferLimits;
  /** The adapter, its driver and the package, for people: a run records it. */
  name: string;
  /** False where the adapter computes on the CPU, as SwiftShader and llvmpipe do. */
  isGpu: boolean;
  adapter: Adapter;
}

interface Package {
  create: (options: string[]) => Gpu;
}

const require = createRequire(import.meta.url);

export function isWebgpuInstalled(): boolean {
  try {
    return require.resolve(packageName) !== '';
  } catch {
    return false;
  }
}

export function whyWebgpuIsNotInstalled(): string | null {
  return isWebgpuInstalled() ? null : `the package ${packageName} is not installed`;
}

/**
 * All that the package created. The process crashes when the garbage collector takes one of them, so they live as long as
 * the process does.
 */
const pinned: unknown[] = [];

/** Whether this process has opened a GPU, which it then keeps. */
export function isGpuOpen(): boolean {
  return pinned.length > 0;
}

/**
 * The kernels write all memory of a workgroup before they read it, so it need not be set to 0 before. SwiftShader compiles 25 times as
 * fast without.
 */
const dawnOptions = ['enable-dawn-features=disable_workgroup_init'];

/** What the kernels need beyond the limits that every adapter has. */
const raisedLimits: readonly LimitName[] = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
];

/**
 * @param entry the package's main file; by default of the package that is installed beside the service
 * @throws Error with the reason where there is no package or no adapter
 */
export async function openGpu(entry: string = resolveEntry()): Promise<OpenedGpu> {
  const { create } = (await import(pathToFileURL(entry).href)) as Package;
  const gpu = create(dawnOptions);
  pinned.push(gpu);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) {
    throw new Error('WebGPU finds no adapter (on Linux it needs libvulkan.so.1 and a driver for Vulkan)');
  }
  pinned.push(adapter);
  const device = await adapter.requestDevice({ requiredLimits: limitsOf(adapter) });
  pinned.push(device);
  const { info, limits } = adapter;
  const { maxBufferSize, maxStorageBufferBindingSize } = limits;
  return {
    device,
    limits: { maxBufferSize, maxStorageBufferBindingSize },
    isGpu: !isSoftware(info),
    name: describeAdapter(info, versionOf(entry)),
    adapter: adapterOf(adapter),
  };
}

function adapterOf({ info, limits }: GpuAdapter): Adapter {
  return {
    name: info.device,
    vendor: info.vendor,
    driver: info.description,
    isSoftware: isSoftware(info),
    limits: {
      bufferBytes: limits.maxBufferSize,
      bindingBytes: limits.maxStorageBufferBindingSize,
      workgroupBytes: limits.maxComputeWorkgroupStorageSize,
      workgroupThreads: limits.maxComputeInvocationsPerWorkgroup,
    },
  };
}

function resolveEntry(): string {
  try {
    return require.resolve(packageName);
  } catch {
    throw new Error(`the package ${packageName} is not installed`);
  }
}

function limitsOf({ limits }: GpuAdapter): Partial<GpuLimits> {
  return Object.fromEntries(raisedLimits.map((name) => [name, limits[name]]));
}

/** Adapters that compute on the CPU: SwiftShader (Google), llvmpipe (Mesa) and WARP (Microsoft). */
function isSoftware({
  isFallbackAdapter,
  vendor,
  architecture,
  device,
  description,
}: GpuAdapterInfo): boolean {
  const names = [vendor, architecture, device, description].join(' ');
  return isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|basic render/i.test(names);
}

function describeAdapter(info: GpuAdapterInfo, version: string): string {
  const { vendor, architecture, device, description } = info;
  const adapter = device === '' ? `${vendor} ${architecture}`.trim() : device;
  const driver = description === '' ? '' : ` (${description})`;
  return `${isSoftware(info) ? 'CPU' : 'GPU'}, ${adapter}${driver}, by ${packageName} ${version}`;
}

function versionOf(entry: string): string {
  const text = readFileSync(join(dirname(entry), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
