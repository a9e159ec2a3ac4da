/**
 * `npm run check:native`: the native engine under sanitizers. AddressSanitizer and UndefinedBehaviorSanitizer watch the conformance
 * suite and a program without Node.js; ThreadSanitizer watches the program. Needs GCC, with its sanitizers.
 */
import { execFile, spawn } from 'node:child_process';
import { chdir, env, execPath, exit } from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

chdir(fileURLToPath(new URL('..', import.meta.url)));
const tests = 'test/model/engines/native';
/** Longer than any step takes: threads that wait for each other for ever fail too. */
const mostMs = 600_000;
const compiler = env.CXX ?? 'c++';
const common = '-O1 -g1 -fno-sanitize-recover=all -fsanitize=';

await requireCompiler();
const [watched, threaded] = await Promise.all([
  build('address', `${common}address,undefined`),
  build('thread', `${common}thread`),
]);
await run('a program on 1 to 4 threads, for their order', `${threaded}/threads`, [], {
  TSAN_OPTIONS: 'halt_on_error=1',
});
await run('a program on 1 to 4 threads, for its memory', `${watched}/threads`, []);
await conformance();

async function requireCompiler() {
  try {
    await promisify(execFile)(compiler, ['--version']);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    console.error(
      `check:native needs GCC, and there is no '${compiler}' here. On Debian: apt-get install g++.`,
    );
    exit(1);
  }
}

/** Resolves with the folder of an addon and a program. */
async function build(sanitizer, flags) {
  const out = `dist/sanitized/${sanitizer}`;
  const args = ['--out', out, `--flags=${flags}`, '--program', `${tests}/threads.cc`];
  await run(`compiling for the sanitizer '${sanitizer}'`, execPath, ['scripts/build-native.mjs', ...args]);
  return out;
}

async function conformance() {
  const { stdout } = await promisify(execFile)(compiler, ['-print-file-name=libasan.so']);
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--config', `${tests}/vitest.config.ts`];
  await run('the conformance suite, for its memory', execPath, [...args, '--reporter=dot'], {
    NATIVE_ADDON: fileURLToPath(new URL(`../${watched}/addon.node`, import.meta.url)),
    // Node.js itself was not built for it, so it must come first; what Node.js keeps to its end is no leak.
    LD_PRELOAD: stdout.trim(),
    ASAN_OPTIONS: 'detect_leaks=0',
  });
}

/** Shows the output; ends this process where the command fails. */
async function run(what, command, args, variables = {}) {
  const startedMs = Date.now();
  const child = spawn(command, args, {
    env: { ...env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: mostMs,
    killSignal: 'SIGKILL',
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  const took = `${((Date.now() - startedMs) / 1_000).toFixed(1)} s`;
  if (code === 0) return console.log(`Passed: ${what} (${took}).`);
  console.error(`${output}\nFailed (${code}): ${what}.`);
  exit(1);
}
