/**
 * Compiles what is written in AssemblyScript, each entry to one file in dist, unless that file is newer than all sources in its
 * folder.
 */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('..', import.meta.url);

// The engine's threads share a memory. The code that creates it sets its maximum.
const shared = ['--importMemory', '--sharedMemory', '--maximumMemory', '65536'];

for (const [folder, entry, name, options] of [
  ['model/engines/wasm', 'index.ts', 'kernels.wasm', shared],
  ['model/engines/wasm', 'predictor.ts', 'predictor.wasm', ['--importMemory']],
  ['model/augmentation', 'index.ts', 'kernels.wasm', []],
]) {
  const sources = new URL(`src/${folder}/kernels/`, root);
  const output = new URL(`dist/${folder}/${name}`, root);
  if (!isCurrent(sources, output)) await compile(new URL(entry, sources), output, options);
}

function isCurrent(sources, output) {
  const modified = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const inputs = readdirSync(sources).map((name) => new URL(name, sources));
  inputs.push(new URL('package-lock.json', root), new URL(import.meta.url));
  return inputs.every((file) => modified(file) < modified(output));
}

async function compile(entry, output, options) {
  const { default: asc } = await import('assemblyscript/asc');
  const { error, stderr } = await asc.main([
    fileURLToPath(entry),
    ...['--outFile', fileURLToPath(output)],
    ...['--runtime', 'stub', ...options],
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
