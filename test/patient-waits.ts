/** `vi.waitFor` is as patient as `expect.poll`, which has a setting for it. */
import { vi } from 'vitest';
import { patience } from './patience.js';

const { waitFor } = vi;
vi.waitFor = (callback, options = { timeout: patience.pollMs }) => waitFor(callback, options);
