/** Predictions on the GPU, for the evaluations of a run; those of a service are made on the CPU. */
import { checkParameters } from '../../network/initialization.js';
import type { StateDict } from '../../network/network.js';
import { applyAffine } from '../../preprocessing/affine.js';
import { checkInputs } from '../check-data.js';
import type { PredictionProgram, Predictor } from '../engine.js';
import type { GpuDevice } from './api.js';
import { compilePrediction } from './kernels.js';
import type { NetworkLayout } from './layout.js';
import { packed } from './learned.js';
import { createStorage, submit, type Buffers, type CompiledKernel, type Dispatch } from './pipelines.js';
import { readBack } from './read-back.js';
import { uploadInputs } from './samples.js';
import { controlWords } from './wgsl/bindings.js';
import type { WebgpuSession } from './session.js';

/** Samples computed at a time, so that memory does not grow with the request. */
const sliceRows = 1_024;

export async function createWebgpuPredictor(
  session: WebgpuSession,
  program: PredictionProgram,
  parameters: StateDict,
): Promise<Predictor> {
  checkParameters(program.network, parameters);
  const { layout, kernels } = await compilePrediction(session.pipelines, program.network, sliceRows);
  return new WebgpuPredictor(session, program, { layout, kernels, numbers: packed(layout, parameters) });
}

class WebgpuPredictor implements Predictor {
  readonly sizeBytes: number;
  readonly #session: WebgpuSession;
  readonly #gpu: GpuDevice;
  readonly #program: PredictionProgram;
  readonly #layout: NetworkLayout;
  readonly #dispatches: readonly Dispatch[];
  readonly #buffers: Buffers;
  /** The request before; each uses the same buffers. */
  #last: Promise<unknown> = Promise.resolve();
  #disposed = false;

  constructor(
    session: WebgpuSession,
    program: PredictionProgram,
    { layout, kernels, numbers }: { layout: NetworkLayout; kernels: CompiledKernel[]; numbers: Float32Array },
  ) {
    const { device } = session.gpu;
    this.#session = session;
    this.#gpu = device;
    this.#program = program;
    this.#layout = layout;
    const vectors = layout.layers[0].inputVectors;
    const empty = createStorage(device, 0);
    this.#buffers = {
      parameters: createStorage(device, numbers.byteLength),
      inputs: createStorage(device, 16 * vectors * layout.rows),
      order: createStorage(device, 8 * layout.rows),
      activations: createStorage(device, 16 * layout.activationVectors),
      seen: createStorage(device, 4 * controlWords),
      targets: empty,
      settings: empty,
      state: empty,
      averages: empty,
    };
    device.queue.writeBuffer(this.#buffers.parameters, 0, numbers);
    const order = Uint32Array.from({ length: 2 * layout.rows }, (_, i) => (i % 2 === 0 ? i / 2 : 0));
    device.queue.writeBuffer(this.#buffers.order, 0, order);
    const pass = session.pipelines.bind('pass', this.#buffers);
    this.#dispatches = kernels.map((compiled) => ({ ...compiled, group: pass }));
    this.sizeBytes = Object.values(this.#buffers).reduce((sum, { size }) => sum + size, 0);
  }

  async predict(inputs: Float32Array, count: number): Promise<Float32Array> {
    checkInputs(this.#program.network, inputs, count);
    const own = this.#last.then(() => this.#predictNext(inputs, count));
    this.#last = own.catch(() => undefined);
    return own;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const buffer of new Set(Object.values(this.#buffers))) buffer.destroy();
  }

  async #predictNext(inputs: Float32Array, count: number): Promise<Float32Array> {
    const { inputs: width, outputs: outputWidth } = this.#program.network;
    const outputs = new Float32Array(count * outputWidth);
    for (let first = 0; first < count; first += this.#layout.rows) {
      const rows = Math.min(this.#layout.rows, count - first);
      const slice = await this.#predictSlice(inputs.subarray(first * width, (first + rows) * width), rows);
      outputs.set(slice, first * outputWidth);
    }
    return outputs;
  }

  /** raw (rows, inputs) → (rows, outputs) */
  async #predictSlice(raw: Float32Array, rows: number): Promise<Float32Array> {
    if (this.#disposed) throw new Error('This predictor has ended.');
    const { network, scaling } = this.#program;
    const inputs = scaling === null ? raw : raw.map((value) => applyAffine(scaling, value));
    uploadInputs(this.#gpu, this.#buffers.inputs, 0, { count: rows, width: network.inputs, inputs });
    submit(this.#gpu, this.#dispatches, rows, 1);
    const { values, outputs, outputVectors } = this.#layout.layers[this.#layout.layers.length - 1];
    const bytes = await this.#session.guarded(() =>
      readBack(this.#gpu, [
        { buffer: this.#buffers.activations, offset: 16 * values, size: 16 * rows * outputVectors },
      ]),
    );
    const padded = new Float32Array(bytes);
    const width = 4 * outputVectors;
    return Float32Array.from(
      { length: rows * outputs },
      (_, i) => padded[Math.floor(i / outputs) * width + (i % outputs)],
    );
  }
}
