/** What a network makes of inputs, layer by layer, computed in the browser. It agrees with the service up to rounding. */
import { activate } from './activations.js';
import type { ClassHead, DenseLayer, NetworkModel, ValueHead } from './network-model.js';

export interface Forward {
  /** Of the first member: for each hidden layer (count, units). */
  hidden: Float32Array[];
  /** (count, outputs) Probabilities of classes, or values. */
  results: Float32Array;
}

/** `inputs` (count, network.inputs): as the service gives them with `network_inputs`. */
export function forward(model: NetworkModel, inputs: ArrayLike<number>, count: number): Forward {
  const scaled = scaledInputs(model, inputs);
  const passes = model.members.map((layers) => passThrough(layers, scaled, count));
  const outputs = passes.map(({ outputs: own }) => own);
  return { hidden: passes[0]?.hidden ?? [], results: resultsOf(model, outputs) };
}

/** (units) How much each unit of the last hidden layer speaks for an output: its activation times its weight. */
export function contributions(
  layers: readonly DenseLayer[],
  lastHidden: Float32Array,
  output: number,
): Float32Array {
  const last = layers.at(-1);
  if (!last) return new Float32Array();
  const start = output * last.inputs;
  return lastHidden.map((activation, unit) => activation * (last.weights[start + unit] ?? 0));
}

function scaledInputs({ scaling }: NetworkModel, inputs: ArrayLike<number>): Float32Array {
  if (scaling === null) return Float32Array.from(inputs);
  const { divide_by: divideBy, mean, std } = scaling;
  return Float32Array.from(inputs, (raw) => (raw / divideBy - mean) / std);
}

function passThrough(
  layers: readonly DenseLayer[],
  inputs: Float32Array,
  count: number,
): { hidden: Float32Array[]; outputs: Float32Array } {
  const all: Float32Array[] = [];
  let current = inputs;
  for (const layer of layers) all.push((current = dense(layer, current, count)));
  return { hidden: all.slice(0, -1), outputs: current };
}

/** (count, inputs) → (count, units) */
function dense(
  { inputs: width, units, weights, biases, activation }: DenseLayer,
  inputs: Float32Array,
  count: number,
) {
  const outputs = new Float32Array(count * units);
  for (let sample = 0; sample < count; sample++) {
    const start = sample * width;
    for (let unit = 0; unit < units; unit++) {
      let sum = biases[unit] ?? 0;
      const row = unit * width;
      for (let i = 0; i < width; i++) sum += (weights[row + i] ?? 0) * (inputs[start + i] ?? 0);
      outputs[sample * units + unit] = activate(activation, sum);
    }
  }
  return outputs;
}

/** Of several members the mean of their probabilities or values. Of probabilities the temperature is that of the mean. */
function resultsOf({ head }: NetworkModel, members: readonly Float32Array[]): Float32Array {
  if (head.kind === 'values') return inTheirUnit(head, meanOf(members));
  const [outputs = new Float32Array()] = members;
  if (members.length === 1) return asProbabilities(head, outputs);
  const { temperature = 1, ...untempered } = head;
  const mean = meanOf(members.map((own) => asProbabilities(untempered, own)));
  if (head.probabilities !== 'softmax' || temperature === 1) return mean;
  return asProbabilities(head, mean.map(Math.log));
}

function inTheirUnit({ scaling }: ValueHead, outputs: Float32Array): Float32Array {
  return scaling === undefined
    ? outputs
    : outputs.map((output, i) => {
        const { std, mean } = scaling[i % scaling.length] ?? { std: 1, mean: 0 };
        return output * std + mean;
      });
}

/** (count, classes) → (count, classes), in place. */
function asProbabilities(head: ClassHead, outputs: Float32Array): Float32Array {
  const classes = head.labels.length;
  for (let start = 0; start < outputs.length; start += classes)
    probabilities(head, outputs.subarray(start, start + classes));
  return outputs;
}

function probabilities({ probabilities: kind, temperature = 1 }: ClassHead, row: Float32Array): void {
  const largest = Math.max(...row);
  if (kind === 'softmax') {
    const powers = Array.from(row, (output) => Math.exp((output - largest) / temperature));
    const sum = powers.reduce((total, each) => total + each, 0);
    row.set(powers.map((power) => power / sum));
    return;
  }
  // The nearest distribution: J. Duchi et al., "Efficient Projections onto the l1-Ball for Learning in High Dimensions", 2008.
  const falling = Array.from(row, (output) => output - largest).sort((a, b) => b - a);
  let [sum, shift] = [0, 0];
  for (const [i, each] of falling.entries()) {
    sum += each;
    if (each <= (sum - 1) / (i + 1)) break;
    shift = (sum - 1) / (i + 1);
  }
  row.set(row.map((output) => Math.max(0, output - largest - shift)));
}

function meanOf(members: readonly Float32Array[]): Float32Array {
  const [first = new Float32Array()] = members;
  if (members.length === 1) return first;
  return first.map((_, i) => members.reduce((sum, member) => sum + (member[i] ?? 0), 0) / members.length);
}
