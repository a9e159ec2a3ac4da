/** WebGPU: any vendor's GPU, by Dawn. */
import type { Engine } from '../engine.js';
import { openGpu, type OpenedGpu } from './device.js';
import { compileTraining } from './kernels.js';
import { createWebgpuPredictor } from './predictor.js';
import { createSession, type WebgpuSession } from './session.js';
import { createWebgpuTrainer } from './trainer.js';

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
    prepare(program) {
      void session()
        .then(({ pipelines }) => compileTraining(pipelines, program))
        .catch(() => undefined);
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
