/** The compiled kernels: read and compiled once in a process, instantiated on a memory of its own for each user. */
import { readFile } from 'node:fs/promises';

/** Addresses and strides as the kernels take them; src/model/engines/wasm/kernels/ says what each does. */
export interface Kernels {
  dense(
    x: number,
    xStride: number,
    rows: number,
    steps: number,
    w: number,
    panelRows: number,
    bias: number,
    panels: number,
    out: number,
    outStride: number,
    relu: boolean,
  ): void;
  denseRow(
    x: number,
    steps: number,
    w: number,
    panelRows: number,
    bias: number,
    panels: number,
    out: number,
    relu: boolean,
  ): void;
  transpose(w: number, panelRows: number, outputs: number, out: number, outRows: number): void;
  updateDense(
    x: number,
    xStride: number,
    rows: number,
    dz: number,
    rowsStride: number,
    w: number,
    m: number,
    v: number,
    panelRows: number,
    bias: number,
    biasM: number,
    biasV: number,
    panels: number,
    scratch: number,
    settings: number,
  ): void;
  crossEntropy(
    logits: number,
    stride: number,
    rows: number,
    classes: number,
    labels: number,
    correct: number,
  ): number;
  softmaxGradient(
    logits: number,
    stride: number,
    rows: number,
    classes: number,
    labels: number,
    out: number,
  ): void;
  softmax(logits: number, stride: number, rows: number, classes: number, out: number): void;
  gather(
    inputs: number,
    labels: number,
    width: number,
    order: number,
    count: number,
    table: number,
    x: number,
    xStride: number,
    labelsOut: number,
  ): void;
  normalize(
    x: number,
    xStride: number,
    rows: number,
    width: number,
    divideBy: number,
    mean: number,
    std: number,
  ): void;
  reluGradient(gradient: number, activation: number, stride: number, rows: number, panels: number): void;
  toPanels(from: number, stride: number, rows: number, panels: number, out: number, rowsStride: number): void;
  heapBase(): number;
}

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
    const kernels = instantiate(module, new WebAssembly.Memory({ initial: 1 }));
    return { module, heapBase: kernels.heapBase() };
  });
  return compiling;
}

export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
}
