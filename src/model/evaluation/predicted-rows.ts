/** The outputs of a network for many rows, computed in slices between which others have their turn. */
import type { Samples } from '../engines/engine.js';
import { turn } from './turn.js';

/** Raw inputs (count, network.inputs) → raw outputs (count, network.outputs). */
export type PredictOutputs = (inputs: Float32Array, count: number) => Promise<Float32Array>;

/** Numbers that one call of the engine takes at most, where a row has fewer. */
const numbersAtOnce = 2 ** 18;

/** (samples.count, outputs) raw. `afterSlice` is told how many rows are done, and its rejection ends the work. */
export async function predictSamples(
  predict: PredictOutputs,
  { inputs, count, width }: Pick<Samples, 'inputs' | 'count' | 'width'>,
  outputs: number,
  afterSlice: (rowsDone: number) => Promise<void> = turn,
): Promise<Float32Array> {
  const all = new Float32Array(count * outputs);
  const atOnce = Math.max(1, Math.floor(numbersAtOnce / width));
  for (let start = 0; start < count; start += atOnce) {
    const end = Math.min(count, start + atOnce);
    const slice = Float32Array.from(inputs.subarray(start * width, end * width));
    all.set(await predict(slice, end - start), start * outputs);
    await afterSlice(end);
  }
  return all;
}

/** (at most `most`) Row numbers below `count`, evenly spaced. */
export function spacedRows(count: number, most: number): Uint32Array {
  const rows = Math.min(count, most);
  return Uint32Array.from({ length: rows }, (_, i) => Math.floor((i * count) / rows));
}

/** The rows of the samples, copied. */
export function chosenSamples(
  { inputs, targets, weights, width }: Samples,
  rows: Uint32Array,
  outputs: number,
): Samples {
  const each = targets instanceof Float32Array ? outputs : 1;
  return {
    count: rows.length,
    width,
    inputs: copyRows(inputs, rows, width),
    targets: copyRows(targets, rows, each),
    weights: weights && copyRows(weights, rows, 1),
  };
}

/** (rows.length, width) of (…, width) */
function copyRows<Numbers extends Samples['inputs'] | Samples['targets']>(
  numbers: Numbers,
  rows: Uint32Array,
  width: number,
): Numbers {
  const copy = numbers.slice(0, rows.length * width) as Numbers;
  rows.forEach((row, i) => copy.set(numbers.subarray(row * width, (row + 1) * width), i * width));
  return copy;
}
