import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { giveBackMemory, takeMemory } from '../../../../src/model/engines/wasm/memory-pool.js';

const megabyte = 2 ** 20;

describe('the memories of the engine', () => {
  test('are zero when taken, also those that have been used before', () => {
    const memory = takeMemory(3 * megabyte);
    new Uint8Array(memory.buffer).fill(7);
    giveBackMemory(memory);
    const again = takeMemory(2 * megabyte);
    expect(again).toBe(memory);
    expect(new Uint8Array(again.buffer).every((byte) => byte === 0)).toBe(true);
    giveBackMemory(again);
  });

  test('are not wasted on a need that is much smaller, and never exceed what is allowed', () => {
    const memory = takeMemory(5 * megabyte);
    giveBackMemory(memory);
    expect(takeMemory(megabyte)).not.toBe(memory);
    expect(takeMemory(4 * megabyte, 4 * megabyte)).not.toBe(memory);
    expect(() => takeMemory(4 * megabyte + 1, 4 * megabyte)).toThrow(
      expect.objectContaining({ code: 'NETWORK_TOO_LARGE' }),
    );
    expect(takeMemory(5 * megabyte)).toBe(memory);
  });

  test('do not pile up over a hundred trainings', async () => {
    const script = fileURLToPath(new URL('train-often.mjs', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [script]);
    const { grownBytes, sizeBytes } = JSON.parse(stdout) as { grownBytes: number; sizeBytes: number };
    // One in ten that stays would be seen.
    expect(grownBytes / sizeBytes).toBeLessThan(9);
  });
});
