/** Predictions by the addon: few samples at once, on the event loop; many on threads. */
import { availableParallelism } from 'node:os';
import { TrainyardError } from '../../../errors.js';
import { createSlicedWork } from '../../../lib/sliced-work.js';
import { checkParameters, tensorOf } from '../../network/initialization.js';
import { denseLayers, parameterCount, type StateDict } from '../../network/network.js';
import { checkInputs } from '../check-data.js';
import type { PredictionProgram, Predictor } from '../engine.js';
import { rowsOfSlice, type Addon, type LoadedAddon, type PredictorHandle } from './addon.js';
import { affine, nativeLayers } from './program.js';

/** Multiplications that take a quarter of a millisecond or so: less than it costs others to wait. */
const mostMultiplicationsAtOnce = 16_000_000;
/** Threads for predictions, which every predictor shares. */
const threads = Math.min(4, availableParallelism());

export async function createNativePredictor(
  { addon, set }: LoadedAddon,
  { network, scaling }: PredictionProgram,
  parameters: StateDict,
): Promise<Predictor> {
  checkParameters(network, parameters);
  const program = { inputs: network.inputs, layers: nativeLayers(network), ...affine(scaling) };
  const handle = addon.createPredictor(program, threads, set);
  if (handle === null) {
    throw new TrainyardError(
      'NETWORK_TOO_LARGE',
      'This machine does not have the memory for this network now.',
    );
  }
  // In slices: no request waits until a large network is loaded.
  const inSlices = createSlicedWork();
  for (const [layer, { name, inputs, outputs }] of denseLayers(network).entries()) {
    const weights = tensorOf(parameters, `${name}.weight`).data;
    const bias = tensorOf(parameters, `${name}.bias`).data;
    await inSlices(outputs, Float32Array.BYTES_PER_ELEMENT * inputs, (first, end) => {
      const ofSlice = weights.subarray(first * inputs, end * inputs);
      addon.writePredictorLayer(handle, layer, ofSlice, bias.subarray(first, end), first);
    });
  }
  // The predictor must not hold the parameters: they are as large as its memory.
  const { inputs, outputs } = network;
  const rowsAtOnce = Math.floor(mostMultiplicationsAtOnce / parameterCount(network));
  return new NativePredictor(addon, handle, { inputs, outputs, rowsAtOnce });
}

interface Widths {
  inputs: number;
  outputs: number;
  /** More are worked on by threads. */
  rowsAtOnce: number;
}

class NativePredictor implements Predictor {
  readonly sizeBytes: number;
  readonly #addon: Addon;
  readonly #handle: PredictorHandle;
  readonly #widths: Widths;
  #disposed = false;

  constructor(addon: Addon, handle: PredictorHandle, widths: Widths) {
    this.sizeBytes = addon.predictorBytes(handle);
    this.#addon = addon;
    this.#handle = handle;
    this.#widths = widths;
  }

  async predict(inputs: Float32Array, count: number): Promise<Float32Array> {
    if (this.#disposed) throw new Error('This predictor has ended.');
    checkInputs(this.#widths, inputs, count);
    const out = new Float32Array(count * this.#widths.outputs);
    if (count <= Math.min(rowsOfSlice, Math.max(1, this.#widths.rowsAtOnce))) {
      this.#addon.predictNow(this.#handle, inputs, count, out);
    } else {
      await this.#addon.predictOnThreads(this.#handle, inputs, count, out, [inputs, out]);
    }
    return out;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#addon.freePredictor(this.#handle);
  }
}
