/**
 * What the npm scripts run first, so that one command is enough on a fresh clone: installs the packages when
 * node_modules does not hold what package-lock.json says, then builds src and the kernels. Silent when there is nothing to do.
 * Needs nothing but Node, and keeps to syntax that an old Node can read, so that it can say that it is too old.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { clearTimeout, setTimeout } from 'node:timers';
import { fileURLToPath } from 'node:url';

const lockFile = 'dist/prepare.lock';
const waitAtMostMs = 15 * 60_000;

class Failure extends Error {}

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
let holdsLock = false;
let child = null;
let stopping = false;

['SIGINT', 'SIGTERM', 'SIGHUP'].forEach((signal) => process.on(signal, () => stop(signal)));
process.on('exit', unlock);
prepare().catch((error) => {
  console.error(error instanceof Failure ? error.message : error);
  process.exitCode = 1;
});

async function prepare() {
  requireNode();
  await lock();
  if (!isInstalled()) await install();
  await build();
  unlock();
}

function requireNode() {
  const wanted = readJson('package.json').engines.node.replace('>=', '');
  const [major, minor] = wanted.split('.').map(Number);
  const [haveMajor, haveMinor] = process.versions.node.split('.').map(Number);
  if (haveMajor < major || (haveMajor === major && haveMinor < minor)) {
    throw new Failure(`Trainyard needs Node.js ${wanted} or later; this is ${process.versions.node}.`);
  }
}

/**
 * npm writes node_modules/.package-lock.json last, and it lists what was installed; so this also sees an install that
 * was cut short. Optional packages are missing where they are for another platform.
 */
function isInstalled() {
  const wanted = readJson('package-lock.json').packages;
  let found;
  try {
    found = readJson('node_modules/.package-lock.json').packages;
  } catch {
    return false;
  }
  const isSame = (path) => found[path].version === wanted[path].version;
  const suits = (allowed, value) => !allowed || allowed.includes(value);
  return (
    Object.keys(wanted).every(
      (path) => path === '' || (found[path] ? isSame(path) : wanted[path].optional),
    ) &&
    Object.keys(found).every(
      (path) =>
        wanted[path] && suits(found[path].os, process.platform) && suits(found[path].cpu, process.arch),
    )
  );
}

async function install() {
  console.error('Installing the packages (needed once; up to a minute) …');
  // The type checker is a development dependency. The Node version has been checked above, once and in plain words.
  await run(...npm(['ci', '--include=dev', '--engine-strict=false', '--no-audit', '--no-fund']));
}

/** Incremental builds that find nothing to do take 0.3 s together, so they are never skipped. */
async function build() {
  const timer = setTimeout(() => console.error('Building …'), 1000);
  try {
    await run(process.execPath, ['node_modules/typescript/bin/tsc', '-b', 'src']);
    await run(process.execPath, ['scripts/build-kernels.mjs']);
  } finally {
    clearTimeout(timer);
  }
}

/** The npm that runs this script, else the one on the PATH. */
function npm(args) {
  const running = process.env.npm_execpath;
  return running && basename(running) === 'npm-cli.js'
    ? [process.execPath, [running, ...args]]
    : ['npm', args];
}

/** Keeps the output to itself unless the command fails. */
function run(command, args) {
  return new Promise((resolve, reject) => {
    let output = '';
    child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => reject(new Failure(`Cannot run ${command}: ${error.message}`)));
    child.on('close', (code, signal) => {
      child = null;
      if (stopping) process.exit(1);
      const line = [basename(command), ...args].join(' ');
      if (code === 0) resolve();
      else reject(new Failure(`${output}\n'${line}' failed (${signal || `exit code ${code}`}).`));
    });
  });
}

function stop(signal) {
  stopping = true;
  if (child) child.kill(signal);
  else process.exit(1);
}

/** Two commands started at once on a fresh clone must not both fill node_modules and dist. */
async function lock() {
  mkdirSync('dist', { recursive: true });
  const giveUpAt = Date.now() + waitAtMostMs;
  let announced = false;
  while (!tryLock()) {
    if (Date.now() > giveUpAt)
      throw new Failure(`Another install or build holds ${lockFile}; if not, delete it.`);
    if (!announced) console.error('Waiting for another install or build here to end …');
    announced = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function tryLock() {
  try {
    writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
    holdsLock = true;
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (ownerIsAlive()) return false;
    // Left behind by a process that was killed. Two that find this at the same moment may both go on; that much
    // bad luck is not worth more code.
    rmSync(lockFile, { force: true });
    return tryLock();
  }
}

function ownerIsAlive() {
  try {
    // An empty file is one whose owner is about to write its id: process.kill(0, 0) succeeds.
    process.kill(Number(readFileSync(lockFile, 'utf8')), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function unlock() {
  if (holdsLock) rmSync(lockFile, { force: true });
  holdsLock = false;
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
