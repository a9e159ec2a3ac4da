/** A multi-layer perceptron: its specification, its layers, and the names and shapes of its parameters. */

/**
 * PyTorch's modules with their defaults: leaky_relu has the slope 0.01 below 0; gelu is x · Φ(x) with the exact Φ of
 * D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units", 2016; silu is x · σ(x); mish is x · tanh(ln(1 + e^x)), D. Misra, 2019;
 * selu has the scale and α of G. Klambauer et al., "Self-Normalizing Neural Networks", 2017.
 */
export const activations = [
  'identity',
  'relu',
  'leaky_relu',
  'sigmoid',
  'tanh',
  'gelu',
  'silu',
  'mish',
  'selu',
] as const;

/** selu(x) = scale · x where x > 0, else scale · α · (e^x − 1). */
export const selu = { scale: 1.0507009873554805, alpha: 1.6732632423543772 };

export type Activation = (typeof activations)[number];

export interface HiddenLayer {
  units: number;
  activation: Activation;
  /** The fraction of its units that training switches off at each step: at least 0 and below 1. See dropout.ts. */
  dropout: number;
}

/** A document: it is part of a run's spec and of every model file. */
export interface NetworkSpec {
  inputs: number;
  hidden: HiddenLayer[];
  outputs: number;
}

/** The network of a document that may have been written before there was dropout. */
export interface StoredNetworkSpec extends Omit<NetworkSpec, 'hidden'> {
  hidden: (Omit<HiddenLayer, 'dropout'> & Partial<HiddenLayer>)[];
}

/** Layers without the field have no dropout. */
export function withDropout(network: StoredNetworkSpec): NetworkSpec {
  return { ...network, hidden: network.hidden.map((layer) => ({ ...layer, dropout: layer.dropout ?? 0 })) };
}

export interface DenseLayer {
  /** PyTorch's name of the module: fc1, fc2, … */
  name: string;
  inputs: number;
  outputs: number;
  activation: Activation;
  /** Applied after the activation. */
  dropout: number;
}

/** Dense parameters as PyTorch lays them out; `data` is row-major over `shape`. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** How many numbers a tensor of the shape has. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Parameters by PyTorch's names, in layer order: `fc1.weight` (outputs, inputs), `fc1.bias` (outputs), … */
export type StateDict = ReadonlyMap<string, Tensor>;

/** The layers in order; the last one gives the outputs, so it has neither activation nor dropout. */
export function denseLayers(network: NetworkSpec): DenseLayer[] {
  const widths = [network.inputs, ...network.hidden.map((layer) => layer.units), network.outputs];
  return widths.slice(1).map((outputs, index) => ({
    name: `fc${index + 1}`,
    inputs: widths[index],
    outputs,
    activation: network.hidden[index]?.activation ?? 'identity',
    dropout: network.hidden[index]?.dropout ?? 0,
  }));
}

/** Names and shapes of the state dict, in its order. */
export function parameterShapes(network: NetworkSpec): { name: string; shape: number[] }[] {
  return denseLayers(network).flatMap((layer) => [
    { name: `${layer.name}.weight`, shape: [layer.outputs, layer.inputs] },
    { name: `${layer.name}.bias`, shape: [layer.outputs] },
  ]);
}

/** How many numbers the network learns. */
export function parameterCount(network: NetworkSpec): number {
  return denseLayers(network).reduce((sum, layer) => sum + layer.outputs * (layer.inputs + 1), 0);
}
