/** Training on the GPU: many steps are submitted at once, and what they showed is read together. */
import { joinNumbers } from '../../../lib/join-numbers.js';
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
  TrainingResources,
} from '../engine.js';
import { SampleOrder } from '../sample-order.js';
import type { GpuDevice } from './api.js';
import { compileTraining, roomFor, type Room, type TrainingKernels } from './kernels.js';
import { readState, uploadState, type Learned } from './learned.js';
import { bufferSizes, largestBuffer, refuseIfTooLarge, withinMemory } from './memory.js';
import { createStorage, dispatchesOf, submit, type Buffers, type Dispatch } from './pipelines.js';
import { readBack } from './read-back.js';
import { bytesOfSample, residentSamples, streamedSamples, type DeviceSamples } from './samples.js';
import { lossSumsOf, orderOf, settingsOf, weightSumsOf } from './segments.js';
import { control, controlWords } from './wgsl/bindings.js';
import type { WebgpuSession } from './session.js';

/** Few enough that the GPU begins soon, and enough that it never waits for the next. */
const stepsOfSubmit = 64;

export async function createWebgpuTrainer(
  session: WebgpuSession,
  program: TrainingProgram,
  data: TrainingData,
  start: TrainingState,
  { memoryLimitBytes }: TrainingResources,
): Promise<Trainer> {
  checkData(program, data);
  checkState(program.network, program.optimizer, start);
  const { device, limits } = session.gpu;
  const { train, validation, test } = data;
  const count = train.count + validation.count + test.count;
  const most = Math.floor(largestBuffer(limits) / bytesOfSample(program));
  const isStreamed = count > most;
  const room = isStreamed ? roomFor(program, most) : roomFor(program);
  const sampleBytes = bytesOfSample(program) * (isStreamed ? room.rows : count);
  refuseIfTooLarge(program, data, { room, sampleBytes, limits, memoryLimitBytes });
  const kernels = await compileTraining(session.pipelines, program, room);
  return withinMemory(device, () => {
    const samples = isStreamed
      ? streamedSamples(device, program, data, room.rows)
      : residentSamples(device, program, data);
    return new WebgpuTrainer(session, program, data, { start, kernels, room, samples });
  });
}

interface Parts {
  start: TrainingState;
  kernels: TrainingKernels;
  room: Room;
  samples: DeviceSamples;
}

class WebgpuTrainer implements Trainer {
  readonly device: string;
  readonly adapter: Adapter;
  readonly bitsDependOnDevice = true;
  readonly #session: WebgpuSession;
  readonly #gpu: GpuDevice;
  readonly #program: TrainingProgram;
  readonly #data: TrainingData;
  readonly #room: Room;
  readonly #samples: DeviceSamples;
  readonly #learned: Learned;
  readonly #buffers: Buffers;
  /** Of a step of training. */
  readonly #stepDispatches: Dispatch[];
  /** Of an evaluation: with the averages in the place of the parameters, where these are averaged. */
  readonly #evaluationDispatches: Dispatch[];
  readonly #order: SampleOrder;
  #step: number;
  #disposed = false;

  constructor(
    session: WebgpuSession,
    program: TrainingProgram,
    data: TrainingData,
    { start, kernels, room, samples }: Parts,
  ) {
    const { device, name, adapter } = session.gpu;
    const sizes = bufferSizes(program, room);
    this.device = name;
    this.adapter = adapter;
    this.#session = session;
    this.#gpu = device;
    this.#program = program;
    this.#data = data;
    this.#room = room;
    this.#samples = samples;
    this.#learned = uploadState(device, room.layout, program.optimizer, start);
    this.#buffers = {
      ...this.#learned,
      inputs: samples.inputs,
      targets: samples.targets,
      order: createStorage(device, sizes.order),
      settings: createStorage(device, sizes.settings),
      activations: createStorage(device, sizes.activations),
      seen: createStorage(device, sizes.seen),
    };
    const { pipelines } = session;
    const groups = {
      pass: pipelines.bind('pass', this.#buffers),
      update: pipelines.bind('update', this.#buffers),
    };
    const { parameters, averages } = this.#learned;
    const evaluated = program.optimizer.ema === undefined ? parameters : averages;
    const pass = pipelines.bind('pass', { ...this.#buffers, parameters: evaluated });
    this.#stepDispatches = dispatchesOf(kernels.step, groups);
    this.#evaluationDispatches = dispatchesOf(kernels.evaluation, { ...groups, pass });
    this.#order = new SampleOrder(program, data.train.count);
    this.#step = start.step;
  }

  async run(steps: number): Promise<BatchReport> {
    const reports: BatchReport[] = [];
    for (let done = 0; done < steps || done === 0; done += this.#room.steps) {
      reports.push(await this.#trainSegment(Math.min(this.#room.steps, steps - done)));
    }
    return joined(reports);
  }

  async evaluate(split: SplitName, first: number, batches: number): Promise<BatchReport> {
    this.#mustLive();
    const { rows } = this.#room;
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
    this.#samples.replaceInputs(inputs);
  }

  async snapshot(): Promise<TrainingState> {
    this.#mustLive();
    const step = this.#step;
    const state = await this.#session.guarded(() =>
      readState(this.#gpu, this.#room.layout, this.#program, this.#learned),
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
    const indices = this.#samples.indicesOf('train', batches.samples);
    const order = orderOf({ ...batches, indices, weightSums }, train, batchSize);
    queue.writeBuffer(this.#buffers.order, 0, order);
    queue.writeBuffer(this.#buffers.settings, 0, settingsOf({ optimizer, all }, first, steps));
    this.#point(0, true);
    for (let done = 0; done < steps; done += stepsOfSubmit) {
      submit(this.#gpu, this.#stepDispatches, batchSize, Math.min(stepsOfSubmit, steps - done));
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
    this.#samples.indicesOf(name, samples).forEach((index, i) => (order[2 * i] = index));
    this.#gpu.queue.writeBuffer(this.#buffers.order, 0, order);
    const { rows: atOnce } = this.#room.layout;
    for (let done = 0; done < count; done += atOnce) {
      this.#point(done, false);
      submit(this.#gpu, this.#evaluationDispatches, Math.min(atOnce, count - done), 1);
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

  /** Of the first `rows` places of the order. */
  async #read(rows: number): Promise<Seen> {
    const { outputs: width } = this.#program.network;
    const { seen } = this.#buffers;
    const outputsAt = controlWords + this.#room.rows;
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
  return {
    lossSums: joinNumbers(
      Float64Array,
      reports.map(({ lossSums }) => lossSums),
    ),
    weightSums: joinNumbers(
      Float64Array,
      reports.map(({ weightSums }) => weightSums),
    ),
    rows: joinNumbers(
      Uint32Array,
      reports.map(({ rows }) => rows),
    ),
    outputs: joinNumbers(
      Float32Array,
      reports.map(({ outputs }) => outputs),
    ),
  };
}

function ended(): Error {
  return new Error('This trainer has ended.');
}
