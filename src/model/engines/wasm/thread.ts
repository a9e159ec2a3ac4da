/** The entry of a trainer's threads; started by threads.ts and by nobody else. Does as it is told, until it is ended. */
import { parentPort, workerData } from 'node:worker_threads';
import { instantiate } from './kernels.js';
import { createStepper, type Command } from './step.js';
import type { ThreadTask } from './threads.js';

const { module, memory, plan, thread } = workerData as ThreadTask;
const carryOut = createStepper(instantiate(module, memory), memory, plan, thread);

parentPort?.on('message', (command: Command) => parentPort?.postMessage(carryOut(command)));
