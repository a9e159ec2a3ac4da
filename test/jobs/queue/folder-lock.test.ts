import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lockFolder } from '../../../src/jobs/queue/folder-lock.js';
import { temporaryFolder } from '../../storage/temporary-storage.js';

test('a folder can be locked once until it is released', async () => {
  const folder = await temporaryFolder();
  const release = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'DATA_FOLDER_IN_USE' });
  await release();
  await (
    await lockFolder(folder)
  )();
});

test('one of many processes that start at the same moment gets the lock', async () => {
  const folder = await temporaryFolder();
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
  const releases = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  expect(releases).toHaveLength(1);
  for (const release of releases) await release();
});

describe('processes that are suspended before any of their steps', () => {
  /** Runs the processes one step at a time, in the order that `choose` gives, and counts those that hold the lock. */
  async function play(folder: string, starters: number, choose: (among: number) => number): Promise<number> {
    let most = 0;
    let holders = 0;
    const waiting = new Map<number, () => void>();
    let stopped: () => void = () => undefined;
    const gate = (starter: number) => (): Promise<void> =>
      new Promise((resolve) => {
        waiting.set(starter, resolve);
        stopped();
      });
    const start = async (starter: number): Promise<void> => {
      try {
        const release = await lockFolder(folder, gate(starter));
        most = Math.max(most, ++holders);
        await gate(starter)();
        holders--;
        await release();
      } catch (error) {
        expect(error).toMatchObject({ code: 'DATA_FOLDER_IN_USE' });
      } finally {
        stopped();
      }
    };
    const step = async (act: () => void): Promise<void> => {
      const next = new Promise<void>((resolve) => (stopped = resolve));
      act();
      await next;
    };
    for (let starter = 0; starter < starters; starter++) await step(() => void start(starter));
    let begun = 0;
    while (waiting.size > 0) {
      // Processes that have not started are alike, so it does not matter which of them runs.
      const next = [...waiting.keys()].sort().filter((starter) => starter <= begun);
      const starter = next[choose(next.length)] ?? 0;
      begun = Math.max(begun, starter + 1);
      const resume = waiting.get(starter);
      waiting.delete(starter);
      await step(() => resume?.());
    }
    return most;
  }

  test.each([
    [2, 'a new folder', 0],
    [2, 'a folder with the lock of a dead owner', 1],
    [3, 'a folder with the lock of a dead owner', 1],
  ])(
    '%i of them never both hold the lock of %s, in whatever order they go on',
    async (starters, _, before) => {
      const folder = await temporaryFolder();
      // The choice at each point of the last order, and the number of options. The next order differs at the last
      // point.
      let path: { choice: number; among: number }[] = [];
      let orders = 0;
      do {
        const place = join(folder, String(orders++));
        await mkdir(place);
        for (let owner = 0; owner < before; owner++) await (await lockFolder(place))();
        const taken: typeof path = [];
        const most = await play(place, starters, (among) => {
          const choice = path[taken.length]?.choice ?? 0;
          taken.push({ choice, among });
          return choice;
        });
        expect(most, JSON.stringify(taken)).toBe(1);
        await (
          await lockFolder(place)
        )();
        path = taken;
        while (path.length > 0) {
          const last = path.pop();
          if (last === undefined || last.choice + 1 === last.among) continue;
          path.push({ ...last, choice: last.choice + 1 });
          break;
        }
      } while (path.length > 0);
      expect(orders).toBeGreaterThan(10);
    },
  );
});

test.each(['look', 'claim', 'confirm', 'held'])(
  'a process that is killed leaves no lock behind: before or after %s',
  async (step) => {
    const folder = await temporaryFolder();
    const script = join(folder, 'hold.mjs');
    const lockModule = new URL('../../../dist/jobs/queue/folder-lock.js', import.meta.url).href;
    await writeFile(
      script,
      `import { lockFolder } from ${JSON.stringify(lockModule)};
       const pauseAt = (step) => {
         if (step !== process.argv[3]) return Promise.resolve();
         process.send(step);
         return new Promise(() => setInterval(() => undefined, 1000));
       };
       await lockFolder(process.argv[2], pauseAt);
       await pauseAt('held');`,
    );
    const child = fork(script, [folder, step], { execArgv: [] });
    await once(child, 'message');
    if (step === 'held') {
      await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'DATA_FOLDER_IN_USE' });
      child.kill('SIGSTOP');
      await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'DATA_FOLDER_IN_USE' });
    }
    child.kill('SIGKILL');
    await once(child, 'close');
    await (
      await lockFolder(folder)
    )();
    // No files accumulate.
    expect((await readdir(folder)).filter((name) => name.includes('lock'))).toHaveLength(1);
  },
);

test('a running service of an earlier version keeps its folder', async () => {
  const folder = await temporaryFolder();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(folder, 'lock'), resolve));
  await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'DATA_FOLDER_IN_USE' });
  await new Promise((resolve) => server.close(resolve));
  await (
    await lockFolder(folder)
  )();
});

test('a folder with a long path can be locked too', async () => {
  const folder = join(await temporaryFolder(), 'long'.repeat(30));
  await mkdir(folder);
  await (
    await lockFolder(folder)
  )();
});
