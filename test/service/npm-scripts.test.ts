/** The npm scripts as a process manager, a terminal or a shell script uses them. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../storage/temporary-storage.js';
import { startService } from './service.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Script {
  npm: ChildProcess;
  /** Resolves with the first line that matches. */
  said: Promise<string>;
  /** The exit code of npm, null after a signal. */
  ended: Promise<number | null>;
}

/** Runs in its own process group, which is killed when the test ends. */
function startScript(args: string[], settings: Record<string, string>, sign: RegExp): Script {
  const npm = spawn('npm', args, {
    cwd: root,
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  onTestFinished(() => void signalGroup(npm, 'SIGKILL'));
  const ended = once(npm, 'exit').then(([code]) => code as number | null);
  const lines = createInterface({ input: npm.stdout });
  const said = new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => sign.test(line) && resolve(line));
    lines.on('close', () => reject(new Error(`npm ${args.join(' ')} ended and did not say ${sign.source}`)));
  });
  return { npm, said, ended };
}

/** Returns false when no process of the group is left. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-(pid ?? 0), signal);
  } catch {
    return false;
  }
}

test.each([
  ['SIGTERM', 'npm alone, as a process manager does'],
  ['SIGTERM', 'the whole process group'],
  ['SIGINT', 'the whole process group, as a terminal does'],
] as const)('npm start ends with all that it started on %s to %s', async (signal, whom) => {
  const settings = { DATA_DIR: await temporaryFolder(), LOG_FORMAT: 'json', PORT: '0' };
  const { npm, said, ended } = startScript(['start'], settings, /Trainyard listens on/);
  const { url } = JSON.parse(await said) as { url: string };
  if (whom.startsWith('npm')) npm.kill(signal);
  else signalGroup(npm, signal);
  // The exit code of the service: it stopped properly, although npm forwards a signal to the group a second time.
  expect(await ended).toBe(0);
  await expect.poll(() => signalGroup(npm, 0)).toBe(false);
  await startService({ ...settings, PORT: new URL(url).port });
});

test('npm run demo stops its service when npm is stopped', async () => {
  const DATA_DIR = await temporaryFolder();
  const { npm, said, ended } = startScript(['run', 'demo'], { DATA_DIR }, /POST \/v1\/jobs/);
  await said;
  npm.kill('SIGTERM');
  expect(await ended).toBe(130);
  await expect.poll(() => signalGroup(npm, 0)).toBe(false);
  // Only one process can have the folder open.
  await startService({ DATA_DIR });
});

test('npm run keys passes its arguments unchanged and returns the exit code', async () => {
  const env = { ...process.env, DATA_DIR: await temporaryFolder() };
  const keys = (...args: string[]) =>
    promisify(execFile)('npm', ['run', '-s', 'keys', '--', ...args], { cwd: root, env });
  const { stdout } = await keys('create', '--name', "the web's $HOME", '--scope', 'admin');
  expect(stdout).toMatch(/^ty_[\w-]+\n$/);
  expect((await keys('list')).stdout).toContain("the web's $HOME");
  await expect(keys('revoke', '0123456789ab')).rejects.toMatchObject({ code: 1 });
});
