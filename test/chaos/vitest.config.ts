/** The long suite: every fault on every queue. The files, one for each queue, run in parallel. */
import { randomInt } from 'node:crypto';
import { defineConfig } from 'vitest/config';

// Set before the workers start, so that all use the same seed.
process.env.CHAOS_SEED ??= String(randomInt(2 ** 31));

export default defineConfig({
  test: {
    include: ['test/chaos/*.chaos.ts'],
    globalSetup: ['test/chaos/references.setup.ts'],
    reporters: ['default', './test/chaos/table-reporter.ts'],
    maxWorkers: 3,
    testTimeout: 240_000,
    hookTimeout: 120_000,
  },
});
