/** Entry point of the thread that changes the training pictures. Only augmented-inputs.ts starts it. */
import { parentPort, workerData } from 'node:worker_threads';
import { changeSamples, type AugmentationPlan } from './change-samples.js';

/** What the thread is started with; the inputs are its own. */
export interface ThreadStart {
  plan: AugmentationPlan;
  /** (count, channels · height · width) */
  inputs: Uint8Array;
}

/** Asks for the changed pictures of an epoch in `out`, which goes to the thread and comes back. */
export interface EpochRequest {
  epoch: number;
  /** (count, channels · height · width) */
  out: Uint8Array<ArrayBuffer>;
}

const { plan, inputs } = workerData as ThreadStart;

parentPort?.on('message', ({ epoch, out }: EpochRequest) => {
  changeSamples(plan, inputs, epoch, out);
  parentPort?.postMessage({ epoch, out }, [out.buffer]);
});
