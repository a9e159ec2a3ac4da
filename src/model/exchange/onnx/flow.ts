/**
 * A value of a graph that depends on the inputs, as what a multi-layer perceptron has made of them so far: layers, then a linear map,
 * then a curve. Constants beside a linear map become part of it, in float64, and are rounded once.
 */
import type { Activation } from '../../network/network.js';
import type { LinearLayer } from '../import/foreign-network.js';
import { modelFileInvalid } from '../import/model-file-invalid.js';
import { activationOf, lineOf, type Affine, type SampledCurve } from './sampled-curve.js';
import type { Constant } from './tensor-proto.js';

/** The same for every place, or one for each. */
export type Vector = number | Float64Array;

export interface Flow {
  /** Of a row. -1: free. */
  dims: readonly number[];
  linear: Linear;
  /** Of the linear map; null: the value is the linear map. */
  curve: SampledCurve | null;
  /** gain · curve + shift. They are vectors only of a curve. */
  gain: Vector;
  shift: Vector;
  /** What gave the curve, for messages. */
  from: string;
  /** Whether it is the (log-)softmax of the linear map: nothing may follow. */
  isSoftmax: boolean;
}

/** gain · (weight · source) + bias */
interface Linear {
  source: Source;
  /** (outputs, inputs); null: the source itself, which is the inputs of the graph, and no layer. */
  weight: Constant | null;
  gain: Vector;
  bias: Vector;
  shown: string;
}

/** gain · (the inputs of the graph, or an activation of a linear map) + shift */
interface Source {
  layer: { linear: Linear; activation: Activation } | null;
  gain: Vector;
  shift: Vector;
}

/** What a graph computes: the layers, each with its activation, and what the inputs of the first are of those of the graph. */
export interface FoundNetwork {
  layers: LinearLayer[];
  activations: Activation[];
  /** Of every input alike; null: it is in the first layer, or there is none. */
  scaling: Affine | null;
  endsInSoftmax: boolean;
}

const mostLayers = 256;

export function inputFlow(dims: readonly number[]): Flow {
  const source: Source = { layer: null, gain: 1, shift: 0 };
  const linear: Linear = { source, weight: null, gain: 1, bias: 0, shown: 'the inputs' };
  return { dims, linear, curve: null, gain: 1, shift: 0, from: '', isSoftmax: false };
}

/** `weight` (outputs, inputs) · flow + bias, as the node `shown` has it. @throws TrainyardError MODEL_FILE_INVALID */
export function throughLayer(
  flow: Flow,
  { weight, gain, bias, shown }: { weight: Constant; gain: number; bias: Vector; shown: string },
): Flow {
  const [outputs] = weight.shape;
  const linear: Linear = { source: sourceOf(flow), weight, gain, bias, shown };
  return { ...inputFlow([outputs]), linear };
}

/** gain · flow + shift */
export function throughAffine(flow: Flow, { gain, shift }: { gain: Vector; shift: Vector }): Flow {
  if (flow.curve !== null || (typeof gain === 'number' && typeof shift === 'number')) {
    return { ...flow, gain: times(flow.gain, gain), shift: plus(times(flow.shift, gain), shift) };
  }
  const { linear } = settled(flow);
  return {
    ...flow,
    linear: { ...linear, gain: times(linear.gain, gain), bias: plus(times(linear.bias, gain), shift) },
    gain: 1,
    shift: 0,
  };
}

/** `operator` of each number of the flow. null: the flow is nothing that an activation can be of. */
export function throughCurve(flow: Flow, operator: (x: number) => number, from: string): Flow | null {
  const { linear, gain, shift, curve } = flow;
  if (linear.weight === null || typeof gain !== 'number' || typeof shift !== 'number') return null;
  const inner = curve?.inner ?? { gain, shift };
  const values = valuesOf(flow, inner).map(operator);
  return { ...flow, curve: { inner, values }, gain: 1, shift: 0, from };
}

/** `operator` of the numbers of two flows at the same place. null: they are not of one linear map. */
export function throughBoth(
  one: Flow,
  other: Flow,
  operator: (a: number, b: number) => number,
  from: string,
): Flow | null {
  if (one.linear !== other.linear || one.linear.weight === null) return null;
  if (![one.gain, one.shift, other.gain, other.shift].every((each) => typeof each === 'number')) return null;
  const inner = one.curve?.inner ?? other.curve?.inner ?? { gain: 1, shift: 0 };
  const [a, b] = [valuesOf(one, inner), valuesOf(other, inner)];
  const values = a.map((value, i) => operator(value, b[i]));
  // The curves began with different numbers: only where x itself is a point they can be compared.
  const { inner: its = inner } = other.curve ?? {};
  if (its.gain !== inner.gain || its.shift !== inner.shift) values.fill(NaN, values.length / 2);
  return { ...one, curve: { inner, values }, gain: 1, shift: 0, from };
}

function valuesOf({ curve, gain, shift }: Flow, inner: Affine): Float64Array {
  const affine = { gain: gain as number, shift: shift as number };
  return curve === null
    ? lineOf(affine, inner)
    : curve.values.map((value) => affine.gain * value + affine.shift);
}

/** The flow as a linear map alone. */
function settled({ linear, gain, shift }: Flow): { linear: Linear } {
  return {
    linear: { ...linear, gain: times(linear.gain, gain), bias: plus(times(linear.bias, gain), shift) },
  };
}

