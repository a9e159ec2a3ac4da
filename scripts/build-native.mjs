/**
 * Compiles the addon of the native engine with the machine's own C++ compiler ($CXX or c++), if its sources have changed. Without a
 * compiler, and with TRAINYARD_NATIVE=0, nothing fails: build.json, beside the addon, says why there is none, and other engines train.
 *
 * `--out FOLDER` and `--flags "…"` build another one, as the sanitizers need it; then a failure is one.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chdir, env, exit, pid } from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

chdir(fileURLToPath(new URL('..', import.meta.url)));
const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'dist/model/engines/native' },
    flags: { type: 'string', default: '-O3' },
  },
});
const isOther = values.flags !== '-O3';

const run = promisify(execFile);
const sources = 'src/model/engines/native/addon';
const compiler = env.CXX ?? 'c++';
const flags = [
  ...values.flags.split(' '),
  ...['-std=c++20', '-fPIC', '-pthread', '-fvisibility=hidden', '-Wall', '-Wextra'],
  // The same bits on every machine: no multiplication is joined with an addition unless the source says so.
  ...['-ffp-contract=off', '-fno-math-errno'],
  // GCC's own headers for AVX-512 are not free of it.
  '-Wno-maybe-uninitialized',
  ...['-DNAPI_VERSION=8', '-Inode_modules/node-api-headers/include'],
];
/** Of the files that are compiled for one instruction set. */
const flagsOfFile =
  process.arch === 'x64'
    ? {
        'kernels-avx2.cc': ['-mavx2', '-mfma'],
        'kernels-avx512.cc': ['-mavx512f', '-mfma'],
      }
    : {};
const linkFlags = process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : [];

const outcomeFile = join(values.out, 'build.json');
const stamp = stampOf();
if (readOutcome().stamp !== stamp || env.TRAINYARD_NATIVE === '0') await build();

async function build() {
  mkdirSync(values.out, { recursive: true });
  const objects = join(values.out, `objects-${pid}`);
  mkdirSync(objects, { recursive: true });
  try {
    if (env.TRAINYARD_NATIVE === '0') throw new Error('TRAINYARD_NATIVE is 0');
    const files = readdirSync(sources).filter((file) => file.endsWith('.cc'));
    await Promise.all(files.map((file) => compile(file, join(objects, `${file}.o`))));
    const linked = join(objects, 'addon.node');
    const inputs = files.map((file) => join(objects, `${file}.o`));
    await run(compiler, [...flags, '-shared', ...linkFlags, '-o', linked, ...inputs]);
    // A process may be running the old one.
    renameSync(linked, join(values.out, 'addon.node'));
    writeOutcome({ stamp });
  } catch (error) {
    if (isOther) {
      console.error(error.stderr ?? error.message);
      exit(1);
    }
    rmSync(join(values.out, 'addon.node'), { force: true });
    writeOutcome({ reason: reasonOf(error) });
  } finally {
    rmSync(objects, { recursive: true, force: true });
  }
}

function compile(file, object) {
  return run(compiler, [...flags, ...(flagsOfFile[file] ?? []), '-c', join(sources, file), '-o', object]);
}

function reasonOf(error) {
  if (error.code === 'ENOENT') return `there is no C++ compiler '${compiler}'`;
  if (error.stderr === undefined) return error.message;
  const [line] = /^.*\berror\b.*$/im.exec(error.stderr) ?? [error.message];
  return `'${compiler}' cannot compile it: ${line}`;
}

/** Of all that the addon depends on. */
function stampOf() {
  const hash = createHash('sha256').update([compiler, process.arch, ...flags].join(' '));
  for (const file of readdirSync(sources).sort()) hash.update(file).update(readFileSync(join(sources, file)));
  return hash.digest('hex');
}

function readOutcome() {
  try {
    return JSON.parse(readFileSync(outcomeFile, 'utf8'));
  } catch {
    return {};
  }
}

function writeOutcome(outcome) {
  writeFileSync(outcomeFile, `${JSON.stringify(outcome)}\n`);
}
