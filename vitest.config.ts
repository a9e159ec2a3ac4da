import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.js';
import { patience } from './test/patience.js';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Two files at a time: several of them run a whole service, and these own their ports, folders and queues.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    setupFiles: ['test/patient-waits.ts'],
    reporters: ['default', './test/stuck-files.ts'],
    testTimeout: patience.testMs,
    hookTimeout: patience.testMs,
    expect: { poll: { timeout: patience.pollMs } },
  },
});
