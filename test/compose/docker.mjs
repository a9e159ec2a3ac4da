/** Finds the Docker engine and Compose on this machine, and runs their commands. Installs and starts nothing. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const repository = fileURLToPath(new URL('../..', import.meta.url));

/** @returns {Promise<{ engine: string, compose: string[], name: string }>} */
export async function findDocker() {
  const engine = await run('docker', ['version', '--format', '{{.Server.Version}}'], {
    timeout: 30_000,
  }).catch((error) => {
    throw new Error(`no Docker engine answers (${firstLine(error.stderr || error.message)})`);
  });
  for (const compose of [['docker', 'compose'], ['docker-compose']]) {
    const [command, ...args] = compose;
    const version = await run(command, [...args, 'version', '--short']).catch(() => null);
    if (version) {
      return {
        engine: engine.stdout.trim(),
        compose,
        name: `${compose.join(' ')} ${version.stdout.trim()}`,
      };
    }
  }
  throw new Error('there is neither docker compose nor docker-compose');
}

/** Runs the command and resolves with its stdout, and with its stderr too if `both`. */
export async function docker(args, options) {
  return exec(['docker', ...args], options);
}

export async function exec([command, ...args], { env = {}, timeoutMs = 600_000, both = false } = {}) {
  try {
    const { stdout, stderr } = await run(command, args, {
      cwd: repository,
      env: { ...process.env, ...env },
      timeout: timeoutMs,
      maxBuffer: 2 ** 28,
    });
    return both ? stdout + stderr : stdout.trim();
  } catch (error) {
    const output = `${error.stdout ?? ''}${error.stderr ?? ''}`.trim().split('\n').slice(-25).join('\n');
    throw new Error(`${command} ${args.join(' ')} failed (${error.code ?? error.signal}):\n${output}`, {
      cause: error,
    });
  }
}

export async function hasImage(name) {
  return docker(['image', 'inspect', name]).then(
    () => true,
    () => false,
  );
}

function firstLine(text) {
  return String(text).trim().split('\n')[0];
}
