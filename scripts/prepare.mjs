/**
 * The npm scripts run this first, so that one command is enough on a fresh clone. It installs the packages if
 * node_modules does not match package-lock.json, and builds client, src, the kernels and the embedded queue's database if they
 * have changed. It prints nothing if there is nothing to do. Where there is a C++ compiler it builds the native engine too, beside
 * src, so that nobody waits for it.
 *
 * It needs only Node, and uses only syntax that an old Node can parse, so that it can report that Node is too old.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers';
import { fileURLToPath } from 'node:url';

const lockFile = 'dist/prepare.lock';
const lockTimeoutMs = 15 * 60_000;
/** The sources that the last build read. */
const stampFile = 'dist/prepare.stamp';
const clientTypes = 'client/api-types.ts';
/** A shell runs it, and npm links it. */
const commandFile = 'dist/cli/main.js';
const addonFile = 'dist/model/engines/native/addon.node';

/** By default npm waits for five minutes, three times. Variables of the environment override these values. */
const fetchLimits = {
  npm_config_fetch_timeout: '30000',
  npm_config_fetch_retries: '1',
  npm_config_fetch_retry_mintimeout: '1000',
};
const unreachable =
  /\b(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|E[A-Z]*TIMED?OUT|ERR_SOCKET_TIMEOUT|FETCH_ERROR)\b/;

class Failure extends Error {}

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
let holdsLock = false;
const children = new Set();
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
  if (!isBuilt()) await build();
  else if (!isAddonAsWanted()) await buildAddon();
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
 * npm writes node_modules/.package-lock.json last, with the list of what it installed, so an interrupted install is
 * noticed too. Optional packages for another platform may be missing.
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
  const paths = Object.keys(readJson('package-lock.json').packages).filter((path) => path !== '');
  const startedMs = Date.now();
  console.error(`Installing ${paths.length} packages (needed once; about a minute) …`);
  // On a terminal npm shows its progress. Elsewhere this prints a line from time to time.
  const timer = process.stderr.isTTY
    ? undefined
    : setInterval(() => {
        const count = paths.filter((path) => existsSync(path)).length;
        console.error(`Installing: ${count} of ${paths.length} packages after ${seconds(startedMs)} …`);
      }, 10_000);
  try {
    // The compiler is a development dependency. requireNode has already checked the version of Node.
    const args = [
      'ci',
      '--include=dev',
      '--engine-strict=false',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
    ];
    await run(...npm(args), { env: { ...fetchLimits, ...process.env }, showOutput: process.stderr.isTTY });
  } catch (error) {
    const [reason] = unreachable.exec(error.message) || [];
    if (reason === undefined) throw error;
    throw new Failure(
      `The packages cannot be installed: the npm registry does not answer (${reason}) after ${seconds(startedMs)}. Check ` +
        "the network, the proxy ('npm config get proxy') and the registry ('npm config get registry'), " +
        'and run the command again.',
    );
  } finally {
    clearInterval(timer);
  }
  console.error(`Installed in ${seconds(startedMs)}.`);
}

/** Whether the sources are those of the last build, by name, size and modification time. */
function isBuilt() {
  try {
    return existsSync(clientTypes) && readFileSync(stampFile, 'utf8') === sourcesStamp();
  } catch {
    return false;
  }
}

async function build() {
  const stamp = sourcesStamp();
  rmSync(stampFile, { force: true });
  await Promise.all([buildService(), buildAddon()]);
  writeFileSync(stampFile, stamp);
}

async function buildService() {
  await step('the types of the API', ['scripts/write-client-types.mjs']);
  await step('src', [join('node_modules', 'typescript', 'bin', 'tsc'), '-b', 'src']);
  if (existsSync(commandFile)) chmodSync(commandFile, 0o755);
  await Promise.all([
    step('the WebAssembly kernels', ['scripts/build-kernels.mjs']),
    step("the embedded queue's database", ['dist/jobs/queue/prepare-database.js']),
  ]);
  await step('the web pages', [
    join('node_modules', 'vite', 'bin', 'vite.js'),
    'build',
    'ui',
    '--logLevel',
    'warn',
  ]);
  await step('the scripts of standalone files', ['scripts/build-standalone.mjs']);
}

