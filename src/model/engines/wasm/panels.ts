/**
 * A dense layer's weights as the kernels have them: outputs in panels of 8, each (panelRows, 8), padded with zeros.
 * PyTorch's order is (outputs, inputs).
 */
import { denseLayers, type DenseLayer, type NetworkSpec, type Tensor } from '../../network/network.js';
import { roundUp, type Layout } from './layout.js';

export interface PanelShape extends DenseLayer {
  /** Of its outputs. */
  panels: number;
  /** Its inputs, rounded up. */
  panelRows: number;
}

export function panelShapes(network: NetworkSpec): PanelShape[] {
  return denseLayers(network).map((layer) => ({
    ...layer,
    panels: Math.ceil(layer.outputs / 8),
    panelRows: roundUp(layer.inputs, 8),
  }));
}

/** Room for a weight tensor and a bias tensor, or for what is kept for each of their numbers. */
export interface LayerAddress {
  weights: number;
  bias: number;
}

export function planLayer(layout: Layout, { panels, panelRows }: PanelShape): LayerAddress {
  return { weights: layout.floats(8 * panels * panelRows), bias: layout.floats(8 * panels) };
}

/** `weights` (outputs, inputs) and `bias` (outputs) into their places. */
export function writeLayer(
  floats: Float32Array,
  shape: PanelShape,
  address: LayerAddress,
  weights: Float32Array,
  bias: Float32Array,
): void {
  writeOutputs(floats, shape, address, weights, 0, shape.outputs);
  floats.set(bias, address.bias / 4);
}

/** The weights of the outputs from `first` up to `end` into their places. */
export function writeOutputs(
  floats: Float32Array,
  shape: PanelShape,
  address: LayerAddress,
  weights: Float32Array,
  first: number,
  end: number,
): void {
  const base = address.weights / 4;
  for (let output = first; output < end; output++) {
    const column = columnOf(shape, output);
    const row = output * shape.inputs;
    for (let input = 0; input < shape.inputs; input++) {
      floats[base + column + 8 * input] = weights[row + input];
    }
  }
}

/** Copies in PyTorch's order. */
export function readLayer(
  floats: Float32Array,
  shape: PanelShape,
  address: LayerAddress,
): { weight: Tensor; bias: Tensor } {
  const base = address.weights / 4;
  const weights = new Float32Array(shape.outputs * shape.inputs);
  for (let output = 0; output < shape.outputs; output++) {
    const column = columnOf(shape, output);
    const row = output * shape.inputs;
    for (let input = 0; input < shape.inputs; input++) {
      weights[row + input] = floats[base + column + 8 * input];
    }
  }
  const first = address.bias / 4;
  const bias = Float32Array.from(floats.subarray(first, first + shape.outputs));
  return {
    weight: { shape: [shape.outputs, shape.inputs], data: weights },
    bias: { shape: [shape.outputs], data: bias },
  };
}

/** Where an output's first weight lies. */
function columnOf({ panelRows }: PanelShape, output: number): number {
  return (output >> 3) * panelRows * 8 + (output & 7);
}
