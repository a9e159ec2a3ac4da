/**
 * Where everything lies in the buffers of the GPU. Numbers are in vectors of four, so widths are padded to multiples of four;
 * nothing that lies in the padding is ever learnt or reported.
 */
import { denseLayers, type DenseLayer, type NetworkSpec } from '../../network/network.js';

export interface LayerLayout extends DenseLayer {
  /** In denseLayers. */
  index: number;
  /** Vectors in a row of inputs. */
  inputVectors: number;
  /** Vectors in a row of outputs. */
  outputVectors: number;
  /**
   * The first vector of its parameters, (4 · inputVectors + 1, outputVectors): the weights by input, and the bias as the last
   * row.
   */
  parameters: number;
  /** The first vector of its outputs, after activation and dropout: (rows, outputVectors). */
  values: number;
  /** Likewise of what the activation is applied to; null where its gradient follows from the values. */
  sums: number | null;
  /** Likewise of the gradient of the sums. */
  gradients: number;
}

export interface NetworkLayout {
  layers: LayerLayout[];
  /** Of all parameters. */
  parameterVectors: number;
  /** Of values, sums and gradients. */
  activationVectors: number;
  /** The samples that there is room for in these. */
  rows: number;
}

/** No tile of a kernel has more samples. */
const rowMultiple = 32;

/** For `leastRows` samples at a time. */
export function layoutOf(network: NetworkSpec, leastRows: number): NetworkLayout {
  const rows = rowMultiple * Math.ceil(leastRows / rowMultiple);
  let parameterVectors = 0;
  let activationVectors = 0;
  const layers = denseLayers(network).map((layer, index): LayerLayout => {
    const [inputVectors, outputVectors] = [vectorsOf(layer.inputs), vectorsOf(layer.outputs)];
    const room = (): number => (activationVectors += rows * outputVectors) - rows * outputVectors;
    const parameters = parameterVectors;
    parameterVectors += (4 * inputVectors + 1) * outputVectors;
    const needsSums = layer.activation !== 'identity' && layer.activation !== 'relu';
    const places = { values: room(), sums: needsSums ? room() : null, gradients: room() };
    return { ...layer, index, inputVectors, outputVectors, parameters, ...places };
  });
  return { layers, parameterVectors, activationVectors, rows };
}

/** That hold so many numbers. */
export function vectorsOf(numbers: number): number {
  return Math.ceil(numbers / 4);
}

/** (outputs, inputs) and (outputs) → the layer's parameters in `out`, all vectors' numbers. */
export function packLayer(
  { inputs, outputs, inputVectors, outputVectors, parameters }: LayerLayout,
  weight: Float32Array,
  bias: Float32Array,
  out: Float32Array,
): void {
  const width = 4 * outputVectors;
  for (let output = 0; output < outputs; output++) {
    const column = 4 * parameters + output;
    for (let input = 0; input < inputs; input++)
      out[column + input * width] = weight[output * inputs + input];
    out[column + 4 * inputVectors * width] = bias[output];
  }
}

/** The way back. */
export function unpackLayer(
  { inputs, outputs, inputVectors, outputVectors, parameters }: LayerLayout,
  packed: Float32Array,
): { weight: Float32Array; bias: Float32Array } {
  const width = 4 * outputVectors;
  const weight = new Float32Array(outputs * inputs);
  const bias = new Float32Array(outputs);
  for (let output = 0; output < outputs; output++) {
    const column = 4 * parameters + output;
    for (let input = 0; input < inputs; input++)
      weight[output * inputs + input] = packed[column + input * width];
    bias[output] = packed[column + 4 * inputVectors * width];
  }
  return { weight, bias };
}
