/** The supervisor over real processes that do nothing but begin and end. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import type { TrainyardError } from '../../src/errors.js';
import { Supervisor } from '../../src/processes/supervisor.js';
import { patience } from '../patience.js';
import { temporaryFolder } from '../storage/temporary-storage.js';

const entry = fileURLToPath(new URL('process.mjs', import.meta.url));

interface Line {
  msg: string;
  ended_pid?: number;
  [field: string]: unknown;
}

interface Watched {
  supervisor: Supervisor;
  lines: Line[];
  loops: TrainyardError[];
  /** While there is one, processes end at once. */
  problem: string;
}

afterEach(() => {
  delete process.env.PROBLEM;
});

async function watch(count: number): Promise<Watched> {
  const problem = join(await temporaryFolder(), 'problem');
  process.env.PROBLEM = problem;
  const lines: Line[] = [];
  const loops: TrainyardError[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as Line) });
  const supervisor = new Supervisor({
    entry,
    count,
    log,
    onCrashLoop: (error) => loops.push(error),
    pace: { firstPauseMs: 1, longestPauseMs: 4, readyWithinMs: patience.pollMs },
  });
  onTestFinished(() => supervisor.stop('SIGTERM'));
  return { supervisor, lines, loops, problem };
}

function pidOf(summary: { url?: string | undefined } | null): number {
  return Number(summary?.url?.split('/').at(-1));
}

test('a process that ends is replaced, and its end is in the log', async () => {
  const { supervisor, lines, loops } = await watch(1);
  const pid = pidOf(await supervisor.start());
  process.kill(pid, 'SIGKILL');
  await expect
    .poll(() => lines.map(({ ended_pid, signal, process }) => ({ ended_pid, signal, process })))
    .toEqual([{ ended_pid: pid, signal: 'SIGKILL', process: 1 }]);
  await expect.poll(() => supervisor.readyCount()).toBe(1);
  expect(loops).toEqual([]);
});

test('a service whose first process ends before it listens does not start', async () => {
  const { supervisor, problem, lines } = await watch(2);
  await writeFile(problem, '');
  expect(await supervisor.start()).toBeNull();
  expect(lines).toEqual([]);
});

test('six ends in a row before a process is ready are a crash loop, and it is told once', async () => {
  const { supervisor, problem, loops, lines } = await watch(2);
  const pid = pidOf(await supervisor.start());
  await expect.poll(() => supervisor.readyCount()).toBe(2);
  await writeFile(problem, '');
  process.kill(pid, 'SIGKILL');
  await expect
    .poll(() => loops.map(({ code, message }) => ({ code, message })))
    .toEqual([
      {
        code: 'PROCESSES_FAIL',
        message: expect.stringMatching(/^6 processes in a row .* exit code 3\./) as string,
      },
    ]);
  expect(lines.map(({ pause_ms }) => pause_ms)).toEqual([0, 1, 2, 4, 4, 4]);
  expect(supervisor.readyCount()).toBe(1);
});

test('a restart replaces every process once, and leaves the old ones when the new ones do not become ready', async () => {
  const { supervisor, problem, lines } = await watch(2);
  await supervisor.start();
  await expect.poll(() => supervisor.readyCount()).toBe(2);
  const before = supervisor.pids();

  await writeFile(problem, '');
  expect(await supervisor.restart()).toBe(false);
  expect(supervisor.pids()).toEqual(before);
  expect(lines.at(-1)).toMatchObject({
    level: 50,
    msg: expect.stringContaining('the old ones go on') as string,
  });

  await rm(problem);
  expect(await Promise.all([supervisor.restart(), supervisor.restart()])).toEqual([true, true]);
  expect(supervisor.pids()).toHaveLength(2);
  for (const pid of supervisor.pids()) expect(before).not.toContain(pid);
});
