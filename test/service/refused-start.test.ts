/** Starts that fail for a reason that an operator can correct. One plain line explains it. */
import { describe, expect, test } from 'vitest';
import { freePort } from '../servers/local-server.js';
import { temporaryFolder } from '../storage/temporary-storage.js';
import { startRefused, startService } from './service.js';

describe('a start that fails', () => {
  test.each([
    [{ ROLE: 'api' }, /CONFIG_INVALID.*ROLE=api needs QUEUE_URL/],
    [{ ROLE: 'worker' }, /CONFIG_INVALID.*ROLE=worker needs QUEUE_URL/],
    [{ PORT: '70000' }, /CONFIG_INVALID.*PORT/],
    [{ QUEUE_URL: 'mysql://here' }, /CONFIG_INVALID.*QUEUE_URL must start/],
    [
      { HOST: '203.0.113.7', ALLOW_ANONYMOUS: '1' },
      /CONFIG_INVALID.*HOST must be an address .* of this machine/,
    ],
    [{ HOST: '0.0.0.0' }, /ADDRESS_EXPOSED.*HOST=0.0.0.0/],
    [{ WEBHOOK_SECRET: 'short' }, /CONFIG_INVALID.*WEBHOOK_SECRET must be/],
    [{ DATA_DIR: '/dev/null' }, /STORAGE_UNAVAILABLE.*DATA_DIR must be a folder/],
  ])('because of a setting names it in one plain line: %o', async (settings, problem) => {
    const { code, log, errors } = await startRefused({ DATA_DIR: await temporaryFolder(), ...settings });
    expect(code).toBe(1);
    expect(errors).toMatch(problem);
    expect(errors).toMatch(/^[A-Z_]+: .+\n$/);
    expect(log).toEqual([]);
  });

  test('because the folder or the port is in use says so and ends', async () => {
    const settings = { DATA_DIR: await temporaryFolder() };
    const { url } = await startService(settings);
    const second = await startRefused(settings);
    expect(second).toMatchObject({ code: 1 });
    expect(second.errors).toMatch(/^DATA_FOLDER_IN_USE: .*\n$/);

    const elsewhere = await startRefused({ DATA_DIR: await temporaryFolder(), PORT: new URL(url).port });
    expect(elsewhere).toMatchObject({ code: 1 });
    expect(elsewhere.errors).toMatch(/^ADDRESS_IN_USE: .*\n$/);
  });

  test('because the queue does not answer names the queue without the password', async () => {
    const port = await freePort();
    const QUEUE_URL = `redis://user:secret@127.0.0.1:${port}`;
    const { code, log, errors } = await startRefused({ DATA_DIR: await temporaryFolder(), QUEUE_URL });
    expect(code).toBe(1);
    expect(errors).toMatch(/^QUEUE_UNAVAILABLE: .*\n$/);
    expect(errors + JSON.stringify(log)).not.toContain('secret');
  });
});
