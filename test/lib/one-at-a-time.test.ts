import { expect, test } from 'vitest';
import { oneAtATime } from '../../src/lib/one-at-a-time.js';

/** Work that ends when told, and how often it has begun for each key. */
function createWork() {
  const begun: string[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const run = oneAtATime((key: string) => {
    begun.push(key);
    return new Promise<void>((resolve, reject) => {
      ends.push((error) => (error === undefined ? resolve() : reject(error)));
    });
  });
  return { begun, ends, run };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('all who call while the work runs share one run after it', async () => {
  const { begun, ends, run } = createWork();
  const first = run('a');
  await turn();
  const second = run('a');
  const third = run('a');
  await turn();
  expect(begun).toEqual(['a']);
  ends[0]();
  await first;
  await turn();
  expect(begun).toEqual(['a', 'a']);
  ends[1]();
  await Promise.all([second, third]);
  expect(begun).toEqual(['a', 'a']);
});

test('work for one key does not wait for work for another', async () => {
  const { begun, run } = createWork();
  void run('a');
  void run('b');
  await turn();
  expect(begun).toEqual(['a', 'b']);
});

test('a failure is that of its callers, and the next run goes ahead', async () => {
  const { begun, ends, run } = createWork();
  const first = run('a');
  await turn();
  const second = run('a');
  ends[0](new Error('EIO'));
  await expect(first).rejects.toThrow('EIO');
  await turn();
  expect(begun).toEqual(['a', 'a']);
  ends[1]();
  await second;
});
