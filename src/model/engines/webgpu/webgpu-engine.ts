/** WebGPU: any vendor's GPU, by Dawn. */
import type { Engine } from '../engine.js';
import { openGpu, type OpenedGpu } from './device.js';
import { Pipelines } from './pipelines.js';
import { createWebgpuPredictor } from './predictor.js';
import { createWebgpuTrainer } from './trainer.js';

/** Counts up whenever the kernels give other bits; a run records it. */
const kernelVersion = 1;

/** What all trainers and predictors of a process share. */
export interface WebgpuSession {
  gpu: OpenedGpu;
  pipelines: Pipelines;
  /** Does the work; rejects where the device, or something that it was told before, failed. */
  guarded<T>(work: () => Promise<T>): Promise<T>;
}

/** `open` rejects with the reason where there is no WebGPU. */
export function createWebgpuEngine(open: () => Promise<OpenedGpu> = openGpu): Engine {
  let opened: Promise<WebgpuSession> | undefined;
  // Opened once, when it is first needed: that takes a tenth of a second and more.
  const session = (): Promise<WebgpuSession> => (opened ??= open().then(createSession));

  return {
    name: 'webgpu',
    async probe() {
      try {
        const { name, isGpu } = (await session()).gpu;
        return { available: true, device: name, hasGpu: isGpu };
      } catch (error) {
        return { available: false, reason: error instanceof Error ? error.message : String(error) };
      }
    },
    trainer: async (...training) => createWebgpuTrainer(await session(), ...training),
    predictor: async (...model) => createWebgpuPredictor(await session(), ...model),
  };
}

let ofThisProcess: Engine | undefined;

/** A device takes long to open and its pipelines long to compile, so all runs of a process share them. */
export function sharedWebgpuEngine(): Engine {
  return (ofThisProcess ??= createWebgpuEngine());
}

function createSession(gpu: OpenedGpu): WebgpuSession {
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