/** A compiler may have been installed, or the engine may not be wanted any more. */
function isAddonAsWanted() {
  return existsSync(addonFile) === (process.env.TRAINYARD_NATIVE !== '0');
}

function buildAddon() {
  return step('the native kernels', ['scripts/build-native.mjs']);
}

/** Runs a step of the build, which makes only what has changed. Prints a line if it takes longer than a second. */
async function step(what, args) {
  const startedMs = Date.now();
  let isSlow = false;
  const timer = setTimeout(() => {
    isSlow = true;
    console.error(`Building ${what} …`);
  }, 1_000);
  try {
    await run(process.execPath, args);
    if (isSlow) console.error(`Built ${what} in ${seconds(startedMs)}.`);
  } finally {
    clearTimeout(timer);
  }
}

function sourcesStamp() {
  const hash = createHash('sha256');
  const add = (path) => {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  };
  const addFolder = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) addFolder(path);
      else if (path !== clientTypes) add(path);
    }
  };
  [
    'package-lock.json',
    'tsconfig.base.json',
    'scripts/build-kernels.mjs',
    'tools/kernels/package-lock.json',
    'tools/kernels/compile.mjs',
    'scripts/build-native.mjs',
    'scripts/build-standalone.mjs',
    'scripts/write-client-types.mjs',
    'openapi/openapi.json',
  ].forEach(add);
  ['src', 'client', 'ui'].forEach(addFolder);
  return hash.digest('hex');
}

function seconds(startedMs) {
  return `${Math.round((Date.now() - startedMs) / 1_000)} s`;
}

/** The npm that runs this script, or the one on the PATH. */
function npm(args) {
  const running = process.env.npm_execpath;
  return running && basename(running) === 'npm-cli.js'
    ? [process.execPath, [running, ...args]]
    : ['npm', args];
}

/** Runs a command. Its output appears only if the command fails, unless `showOutput` is true. */
function run(command, args, { env = process.env, showOutput = false } = {}) {
  return new Promise((resolve, reject) => {
    let output = '';
    const child = spawn(command, args, {
      env,
      stdio: ['ignore', ...(showOutput ? [2, 2] : ['pipe', 'pipe'])],
    });
    children.add(child);
    if (!showOutput) {
      child.stdout.on('data', (chunk) => (output += chunk));
      child.stderr.on('data', (chunk) => (output += chunk));
    }
    child.on('error', (error) => reject(new Failure(`Cannot run ${command}: ${error.message}`)));
    child.on('close', (code, signal) => {
      children.delete(child);
      if (stopping && children.size === 0) process.exit(1);
      const line = [basename(command), ...args].join(' ');
      if (code === 0) resolve();
      else reject(new Failure(`${output}\n'${line}' failed (${signal || `exit code ${code}`}).`));
    });
  });
}

function stop(signal) {
  stopping = true;
  if (children.size === 0) process.exit(1);
  for (const child of children) child.kill(signal);
}

/** Prevents two commands on a fresh clone from filling node_modules and dist at the same time. */
async function lock() {
  mkdirSync('dist', { recursive: true });
  const giveUpAt = Date.now() + lockTimeoutMs;
  let announced = false;
  while (!tryLock()) {
    if (Date.now() > giveUpAt)
      throw new Failure(`Another install or build holds ${lockFile}. If none is running, delete the file.`);
    if (!announced) console.error('Waiting for another install or build to end …');
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
    // A killed process left the file behind. Two processes that find it at the same moment may both go on, which is too
    // unlikely to justify more code.
    rmSync(lockFile, { force: true });
    return tryLock();
  }
}

function ownerIsAlive() {
  try {
    // The owner of an empty file is about to write its id. For it, process.kill(0, 0) succeeds.
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
