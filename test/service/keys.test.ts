/** Keys as an operator uses them: created by the command, required by the built service. */
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCommand } from '../operator-command.js';
import { describeWithService } from '../services.js';
import { temporaryFolder } from '../storage/temporary-storage.js';
import { startRefused, startService, type Service } from './service.js';

async function statusWith({ http }: Service, key: string): Promise<number> {
  return (await http.get('/v1/jobs').set('authorization', `Bearer ${key}`)).status;
}

describe('a service without keys', () => {
  test.each(['0.0.0.0', '::'])('does not start on %s, and names the two solutions', async (host) => {
    const { code, errors } = await startRefused({ DATA_DIR: await temporaryFolder(), HOST: host });
    expect(code).toBe(1);
    expect(errors).toMatch(/^ADDRESS_EXPOSED: /);
    expect(errors).toContain(`HOST=${host}`);
    expect(errors).toContain('npm run keys -- create');
    expect(errors).toContain('ALLOW_ANONYMOUS=1');
  });

  test('starts there with ALLOW_ANONYMOUS=1', async () => {
    const settings = { DATA_DIR: await temporaryFolder(), HOST: '0.0.0.0', ALLOW_ANONYMOUS: '1' };
    const { http } = await startService(settings);
    await http.get('/v1/jobs').set('host', 'trainyard.example').expect(200);
    await http.get('/v1/jobs').set('origin', 'https://evil.example').expect(403);
  });

  test('on loopback answers only to names of its machine', async () => {
    const { http } = await startService({ DATA_DIR: await temporaryFolder(), HOST: 'localhost' });
    await http.get('/v1/jobs').expect(200);
    await http.get('/v1/jobs').set('host', 'trainyard.example').expect(403);
  });
});

test('the command creates, lists and revokes keys while the service runs, and the service follows', async () => {
  const data = await temporaryFolder();
  const service = await startService({ DATA_DIR: data });
  await service.http.get('/v1/jobs').expect(200);

  const created = await runCommand('keys', data, 'create', '--name', 'web', '--scope', 'train');
  expect(created).toMatchObject({ code: 0, errors: expect.stringContaining('(web): train') as string });
  await expect.poll(() => statusWith(service, created.out)).toBe(200);
  await expect.poll(() => statusWith(service, '')).toBe(401);

  const [, id = ''] = created.out.split('_');
  expect((await runCommand('keys', data, 'list')).out).toMatch(
    new RegExp(`^${id} +web +train +any .* valid$`, 'm'),
  );
  expect(await runCommand('keys', data, 'revoke', id)).toMatchObject({ code: 0, out: '' });
  await expect.poll(() => statusWith(service, created.out)).toBe(401);
  expect((await runCommand('keys', data, 'list')).out).toMatch(/ revoked 2/);
});

test('a service whose keys are all revoked starts on any address and admits nobody', async () => {
  const data = await temporaryFolder();
  const { out } = await runCommand('keys', data, 'create', '--name', 'web', '--scope', 'admin');
  await runCommand('keys', data, 'revoke', out.split('_')[1] ?? '');
  const service = await startService({ DATA_DIR: data, HOST: '0.0.0.0' });
  expect(await statusWith(service, out)).toBe(401);
});

test.each([
  [[], 'INVALID_REQUEST'],
  [['create', '--name', 'web'], 'INVALID_REQUEST: --scope'],
  [['revoke', '0123456789ab'], 'KEY_NOT_FOUND'],
])('the command explains what is wrong with %j', async (args, problem) => {
  const { code, out, errors } = await runCommand('keys', await temporaryFolder(), ...args);
  expect(code).toBe(1);
  expect(out).toBe('');
  expect(errors).toMatch(new RegExp(`^${problem}.*\n.*--help`));
});

test('the command prints its usage', async () => {
  const { code, out } = await runCommand('keys', await temporaryFolder(), '--help');
  expect(code).toBe(0);
  expect(out).toContain('npm run -s keys -- create --name NAME --scope SCOPE');
});

test('a service that cannot read its keys does not start', async () => {
  const data = await temporaryFolder();
  // Not even root can follow a link to itself.
  await symlink('keys', join(data, 'keys'));
  const { code, errors } = await startRefused({ DATA_DIR: data });
  expect(code).toBe(1);
  expect(errors).toMatch(/^STORAGE_UNAVAILABLE: .*keys cannot be read/);
});

describeWithService('redis', 'two API processes on one Redis and one folder', (redis) => {
  test('follow the same keys and count their requests together', async () => {
    const settings = { DATA_DIR: await temporaryFolder(), QUEUE_URL: redis().url, ROLE: 'api' };
    const apis = [await startService(settings), await startService(settings)];
    const args = ['create', '--name', 'web', '--scope', 'train', '--per-minute', '4'];
    const { out } = await runCommand('keys', settings.DATA_DIR, ...args);
    for (const api of apis) {
      // Before the API has seen the key, it admits everyone and counts no requests.
      await expect.poll(() => statusWith(api, '')).toBe(401);
      await expect.poll(() => statusWith(api, out)).toBe(200);
    }
    const statuses: number[] = [];
    for (const api of [...apis, ...apis]) statuses.push(await statusWith(api, out));
    expect(statuses).toEqual([200, 200, 429, 429]);
  });
});
