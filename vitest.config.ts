import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.js';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Two files at a time: several of them run a whole service, and these own their ports, folders and queues.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    setupFiles: ['test/patience.ts'],
    reporters: ['default', './test/stuck-files.ts'],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // Of what comes about by itself; a second, the default, is too short on a busy machine.
    expect: { poll: { timeout: 60_000 } },
  },
});
