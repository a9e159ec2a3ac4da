/** Compiles the kernels of the wasm engine from AssemblyScript, unless what lies in dist is newer than all its sources. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('..', import.meta.url);
const sources = new URL('src/model/engines/wasm/kernels/', root);
const output = new URL('dist/model/engines/wasm/kernels.wasm', root);

if (!isCurrent()) await compile();

function isCurrent() {
  const modified = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const inputs = readdirSync(sources).map((name) => new URL(name, sources));
  inputs.push(new URL('package-lock.json', root), new URL(import.meta.url));
  return inputs.every((file) => modified(file) < modified(output));
}

async function compile() {
  const { default: asc } = await import('assemblyscript/asc');
  const { error, stderr } = await asc.main([
    fileURLToPath(new URL('index.ts', sources)),
    ...['--outFile', fileURLToPath(output)],
    // The memory is shared among threads; how much of it there is at most is for who creates it to say.
    ...['--runtime', 'stub', '--importMemory', '--sharedMemory', '--maximumMemory', '65536'],
    // SIMD and threads are part of WebAssembly in every Node.js that is supported; all that goes into a kernel has been
    // checked before.
    ...['--enable', 'simd', '--enable', 'threads'],
    ...['-O3', '--noAssert', '--uncheckedBehavior', 'always'],
  ]);
  if (!error) return;
  console.error(`${error.message}\n${stderr.toString()}`);
  // One that is half written, or of other sources, would be worse than none.
  rmSync(output, { force: true });
  process.exitCode = 1;
}