/** The flow as what a layer takes: its curve becomes an activation. */
function sourceOf(flow: Flow): Source {
  const { linear, curve, gain, shift, from } = flow;
  if (curve === null) {
    const own = settled(flow).linear;
    return own.weight === null
      ? { layer: null, gain: own.gain, shift: own.bias }
      : { layer: { linear: own, activation: 'identity' }, gain: 1, shift: 0 };
  }
  const found = activationOf(curve);
  if (found === null) {
    throw modelFileInvalid(
      `has ${from}, with which ${linear.shown} is followed by a function that is none of the activations here ` +
        '(relu, leaky_relu with 0.01, sigmoid, tanh, gelu without approximation, silu, mish, selu)',
    );
  }
  const { activation, input, output } = found;
  return {
    layer: { linear: settled({ ...flow, ...input }).linear, activation },
    gain: times(output.gain, gain),
    shift: plus(times(output.shift, gain), shift),
  };
}

/**
 * The network whose outputs the flow is. Where `keepsScaling`, what happens to every input alike stays before the network.
 * @throws TrainyardError MODEL_FILE_INVALID
 */
export function networkOf(flow: Flow, keepsScaling: boolean): FoundNetwork {
  let source = sourceOf(flow);
  if (source.layer !== null && !isPlain(source)) {
    // What follows the last activation is a layer of its own.
    source = sourceOf(throughIdentity(flow, source.layer.linear));
  }
  const layers: LinearLayer[] = [];
  const found: Activation[] = [];
  let scaling: Affine | null = null;
  while (source.layer !== null) {
    if (layers.length === mostLayers) throw modelFileInvalid(`has more than ${mostLayers} layers`);
    const { linear, activation }: NonNullable<Source['layer']> = source.layer;
    const before: Source = linear.source;
    const isScaling = keepsScaling && before.layer === null && isScalar(before) && !isPlain(before);
    if (isScaling) scaling = { gain: before.gain as number, shift: before.shift as number };
    layers.unshift(layerOf(linear, isScaling ? { gain: 1, shift: 0 } : before));
    found.unshift(activation);
    source = before;
  }
  if (layers.length === 0)
    throw modelFileInvalid('has no linear layer (Gemm or MatMul) between its inputs and its outputs');
  return { layers, activations: found, scaling, endsInSoftmax: flow.isSoftmax };
}

const mostIdentities = 1024;

function throughIdentity(flow: Flow, { shown }: Linear): Flow {
  const [side] = flow.dims;
  if (side > mostIdentities) {
    throw modelFileInvalid(
      `computes with its ${side} outputs after the activation of ${shown}; at most ${mostIdentities} are read`,
    );
  }
  return throughLayer(flow, { weight: identityOf(side), gain: 1, bias: 0, shown });
}

/** (side, side) */
export function identityOf(side: number): Constant {
  const data = new Float32Array(side * side);
  for (let i = 0; i < side; i++) data[i * side + i] = 1;
  return { shape: [side, side], data };
}

function layerOf(
  { weight, gain, bias, shown }: Linear,
  { gain: inGain, shift }: Omit<Source, 'layer'>,
): LinearLayer {
  if (weight === null) throw new Error('The inputs of a graph are no layer.');
  const { shape, data } = weight;
  const [outputs, inputs] = shape;
  const isUnchanged = gain === 1 && inGain === 1 && data instanceof Float32Array;
  const weights = isUnchanged ? data : new Float32Array(outputs * inputs);
  const biases = new Float32Array(outputs);
  for (let o = 0; o < outputs; o++) {
    const outGain = at(gain, o);
    let shifted = 0;
    if (!isUnchanged || shift !== 0) {
      for (let i = 0; i < inputs; i++) {
        const own = data[o * inputs + i];
        shifted += own * at(shift, i);
        if (!isUnchanged) weights[o * inputs + i] = outGain * own * at(inGain, i);
      }
    }
    biases[o] = outGain * shifted + at(bias, o);
  }
  for (const numbers of isUnchanged ? [biases] : [weights, biases]) {
    if (!numbers.every(Number.isFinite))
      throw modelFileInvalid(`has numbers around ${shown} that are beyond float32 together`);
  }
  return { name: shown, inputs, outputs, weight: weights, bias: biases };
}

function isScalar({ gain, shift }: Omit<Source, 'layer'>): boolean {
  return typeof gain === 'number' && typeof shift === 'number' && gain !== 0 && Number.isFinite(1 / gain);
}

function isPlain({ gain, shift }: Omit<Source, 'layer'>): boolean {
  return gain === 1 && shift === 0;
}

function at(vector: Vector, index: number): number {
  return typeof vector === 'number' ? vector : vector[index];
}

function times(one: Vector, other: Vector): Vector {
  return combined(one, other, (a, b) => a * b);
}

function plus(one: Vector, other: Vector): Vector {
  return combined(one, other, (a, b) => a + b);
}

function combined(one: Vector, other: Vector, of: (a: number, b: number) => number): Vector {
  if (typeof one !== 'number') return one.map((each, i) => of(each, at(other, i)));
  return typeof other === 'number' ? of(one, other) : other.map((each) => of(one, each));
}
