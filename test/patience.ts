/**
 * What a test waits for takes as long as the machine does. One second, the default of `vi.waitFor`, is too short on a busy one;
 * that of `expect.poll` is set in vitest.config.ts.
 */
import { vi } from 'vitest';

const { waitFor } = vi;
vi.waitFor = (callback, options = { timeout: 60_000 }) => waitFor(callback, options);
