/**
 * The README, done as it stands: each of its commands, in order, in one shell, in a copy of this folder without data. What it
 * shows of the answers must be in the real ones.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../servers/local-server.js';
import { commandsOf, expectShown } from './commands.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const commands = commandsOf(await readFile(join(root, 'README.md'), 'utf8'));

let folder: string;
let port: number;
let shell: ChildProcessWithoutNullStreams;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-readme-'));
  for (const name of ['package.json', 'dist', 'node_modules', 'scripts', 'src', 'examples']) {
    await symlink(join(root, name), join(folder, name));
  }
  port = await freePort();
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, PORT: String(port) };
  shell = spawn('bash', ['--norc'], { cwd: folder, env, detached: true });
  shell.stdin.write('exec 2>&1\ntrap \'echo "(failed: $BASH_COMMAND)"\' ERR\n');
});

afterAll(async () => {
  process.kill(-(shell.pid ?? 0), 'SIGTERM');
  shell.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** Gives the commands to the shell and waits until they are done, or until their output matches. */
async function output(text: string, until: RegExp): Promise<string> {
  let said = '';
  const hear = (chunk: Buffer): void => void (said += String(chunk));
  shell.stdout.on('data', hear);
  shell.stdin.write(`${text}\n`);
  await expect.poll(() => said, { interval: 100 }).toMatch(until);
  shell.stdout.off('data', hear);
  return said;
}

/** What docker compose needs is tested by `npm run test:compose`. */
const run = commands.filter(({ text }) => !text.startsWith('docker '));

test('the README has commands', () => {
  expect(run.length).toBeGreaterThan(10);
});

test.each(run)('$text', async ({ text, shown }) => {
  const here = text.replaceAll(':3000', `:${port}`);
  if (text === 'npm start\n') {
    // In another terminal, so to say.
    const isUp = "grep -q 'Trainyard listens on' service.log";
    await output(`npm start > service.log & until ${isUp}; do sleep 0.1; done; echo '(up)'`, /\(up\)/);
    return;
  }
  // A service follows its keys within a second; on a busy machine that takes longer.
  const said = await output(`${here.replace('sleep 1', 'sleep 5')}echo '(done)'`, /\(done\)/);
  expect(said).not.toContain('(failed');
  expectShown(shown, said.replace('(done)', ''));
});
