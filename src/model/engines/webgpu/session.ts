/** An open GPU with the pipelines that were compiled for it, and what becomes of its failures. */
import type { OpenedGpu } from './device.js';
import { Pipelines } from './pipelines.js';

/** Counts up whenever the kernels give other bits; a run records it. */
const kernelVersion = 1;

/** What all trainers and predictors of a process share. */
export interface WebgpuSession {
  gpu: OpenedGpu;
  pipelines: Pipelines;
  /** Does the work; rejects where the device, or something that it was told before, failed. */
  guarded<T>(work: () => Promise<T>): Promise<T>;
}

export function createSession(gpu: OpenedGpu): WebgpuSession {
  const { device } = gpu;
  let failure: Error | null = null;
  device.addEventListener('uncapturederror', ({ error }) => {
    failure ??= new Error(`The GPU refused a command: ${error.message}`);
  });
  void device.lost.then(({ reason, message }) => {
    failure = new Error(`The GPU was lost (${reason}): ${message}`);
  });
  return {
    gpu: { ...gpu, name: `${gpu.name}, kernels ${kernelVersion}` },
    pipelines: new Pipelines(device),
    async guarded(work) {
      const result = await work().catch((error: unknown) => {
        throw failure ?? error;
      });
      if (failure !== null) throw failure;
      return result;
    },
  };
}
