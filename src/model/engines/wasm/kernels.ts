/** The compiled kernels: read and compiled once in a process, instantiated for each memory and thread. */
import { readFile } from 'node:fs/promises';
import type { Activation } from '../../network/network.js';
import type { OptimizerSpec } from '../../network/optimizers.js';

/** As kernels/activation.ts numbers them. */
export const activationCodes: Readonly<Record<Activation, number>> = {
  identity: 0,
  relu: 1,
  leaky_relu: 2,
  sigmoid: 3,
  tanh: 4,
  gelu: 5,
};

/** As kernels/optimizers.ts numbers them. */
export function optimizerCode(spec: OptimizerSpec): number {
  switch (spec.type) {
    case 'adam':
    case 'adamw':
      return 0;
    case 'sgd':
      return spec.momentum > 0 ? 2 : 1;
    case 'rmsprop':
      return 3;
  }
}

/** Addresses, blocks and strides as the kernels take them; src/model/engines/wasm/kernels/ says what each does. */
export interface Kernels {
  meet(barrier: number, threads: number): void;
  dense(
    x: number,
    columns: number,
    inputs: number,
    firstQuad: number,
    endQuad: number,
    w: number,
    panelRows: number,
    bias: number,
    firstPanel: number,
    endPanel: number,
    out: number,
    rowsStride: number,
  ): void;
  denseRow(
    x: number,
    inputs: number,
    w: number,
    panelRows: number,
    bias: number,
    panels: number,
    out: number,
  ): void;
  inputGradient(
    dz: number,
    columns: number,
    outputs: number,
    quads: number,
    w: number,
    panelRows: number,
    firstPanel: number,
    endPanel: number,
    scratch: number,
    zeros: number,
    out: number,
    rowsStride: number,
  ): void;
  activate(
    kind: number,
    values: number,
    source: number,
    factors: number,
    rowsStride: number,
    rows: number,
    firstPanel: number,
    endPanel: number,
  ): void;
  activationGradient(
    kind: number,
    gradient: number,
    source: number,
    factors: number,
    rowsStride: number,
    rows: number,
    firstPanel: number,
    endPanel: number,
  ): void;
  toQuads(
    panels: number,
    rowsStride: number,
    quadCount: number,
    firstPanel: number,
    endPanel: number,
    quads: number,
    columns: number,
  ): void;
  dropoutFactors(
    seedLow: number,
    seedHigh: number,
    step: number,
    stream: number,
    threshold: number,
    scale: number,
    units: number,
    quads: number,
    firstPanel: number,
    endPanel: number,
    factors: number,
    rowsStride: number,
  ): void;
  crossEntropy: LossKernel;
  squaredError: LossKernel;
  gather(
    inputs: number,
    labels: number,
    width: number,
    indices: number,
    firstQuad: number,
    endQuad: number,
    table: number,
    panels: number,
    rowsStride: number,
    quads: number,
    columns: number,
    labelsOut: number,
  ): void;
  listDifferences(
    inputs: number,
    labels: number,
    width: number,
    indices: number,
    firstRow: number,
    endRow: number,
    background: number,
    table: number,
    entries: number,
    counts: number,
    rowsStride: number,
    labelsOut: number,
  ): void;
  listNonzeros(
    panels: number,
    rowsStride: number,
    inputs: number,
    firstRow: number,
    endRow: number,
    entries: number,
    counts: number,
  ): void;
  listRawDifferences(
    raw: number,
    width: number,
    rows: number,
    divideBy: number,
    std: number,
    entries: number,
    counts: number,
    rowsStride: number,
    most: number,
  ): number;
  sparseDense(
    entries: number,
    counts: number,
    inputs: number,
    rows: number,
    background: number,
    w: number,
    panelRows: number,
    bias: number,
    firstPanel: number,
    endPanel: number,
    out: number,
    rowsStride: number,
    scratch: number,
  ): void;
  sparseInputGradient(
    entries: number,
    counts: number,
    columns: number,
    outputs: number,
    rows: number,
    w: number,
    panelRows: number,
    firstPanel: number,
    endPanel: number,
    zeros: number,
    out: number,
    rowsStride: number,
    scratch: number,
  ): void;
  updateSparseWeights(
    optimizer: number,
    settings: number,
    entries: number,
    counts: number,
    inputs: number,
    background: number,
    dz: number,
    rowsStride: number,
    rows: number,
    w: number,
    slot0: number,
    slot1: number,
    panelRows: number,
    firstPanel: number,
    endPanel: number,
    scratch: number,
  ): void;
  normalizeQuads(
    raw: number,
    rows: number,
    width: number,
    divideBy: number,
    mean: number,
    std: number,
    quads: number,
    columns: number,
  ): void;
  normalizeRow(row: number, width: number, divideBy: number, mean: number, std: number): void;
  updateWeights(
    optimizer: number,
    settings: number,
    x: number,
    dz: number,
    rowsStride: number,
    rows: number,
    w: number,
    slot0: number,
    slot1: number,
    panelRows: number,
    firstInput: number,
    endInput: number,
    firstPanel: number,
    endPanel: number,
    scratch: number,
    zeros: number,
  ): void;
  updateBias(
    optimizer: number,
    settings: number,
    dz: number,
    rowsStride: number,
    rows: number,
    bias: number,
    slot0: number,
    slot1: number,
    firstPanel: number,
    endPanel: number,
    scratch: number,
  ): void;
  heapBase(): number;
}

type LossKernel = (
  outputs: number,
  rowsStride: number,
  firstRow: number,
  endRow: number,
  classes: number,
  labels: number,
  batch: number,
  losses: number,
  correct: number,
  gradient: number,
) => void;

// From src/ in tests and from dist/ in service: both lie as deep below the root.
const file = new URL('../../../../dist/model/engines/wasm/kernels.wasm', import.meta.url);

export interface CompiledKernels {
  module: WebAssembly.Module;
  /** Where a memory is free to use. */
  heapBase: number;
}

let compiling: Promise<CompiledKernels> | undefined;

/** Rejects where the file is missing or this Node.js cannot run it. */
export function compileKernels(): Promise<CompiledKernels> {
  compiling ??= readFile(file).then(async (bytes) => {
    const module = await WebAssembly.compile(bytes);
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    return { module, heapBase: instantiate(module, memory).heapBase() };
  });
  return compiling;
}

export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
}
