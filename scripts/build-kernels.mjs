/**
 * Puts the kernels that are written in AssemblyScript into dist, each entry as one file. The compiled files are kept beside
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

for (const [folder, entry, name, options] of [
  ['model/engines/wasm', 'index.ts', 'kernels.wasm', shared],
  ['model/engines/wasm', 'predictor.ts', 'predictor.wasm', ['--importMemory']],
  ['model/augmentation', 'index.ts', 'kernels.wasm', []],
]) {
  const sources = join(root, 'src', folder, 'kernels');
  const made = { sources, entry, kept: join(sources, name), options };
  if (isCheck) check(made);
  else {
    if (!isCurrent(made)) keep(made);
    const output = join(root, 'dist', folder, name);
    mkdirSync(dirname(output), { recursive: true });
    copyFileSync(made.kept, output);
  }
}

function isCurrent(made) {
  const { kept } = made;
  return (
    [kept, stampOf(kept)].every(existsSync) && readFileSync(stampOf(kept), 'utf8').trim() === digestOf(made)
  );
}

function keep(made) {
  const { kept } = made;
  // A missing file is better than an outdated one.
  rmSync(kept, { force: true });
  compile(made, kept);
  writeFileSync(stampOf(kept), `${digestOf(made)}\n`);
}

function check(made) {
  const { kept } = made;
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-kernels-'));
  const anew = join(folder, 'kernels.wasm');
  compile(made, anew);
  const isSame = isCurrent(made) && readFileSync(anew).equals(readFileSync(kept));
  rmSync(folder, { recursive: true });
  if (isSame) return;
  console.error(`${kept} is not what its sources make. Run npm run build, and commit it with them.`);
  process.exitCode = 1;
}

function compile({ sources, entry, options }, output) {
  if (!existsSync(join(compiler, 'node_modules/assemblyscript'))) {
    console.error('Installing the compiler of the kernels …');
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: compiler, stdio: ['ignore', 2, 2] });
  }
  const script = join(compiler, 'compile.mjs');
  execFileSync(process.execPath, [script, join(sources, entry), output, ...options], {
    stdio: ['ignore', 2, 2],
  });
}

function stampOf(kept) {
  return kept.replace(/wasm$/, 'sha256');
}

/** Of all that decides the bytes of the compiled file. */
function digestOf({ sources, entry, options }) {
  const hash = createHash('sha256').update(JSON.stringify([entry, ...options]));
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
