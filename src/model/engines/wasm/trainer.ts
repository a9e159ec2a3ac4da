/** Training on the kernels: lays out one shared memory, fills it, and has the threads work on it. */
import { checkState, tensorOf, type TrainingState } from '../../network/initialization.js';
import type { NetworkSpec, StateDict, Tensor } from '../../network/network.js';
import { parameterCount } from '../../network/network.js';
import { optimizerSlots } from '../../network/optimizers.js';
import { byteTable, type AffineMap } from '../../preprocessing/affine.js';
import { checkData } from '../check-data.js';
import type { Trainer, TrainingData, TrainingProgram, TrainingResources } from '../engine.js';
import { differenceTable, findBackground, type Background } from './background.js';
import type { CompiledKernels } from './kernels.js';
import { createLayout } from './layout.js';
import { giveBackMemory, takeMemory } from './memory-pool.js';
import { readLayer, writeLayer, type LayerAddress } from './panels.js';
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
  const scaling = program.scaling ?? { divide_by: 1, mean: 0, std: 1 };
  checkState(network, optimizer, start);

  const layout = createLayout(heapBase);
  const threadCount = threadsFor(network, program.batchSize, resources.threads);
  // A single layer is divided among the threads by rows, which the sparse kernels are not.
  const background = network.hidden.length > 0 ? findBackground(data.train, scaling) : null;
  const plan = planTrainer(layout, program, data, background, threadCount);
  const memory = takeMemory(layout.sizeBytes(), resources.memoryLimitBytes);
  const floats = new Float32Array(memory.buffer);
  floats.set(tableOf(scaling, background), plan.table / 4);
  writeData(new Uint8Array(memory.buffer), plan, data);
  writeState(floats, plan, optimizerSlots(optimizer), start);
  const threads = startThreads({ module, memory, plan });
  let step = start.step;
  let disposed = false;

  return {
    device: `CPU, ${threadCount} ${threadCount === 1 ? 'thread' : 'threads'}, WebAssembly SIMD`,
    async run(steps) {
      const report = await threads.carryOut({ kind: 'train', firstStep: step, steps });
      step += steps;
      return report;
    },
    evaluate: (split, firstBatch, batches) =>
      threads.carryOut({ kind: 'evaluate', split, firstBatch, batches }),
    snapshot: async () => Promise.resolve(readState(floats, plan, optimizerSlots(optimizer), step)),
    async dispose() {
      if (disposed) return;
      disposed = true;
      await threads.end();
      giveBackMemory(memory);
    },
  };
}

function tableOf(preprocessing: AffineMap, background: Background | null): Float32Array {
  return background === null ? byteTable(preprocessing) : differenceTable(preprocessing, background);
}

/** Below this many multiplications a step, two threads wait for each other longer than they save; measured. */
const multiplicationsOfThread = 100_000;

/** As many as are allowed, but no more than have enough to do. */
function threadsFor(network: NetworkSpec, batchSize: number, most: number): number {
  const multiplications = 3 * parameterCount(network) * batchSize;
  return Math.max(1, Math.min(most, Math.floor(multiplications / multiplicationsOfThread)));
}

function writeData(bytes: Uint8Array, { splits }: Plan, data: TrainingData): void {
  for (const split of ['train', 'validation', 'test'] as const) {
    bytes.set(data[split].inputs, splits[split].inputs);
    bytes.set(data[split].targets, splits[split].labels);
  }
}

function writeState(
  floats: Float32Array,
  { layers }: Plan,
  slotNames: readonly string[],
  start: TrainingState,
): void {
  for (const { shape, values, slots } of layers) {
    const write = (to: LayerAddress, from: StateDict, suffix: string): void => {
      const tensor = (name: string) => tensorOf(from, `${shape.name}.${name}${suffix}`).data;
      writeLayer(floats, shape, to, tensor('weight'), tensor('bias'));
    };
    write(values, start.parameters, '');
    slotNames.forEach((slot, i) => write(slots[i], start.optimizer, `.${slot}`));
  }
}

function readState(
  floats: Float32Array,
  { layers }: Plan,
  slotNames: readonly string[],
  step: number,
): TrainingState {
  const parameters = new Map<string, Tensor>();
  const optimizer = new Map<string, Tensor>();
  for (const { shape, values, slots } of layers) {
    const learnt = readLayer(floats, shape, values);
    const kept = slots.map((slot) => readLayer(floats, shape, slot));
    for (const name of ['weight', 'bias'] as const) {
      parameters.set(`${shape.name}.${name}`, learnt[name]);
      slotNames.forEach((slot, i) => optimizer.set(`${shape.name}.${name}.${slot}`, kept[i][name]));
    }
  }
  return { step, parameters, optimizer };
}
