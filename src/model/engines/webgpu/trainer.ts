/** Training on the GPU: many steps are submitted at once, and what they showed is read together. */
import { checkState, type TrainingState } from '../../network/initialization.js';
import { checkData, checkReplacement } from '../check-data.js';
import { evaluationBatchSize } from '../engine.js';
import type {
  Adapter,
  BatchReport,
  Samples,
  SplitName,
  Trainer,
  TrainingData,
  TrainingProgram,
} from '../engine.js';
import { SampleOrder } from '../sample-order.js';
import type { BindGroup, GpuDevice } from './api.js';
import { compileTraining, type TrainingKernels } from './kernels.js';
import { readState, uploadState, type Learned } from './learned.js';
import { createStorage, dispatch, type Buffers, type CompiledKernel } from './pipelines.js';
import { readBack } from './read-back.js';
import { firstSamples, uploadInputs, uploadSamples } from './samples.js';
import { lossSumsOf, orderOf, settingsOf, settingWords, weightSumsOf } from './segments.js';
import { control, controlWords, type BufferSet } from './wgsl/bindings.js';
import type { WebgpuSession } from './webgpu-engine.js';

/** Few enough that the GPU begins soon, and enough that it never waits for the next. */
const stepsOfSubmit = 64;

export async function createWebgpuTrainer(
  session: WebgpuSession,
  program: TrainingProgram,
  data: TrainingData,
  start: TrainingState,
): Promise<Trainer> {
  checkData(program, data);
  checkState(program.network, program.optimizer, start);
  const kernels = await compileTraining(session.pipelines, program);
  return new WebgpuTrainer(session, program, data, { start, kernels });
}

class WebgpuTrainer implements Trainer {
  readonly device: string;
  readonly adapter: Adapter;
  readonly #session: WebgpuSession;
  readonly #gpu: GpuDevice;
  readonly #program: TrainingProgram;
  readonly #data: TrainingData;
  readonly #kernels: TrainingKernels;
  readonly #learned: Learned;
  readonly #buffers: Buffers;
  readonly #training: Record<BufferSet, BindGroup>;
  /** With the averages in the place of the parameters, where these are averaged. */
  readonly #evaluation: Record<BufferSet, BindGroup>;
  readonly #order: SampleOrder;
  #step: number;
  #disposed = false;

