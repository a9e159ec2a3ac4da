/** The kernels of this installation: read and compiled once in a process. */
import { readFile } from 'node:fs/promises';
import { compile, type CompiledKernels } from './kernels.js';

// From src/ in tests and from dist/ in service: both are equally deep below the root.
const file = new URL('../../../../dist/model/engines/wasm/kernels.wasm', import.meta.url);

let compiling: Promise<CompiledKernels> | undefined;

/** Rejects where the file is missing or this Node.js cannot run it. */
export function compileKernels(): Promise<CompiledKernels> {
  compiling ??= readFile(file).then((bytes) =>
    compile(bytes, new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })),
  );
  return compiling;
}
