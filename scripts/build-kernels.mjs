/**
 * Compiles the kernels of the wasm engine from AssemblyScript, unless the file in dist is newer than all its sources.
 */
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
    // Threads share the memory. The code that creates it sets its maximum.
    ...['--runtime', 'stub', '--importMemory', '--sharedMemory', '--maximumMemory', '65536'],
    // Every supported Node.js has SIMD and threads. The arguments of a kernel are checked before the call.
    ...['--enable', 'simd', '--enable', 'threads'],
    ...['-O3', '--noAssert', '--uncheckedBehavior', 'always'],
  ]);
  if (!error) return;
  console.error(`${error.message}\n${stderr.toString()}`);
  // A missing file is better than an incomplete or outdated one.
  rmSync(output, { force: true });
  process.exitCode = 1;
}
