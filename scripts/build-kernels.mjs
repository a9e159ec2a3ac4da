/**
 * Puts the kernels that are written in AssemblyScript into dist, each folder of them as one file. The compiled files are kept beside
 * their sources, because the compiler takes 106 MB: it is installed, in tools/kernels, only when the sources have changed.
 * With --check it compiles anew, and fails if a kept file is not what its sources make.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = join(root, 'tools/kernels');
const isCheck = process.argv.includes('--check');

// The engine's threads share a memory. The code that creates it sets its maximum.
const shared = ['--importMemory', '--sharedMemory', '--maximumMemory', '65536'];

for (const [folder, options] of [
  ['model/engines/wasm', shared],
  ['model/augmentation', []],
]) {
  const sources = join(root, 'src', folder, 'kernels');
  const kept = join(sources, 'kernels.wasm');
  if (isCheck) check(sources, kept, options);
  else {
    if (!isCurrent(sources, kept, options)) keep(sources, kept, options);
    const output = join(root, 'dist', folder, 'kernels.wasm');
    mkdirSync(dirname(output), { recursive: true });
    copyFileSync(kept, output);
  }
}

function isCurrent(sources, kept, options) {
  return (
    [kept, stampOf(kept)].every(existsSync) &&
    readFileSync(stampOf(kept), 'utf8').trim() === digestOf(sources, options)
  );
}

function keep(sources, kept, options) {
  // A missing file is better than an outdated one.
  rmSync(kept, { force: true });
  compile(sources, kept, options);
  writeFileSync(stampOf(kept), `${digestOf(sources, options)}\n`);
}

function check(sources, kept, options) {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-kernels-'));
  const made = join(folder, 'kernels.wasm');
  compile(sources, made, options);
  const isSame = isCurrent(sources, kept, options) && readFileSync(made).equals(readFileSync(kept));
  rmSync(folder, { recursive: true });
  if (isSame) return;
  console.error(`${kept} is not what its sources make. Run npm run build, and commit it with them.`);
  process.exitCode = 1;
}

function compile(sources, output, options) {
  if (!existsSync(join(compiler, 'node_modules/assemblyscript'))) {
    console.error('Installing the compiler of the kernels …');
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: compiler, stdio: ['ignore', 2, 2] });
  }
  const script = join(compiler, 'compile.mjs');
  execFileSync(process.execPath, [script, join(sources, 'index.ts'), output, ...options], {
    stdio: ['ignore', 2, 2],
  });
}

function stampOf(kept) {
  return kept.replace(/wasm$/, 'sha256');
}

/** Of all that decides the bytes of the compiled file. */
function digestOf(sources, options) {
  const hash = createHash('sha256').update(JSON.stringify(options));
  const files = readdirSync(sources)
    .filter((name) => name.endsWith('.ts'))
    .sort();
  for (const path of [
    ...files.map((name) => join(sources, name)),
    join(compiler, 'package-lock.json'),
    join(compiler, 'compile.mjs'),
  ]) {
    hash.update(createHash('sha256').update(readFileSync(path)).digest());
  }
  return hash.digest('hex');
}
