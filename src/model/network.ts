/** What a multi-layer perceptron is: its specification, its layers, and the names and shapes of its parameters. */

export type Activation = 'relu';

export interface HiddenLayer {
  units: number;
  activation: Activation;
}

/** A document: it is part of a run's spec and of every model file. */
export interface NetworkSpec {
  inputs: number;
  hidden: HiddenLayer[];
  outputs: number;
}

export interface DenseLayer {
  /** PyTorch's name of the module: fc1, fc2, … */
  name: string;
  inputs: number;
  outputs: number;
  activation: Activation | 'identity';
}

/** Dense parameters as PyTorch lays them out; `data` is row-major over `shape`. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Parameters by PyTorch's names, in layer order: `fc1.weight` (outputs, inputs), `fc1.bias` (outputs), … */
export type StateDict = ReadonlyMap<string, Tensor>;

/** The layers in order; the last one yields logits and so has no activation. */
export function denseLayers(network: NetworkSpec): DenseLayer[] {
  const widths = [network.inputs, ...network.hidden.map((layer) => layer.units), network.outputs];
  return widths.slice(1).map((outputs, index) => ({
    name: `fc${index + 1}`,
    inputs: widths[index],
    outputs,
    activation: network.hidden[index]?.activation ?? 'identity',
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
