import { expect, test } from 'vitest';
import { isLoopback } from '../../src/lib/loopback.js';

test.each(['127.0.0.1', '127.8.9.1', '::1', '[::1]', 'localhost', 'LOCALHOST', 'app.localhost'])(
  '%s is this machine',
  (host) => {
    expect(isLoopback(host)).toBe(true);
  },
);

// prettier-ignore
test.each(['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', '::2', '', 'example.com', 'localhost.example.com', '127.0.0.1.nip.io', 'notlocalhost', '127.0.0.1\n'])(
  '%j may be another',
  (host) => {
    expect(isLoopback(host)).toBe(false);
  },
);