  constructor(
    session: WebgpuSession,
    program: TrainingProgram,
    data: TrainingData,
    { start, kernels }: { start: TrainingState; kernels: TrainingKernels },
  ) {
    const { device, name, adapter } = session.gpu;
    const { layout, rows, steps } = kernels;
    this.device = name;
    this.adapter = adapter;
    this.#session = session;
    this.#gpu = device;
    this.#program = program;
    this.#data = data;
    this.#kernels = kernels;
    this.#learned = uploadState(device, layout, program.optimizer, start);
    this.#buffers = {
      ...this.#learned,
      ...uploadSamples(device, program, data),
      order: createStorage(device, 8 * (rows + layout.rows)),
      settings: createStorage(device, 4 * settingWords * steps),
      activations: createStorage(device, 16 * layout.activationVectors),
      seen: createStorage(device, 4 * (controlWords + rows * (1 + program.network.outputs))),
    };
    const { pipelines } = session;
    this.#training = {
      pass: pipelines.bind('pass', this.#buffers),
      update: pipelines.bind('update', this.#buffers),
    };
    const { parameters, averages } = this.#learned;
    const evaluated = program.optimizer.ema === undefined ? parameters : averages;
    this.#evaluation = {
      ...this.#training,
      pass: pipelines.bind('pass', { ...this.#buffers, parameters: evaluated }),
    };
    this.#order = new SampleOrder(program, data.train.count);
    this.#step = start.step;
  }

  async run(steps: number): Promise<BatchReport> {
    const reports: BatchReport[] = [];
    for (let done = 0; done < steps || done === 0; done += this.#kernels.steps) {
      reports.push(await this.#trainSegment(Math.min(this.#kernels.steps, steps - done)));
    }
    return joined(reports);
  }

  async evaluate(split: SplitName, first: number, batches: number): Promise<BatchReport> {
    this.#mustLive();
    const { rows } = this.#kernels;
    const atOnce = Math.floor(rows / evaluationBatchSize);
    const reports: BatchReport[] = [];
    for (let done = 0; done < batches || done === 0; done += atOnce) {
      reports.push(await this.#evaluateSegment(split, first + done, Math.min(atOnce, batches - done)));
    }
    return joined(reports);
  }

  async replaceInputs(inputs: Samples['inputs']): Promise<void> {
    await Promise.resolve();
    this.#mustLive();
    checkReplacement(this.#program, this.#data.train, inputs);
    uploadInputs(this.#gpu, this.#buffers.inputs, 0, { ...this.#data.train, inputs });
  }

  async snapshot(): Promise<TrainingState> {
    this.#mustLive();
    const step = this.#step;
    const state = await this.#session.guarded(() =>
      readState(this.#gpu, this.#kernels.layout, this.#program, this.#learned),
    );
    return { step, ...state };
  }

  async dispose(): Promise<void> {
    await Promise.resolve();
    if (this.#disposed) return;
    this.#disposed = true;
    for (const buffer of Object.values(this.#buffers)) buffer.destroy();
  }

  async #trainSegment(steps: number): Promise<BatchReport> {
    this.#mustLive();
    const { batchSize, optimizer, steps: all = 0 } = this.#program;
    const first = this.#step;
    const batches = this.#order.ofSteps(first, steps);
    const { train } = this.#data;
    const weightSums = weightSumsOf(batches, train);
    const { queue } = this.#gpu;
    queue.writeBuffer(this.#buffers.order, 0, orderOf(batches, weightSums, train, batchSize));
    queue.writeBuffer(this.#buffers.settings, 0, settingsOf({ optimizer, all }, first, steps));
    this.#point(0, true);
    for (let done = 0; done < steps; done += stepsOfSubmit) {
      this.#submit(Math.min(stepsOfSubmit, steps - done), this.#kernels.step, this.#training, batchSize);
    }
    this.#step += steps;
    const reading = this.#read(batchSize * steps);
    this.#order.prepareNext(this.#step);
    const seen = compact(await reading, batches.sizes, batchSize);
    return {
      lossSums: lossSumsOf(batches, seen.losses, train),
      weightSums,
      rows: batches.samples,
      outputs: seen.outputs,
    };
  }

  async #evaluateSegment(name: SplitName, firstBatch: number, batchCount: number): Promise<BatchReport> {
    const split = this.#data[name];
    const begin = firstBatch * evaluationBatchSize;
    const count = Math.max(0, Math.min(split.count - begin, batchCount * evaluationBatchSize));
    const samples = Uint32Array.from({ length: count }, (_, i) => begin + i);
    const sizes = Uint32Array.from({ length: batchCount }, (_, i) =>
      Math.min(evaluationBatchSize, count - i * evaluationBatchSize),
    );
    const order = new Uint32Array(2 * count);
    const base = firstSamples(this.#data)[name];
    for (let i = 0; i < count; i++) order[2 * i] = base + begin + i;
    this.#gpu.queue.writeBuffer(this.#buffers.order, 0, order);
    const { rows: atOnce } = this.#kernels.layout;
    for (let done = 0; done < count; done += atOnce) {
      this.#point(done, false);
      this.#submit(1, this.#kernels.evaluation, this.#evaluation, Math.min(atOnce, count - done));
    }
    const batches = { sizes, samples };
    const { losses, outputs } = await this.#read(count);
    return {
      lossSums: lossSumsOf(batches, losses, split),
      weightSums: weightSumsOf(batches, split),
      rows: samples,
      outputs,
    };
  }

  /** The next step begins at this place of the order. */
  #point(place: number, isTraining: boolean): void {
    const words = new Uint32Array(controlWords);
    words[control.next] = place;
    words[control.isTraining] = Number(isTraining);
    this.#gpu.queue.writeBuffer(this.#buffers.seen, 0, words);
  }

  #submit(
    times: number,
    kernels: readonly CompiledKernel[],
    groups: Record<BufferSet, BindGroup>,
    rows: number,
  ): void {
    const encoder = this.#gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let time = 0; time < times; time++) dispatch(pass, kernels, groups, rows);
    pass.end();
    this.#gpu.queue.submit([encoder.finish()]);
  }

  /** Of the first `rows` places of the order. */
  async #read(rows: number): Promise<Seen> {
    const { outputs: width } = this.#program.network;
    const { seen } = this.#buffers;
    const outputsAt = controlWords + this.#kernels.rows;
    const bytes = await this.#session
      .guarded(() =>
        readBack(this.#gpu, [
          { buffer: seen, offset: 4 * controlWords, size: 4 * rows },
          { buffer: seen, offset: 4 * outputsAt, size: 4 * rows * width },
        ]),
      )
      .catch((cause: unknown) => {
        if (this.#disposed) throw ended();
        throw cause;
      });
    this.#mustLive();
    return {
      losses: new Float32Array(bytes, 0, rows),
      outputs: new Float32Array(bytes, 4 * rows, rows * width),
    };
  }

  #mustLive(): void {
    if (this.#disposed) throw ended();
  }
}

interface Seen {
  /** (rows) */
  losses: Float32Array;
  /** (rows, outputs) */
  outputs: Float32Array;
}

/** Without the places that short batches leave empty. */
function compact({ losses, outputs }: Seen, sizes: Uint32Array, batchSize: number): Seen {
  if (sizes.every((size) => size === batchSize)) return { losses, outputs };
  const count = sizes.reduce((sum, size) => sum + size, 0);
  const width = outputs.length / losses.length;
  const whole = { losses: new Float32Array(count), outputs: new Float32Array(count * width) };
  let filled = 0;
  sizes.forEach((size, batch) => {
    const from = batch * batchSize;
    whole.losses.set(losses.subarray(from, from + size), filled);
    whole.outputs.set(outputs.subarray(from * width, (from + size) * width), filled * width);
    filled += size;
  });
  return whole;
}

function joined(reports: readonly BatchReport[]): BatchReport {
  if (reports.length === 1) return reports[0];
  const join = <A extends Float32Array | Float64Array | Uint32Array>(
    into: (length: number) => A,
    parts: readonly A[],
  ): A => {
    const whole = into(parts.reduce((sum, part) => sum + part.length, 0));
    let filled = 0;
    for (const part of parts) {
      whole.set(part, filled);
      filled += part.length;
    }
    return whole;
  };
  return {
    lossSums: join(
      (length) => new Float64Array(length),
      reports.map(({ lossSums }) => lossSums),
    ),
    weightSums: join(
      (length) => new Float64Array(length),
      reports.map(({ weightSums }) => weightSums),
    ),
    rows: join(
      (length) => new Uint32Array(length),
      reports.map(({ rows }) => rows),
    ),
    outputs: join(
      (length) => new Float32Array(length),
      reports.map(({ outputs }) => outputs),
    ),
  };
}

function ended(): Error {
  return new Error('This trainer has ended.');
}
