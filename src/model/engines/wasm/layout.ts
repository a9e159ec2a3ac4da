/**
 * Where everything lies in an engine's memory: planned first, so that the memory is exactly as large as needed. Batches and
 * weights lie in the blocked layouts of kernels/index.ts.
 */
import { denseLayers, type DenseLayer, type NetworkSpec, type Tensor } from '../../network/network.js';

/** A cache line, so that no two threads write to the same one. */
const alignBytes = 64;

export interface Layout {
  /** Reserves room for this many float32 numbers and returns its address. */
  floats(count: number): number;
  bytes(count: number): number;
  /** The size of all that has been planned. */
  sizeBytes(): number;
}

export function createLayout(heapBase: number): Layout {
  let end = heapBase;
  const bytes = (count: number): number => {
    const address = roundUp(end, alignBytes);
    end = address + count;
    return address;
  };
  return { bytes, floats: (count) => bytes(4 * count), sizeBytes: () => end };
}

export function roundUp(count: number, multiple: number): number {
  return Math.ceil(count / multiple) * multiple;
}

/** A batch of numbers, samples as rows and units as columns: in one or more forms, each of which is 0 where it is not kept. */
export interface BatchMatrix {
  width: number;
  /** In quads: the width, rounded up. */
  columns: number;
  /** Rows that there is room for. */
  rowsStride: number;
  /** (width / 8, rows, 8) */
  panels: number;
  /** (rows / 4, columns, 4) */
  quads: number;
  /** Lists of what differs from a background, as kernels/gather.ts has them. */
  entries: number;
  counts: number;
}

/** The inputs of one list, and so of a sparse layer's weights worked on at a time; the same as in kernels/gather.ts. */
export const inputsOfPiece = 256;

/** Room for `rows` rows, a multiple of 4. */
export function planBatchMatrix(
  layout: Layout,
  width: number,
  rows: number,
  kept: { panels?: boolean; quads?: boolean; lists?: boolean },
): BatchMatrix {
  const columns = roundUp(width, 8);
  const lists = Math.ceil(width / inputsOfPiece) * rows;
  return {
    width,
    columns,
    rowsStride: rows,
    panels: kept.panels ? layout.floats(columns * rows) : 0,
    quads: kept.quads ? layout.floats(columns * rows) : 0,
    entries: kept.lists ? layout.bytes(8 * inputsOfPiece * lists) : 0,
    counts: kept.lists ? layout.bytes(4 * lists) : 0,
  };
}

/** Copies the first `count` rows to `rows` (count, width), row-major. */
export function readRows(floats: Float32Array, matrix: BatchMatrix, count: number, rows: Float32Array): void {
  const { width, rowsStride, panels } = matrix;
  for (let row = 0; row < count; row++) {
    const from = panels / 4 + 8 * row;
    for (let column = 0; column < width; column++) {
      rows[row * width + column] = floats[from + 8 * (column >> 3) * rowsStride + (column & 7)];
    }
  }
}

/** A dense layer's weights: outputs in panels of 8, each (panelRows, 8), padded with zeros. */
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

/** Of weights and biases, or of what the optimiser keeps for each of them. */
export interface LayerAddress {
  weights: number;
  bias: number;
}

export function planLayer(layout: Layout, { panels, panelRows }: PanelShape): LayerAddress {
  return { weights: layout.floats(8 * panels * panelRows), bias: layout.floats(8 * panels) };
}

/** A layer and where its parameters lie. */
export interface PlannedLayer {
  shape: PanelShape;
  values: LayerAddress;
}

/** Writes the weights (outputs, inputs), in PyTorch's order, of the outputs from `first` to before `end`. */
export function writeWeights(
  floats: Float32Array,
  { shape, values }: PlannedLayer,
  weights: Float32Array,
  [first, end]: readonly [number, number] = [0, shape.outputs],
): void {
  const base = values.weights / 4;
  for (let output = first; output < end; output++) {
    const column = base + columnOf(shape, output);
    const row = output * shape.inputs;
    for (let input = 0; input < shape.inputs; input++) floats[column + 8 * input] = weights[row + input];
  }
}

/** Copies, in PyTorch's order. */
export function readLayer(
  floats: Float32Array,
  { shape, values }: PlannedLayer,
): { weight: Tensor; bias: Tensor } {
  const base = values.weights / 4;
  const weights = new Float32Array(shape.outputs * shape.inputs);
  for (let output = 0; output < shape.outputs; output++) {
    const column = base + columnOf(shape, output);
    const row = output * shape.inputs;
    for (let input = 0; input < shape.inputs; input++) weights[row + input] = floats[column + 8 * input];
  }
  const first = values.bias / 4;
  const bias = Float32Array.from(floats.subarray(first, first + shape.outputs));
  return {
    weight: { shape: [shape.outputs, shape.inputs], data: weights },
    bias: { shape: [shape.outputs], data: bias },
  };
}

/** Where an output's first weight lies in the layer's panels. */
function columnOf({ panelRows }: PanelShape, output: number): number {
  return (output >> 3) * panelRows * 8 + (output & 7);
}
