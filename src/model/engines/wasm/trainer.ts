/** Training on the kernels: lays out one shared memory, fills it, and has the threads work on it. */
import { checkState, tensorOf, type TrainingState } from '../../network/initialization.js';
import type { StateDict, Tensor } from '../../network/network.js';
import { liveSlot, momentSlots } from '../../network/optimizers.js';
import { checkData, checkReplacement } from '../check-data.js';
import { cpuDevice, threadsFor } from '../cpu-threads.js';
import type { Trainer, TrainingData, TrainingProgram, TrainingResources } from '../engine.js';
import { replaceInputs, writeData } from './batches.js';
import type { CompiledKernels } from './kernels.js';
import { createLayout, readLayer, writeWeights, type LayerAddress } from './layout.js';
import { giveBackMemory, takeMemory } from './memory-pool.js';
import { planTrainer, type Plan } from './plan.js';
import { startThreads } from './threads.js';

export function createWasmTrainer(
  { module, heapBase }: CompiledKernels,
  program: TrainingProgram,
  data: TrainingData,
  start: TrainingState,
  resources: TrainingResources,
): Trainer {
  const { network, optimizer } = program;
  checkData(program, data);
  checkState(network, optimizer, start);

  const layout = createLayout(heapBase);
  const threadCount = threadsFor(program, resources.threads, multiplicationsOfThread);
  const plan = planTrainer(layout, program, data, threadCount);
  const memory = takeMemory(layout.sizeBytes(), resources.memoryLimitBytes);
  const floats = new Float32Array(memory.buffer);
  writeData(memory, plan.data, program.scaling, data);
  writeState(floats, plan, start);
  const threads = startThreads({ module, memory, plan });
  let trainBackground = plan.data.background;
  let step = start.step;
  let disposed = false;

  return {
    device: cpuDevice(threadCount, 'WebAssembly SIMD'),
    async run(steps) {
      const report = await threads.carryOut({ kind: 'train', firstStep: step, steps, trainBackground });
      step += steps;
      return report;
    },
    evaluate: (split, firstBatch, batches) =>
      threads.carryOut({ kind: 'evaluate', split, firstBatch, batches, trainBackground }),
    async replaceInputs(inputs) {
      await Promise.resolve();
      // The memory may belong to another trainer.
      if (disposed) throw new Error('This trainer has ended.');
      checkReplacement(program, data.train, inputs);
      trainBackground = replaceInputs(memory, plan.data, program.scaling, inputs);
    },
    snapshot: async () => Promise.resolve(readState(floats, plan, step)),
    async dispose() {
      if (disposed) return;
      disposed = true;
      await threads.end();
      giveBackMemory(memory);
    },
  };
}

/** With fewer multiplications a step than this each, threads wait for each other longer than they save; measured. */
const multiplicationsOfThread = 100_000;

/** Where the numbers of each tensor of a state lie, by the suffix of its name. */
interface TensorAddresses {
  parameters: LayerAddress;
  optimizer: [suffix: string, LayerAddress][];
}

function addressesOf({ program: { optimizer } }: Plan, layer: Plan['layers'][number]): TensorAddresses {
  const { values, slots, averages } = layer;
  const moments = momentSlots(optimizer).map((slot, i): [string, LayerAddress] => [`.${slot}`, slots[i]]);
  if (averages === null) return { parameters: values, optimizer: moments };
  return { parameters: averages, optimizer: [...moments, [`.${liveSlot}`, values]] };
}

function writeState(floats: Float32Array, plan: Plan, start: TrainingState): void {
  for (const layer of plan.layers) {
    const { shape } = layer;
    const write = (to: LayerAddress, from: StateDict, suffix: string): void => {
      const tensor = (name: string) => tensorOf(from, `${shape.name}.${name}${suffix}`).data;
      writeWeights(floats, { shape, values: to }, tensor('weight'));
      floats.set(tensor('bias'), to.bias / 4);
    };
    const { parameters, optimizer } = addressesOf(plan, layer);
    write(parameters, start.parameters, '');
    for (const [suffix, address] of optimizer) write(address, start.optimizer, suffix);
  }
}

function readState(floats: Float32Array, plan: Plan, step: number): TrainingState {
  const parameters = new Map<string, Tensor>();
  const optimizer = new Map<string, Tensor>();
  for (const layer of plan.layers) {
    const { shape } = layer;
    const addresses = addressesOf(plan, layer);
    const learnt = readLayer(floats, { shape, values: addresses.parameters });
    const kept = addresses.optimizer.map(([suffix, values]) => ({
      suffix,
      tensors: readLayer(floats, { shape, values }),
    }));
    for (const name of ['weight', 'bias'] as const) {
      parameters.set(`${shape.name}.${name}`, learnt[name]);
      for (const { suffix, tensors } of kept) {
        optimizer.set(`${shape.name}.${name}${suffix}`, tensors[name]);
      }
    }
  }
  return { step, parameters, optimizer };
}
