/**
 * Compiles the addon of the native engine with the machine's own C++ compiler ($CXX or c++), if its sources have changed. Without a
 * compiler, and with TRAINYARD_NATIVE=0, nothing fails: build.json, beside the addon, says why there is none, and other engines train.
 *
 * `--out FOLDER` and `--flags="…"` build another one, as the sanitizers need it, and `--program FILE` also a program of that
 * file and all that does not need Node.js, with the file's name; then a failure is one.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import process, { chdir, env, pid } from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

chdir(fileURLToPath(new URL('..', import.meta.url)));
const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'dist/model/engines/native' },
    flags: { type: 'string', default: '-O3' },
    program: { type: 'string' },
  },
});
const isOther = values.flags !== '-O3';

const run = promisify(execFile);
const sources = 'src/model/engines/native/addon';
const filesForNode = ['completions.cc', 'node-addon.cc'];
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
const addonFile = join(values.out, 'addon.node');
const programFile = values.program && join(values.out, basename(values.program, '.cc'));
const stamp = stampOf();
const isBuilt = readOutcome().stamp === stamp && existsSync(addonFile);
if (!isBuilt || env.TRAINYARD_NATIVE === '0') await build();

async function build() {
  mkdirSync(values.out, { recursive: true });
  const objects = join(values.out, `objects-${pid}`);
  mkdirSync(objects, { recursive: true });
  try {
    if (env.TRAINYARD_NATIVE === '0') throw new Error('TRAINYARD_NATIVE is 0');
    const files = readdirSync(sources).filter((file) => file.endsWith('.cc'));
    const objectOf = (file) => join(objects, `${basename(file)}.o`);
    const paths = files.map((file) => join(sources, file)).concat(values.program ?? []);
    await Promise.all(paths.map((path) => compile(path, objectOf(path))));
    const linked = join(objects, 'addon.node');
    await run(compiler, [...flags, '-shared', ...linkFlags, '-o', linked, ...files.map(objectOf)]);
    // A process may be running the old one.
    renameSync(linked, addonFile);
    if (values.program !== undefined) {
      const parts = paths.filter((path) => !filesForNode.includes(basename(path)));
      await run(compiler, [...flags, '-o', programFile, ...parts.map(objectOf)]);
    }
    writeOutcome({ stamp });
  } catch (error) {
    if (isOther) {
      console.error(error.code === 'ENOENT' ? reasonOf(error) : (error.stderr ?? error.message));
      process.exitCode = 1;
      return;
    }
    rmSync(addonFile, { force: true });
    writeOutcome({ reason: reasonOf(error) });
  } finally {
    rmSync(objects, { recursive: true, force: true });
  }
}

function compile(path, object) {
  const flagsHere = [...flags, `-I${sources}`, ...(flagsOfFile[basename(path)] ?? [])];
  return run(compiler, [...flagsHere, '-c', path, '-o', object]);
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
  if (values.program !== undefined) hash.update(readFileSync(values.program));
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
