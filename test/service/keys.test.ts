/** Keys as an operator has them: made by the command, asked for by the built service. */
import { execFile } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { describeWithService } from '../services.js';
import { temporaryFolder } from '../storage/temporary-storage.js';
import { startInVain, startService, type Service } from './service.js';

const command = fileURLToPath(new URL('../../dist/keys/main.js', import.meta.url));

interface Outcome {
  code: number;
  out: string;
  errors: string;
}

async function keys(dataDir: string, ...args: string[]): Promise<Outcome> {
  const env = { PATH: process.env.PATH, DATA_DIR: dataDir };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [command, ...args], { env });
    return { code: 0, out: stdout.trim(), errors: stderr.trim() };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout.trim(), errors: stderr.trim() };
  }
}

async function statusWith({ http }: Service, key: string): Promise<number> {
  return (await http.get('/v1/jobs').set('authorization', `Bearer ${key}`)).status;
}

describe('a service without keys', () => {
  test.each(['0.0.0.0', '::'])('does not start on %s, and says the two ways out', async (host) => {
    const { code, errors } = await startInVain({ DATA_DIR: await temporaryFolder(), HOST: host });
    expect(code).toBe(1);
    expect(errors).toMatch(/^ADDRESS_EXPOSED: /);
    expect(errors).toContain(`HOST=${host}`);
    expect(errors).toContain('npm run keys -- create');
    expect(errors).toContain('ALLOW_ANONYMOUS=1');
  });

  test('starts there when it is told that this is meant', async () => {
    const settings = { DATA_DIR: await temporaryFolder(), HOST: '0.0.0.0', ALLOW_ANONYMOUS: '1' };
    const { http } = await startService(settings);
    await http.get('/v1/jobs').set('host', 'trainyard.example').expect(200);
    await http.get('/v1/jobs').set('origin', 'https://evil.example').expect(403);
  });

  test('on loopback answers to the names of its machine only', async () => {
    const { http } = await startService({ DATA_DIR: await temporaryFolder(), HOST: 'localhost' });
    await http.get('/v1/jobs').expect(200);
    await http.get('/v1/jobs').set('host', 'trainyard.example').expect(403);
  });
});

test('the command makes, lists and revokes keys while the service runs, which follows', async () => {
  const data = await temporaryFolder();
  const service = await startService({ DATA_DIR: data });
  await service.http.get('/v1/jobs').expect(200);

  const created = await keys(data, 'create', '--name', 'web', '--scope', 'train');
  expect(created).toMatchObject({ code: 0, errors: expect.stringContaining('(web): train') as string });
  await expect.poll(() => statusWith(service, created.out)).toBe(200);
  await expect.poll(() => statusWith(service, '')).toBe(401);

  const [, id = ''] = created.out.split('_');
  expect((await keys(data, 'list')).out).toMatch(new RegExp(`^${id} +web +train +any .* valid$`, 'm'));
  expect(await keys(data, 'revoke', id)).toMatchObject({ code: 0, out: '' });
  await expect.poll(() => statusWith(service, created.out)).toBe(401);
  expect((await keys(data, 'list')).out).toMatch(/ revoked 2/);
});

test('a service whose keys are all revoked starts anywhere, and lets nobody in', async () => {
  const data = await temporaryFolder();
  const { out } = await keys(data, 'create', '--name', 'web', '--scope', 'admin');
  await keys(data, 'revoke', out.split('_')[1] ?? '');
  const service = await startService({ DATA_DIR: data, HOST: '0.0.0.0' });
  expect(await statusWith(service, out)).toBe(401);
});

test.each([
  [[], 'INVALID_REQUEST'],
  [['create', '--name', 'web'], 'INVALID_REQUEST: --scope'],
  [['revoke', '0123456789ab'], 'KEY_NOT_FOUND'],
])('the command says what is wrong with %j', async (args, problem) => {
  const { code, out, errors } = await keys(await temporaryFolder(), ...args);
  expect(code).toBe(1);
  expect(out).toBe('');
  expect(errors).toMatch(new RegExp(`^${problem}.*\n.*--help`));
});

test('the command explains itself', async () => {
  const { code, out } = await keys(await temporaryFolder(), '--help');
  expect(code).toBe(0);
  expect(out).toContain('npm run keys -- create --name NAME --scope SCOPE');
});

test('a service that cannot read its keys does not start', async () => {
  const data = await temporaryFolder();
  // A link to itself, which not even root can follow.
  await symlink('keys', join(data, 'keys'));
  const { code, errors } = await startInVain({ DATA_DIR: data });
  expect(code).toBe(1);
  expect(errors).toMatch(/^STORAGE_UNAVAILABLE: .*keys cannot be read/);
});

describeWithService('redis', 'two API processes on one Redis and one folder', (redis) => {
  test('follow the same keys and count their requests together', async () => {
    const settings = { DATA_DIR: await temporaryFolder(), QUEUE_URL: redis().url, ROLE: 'api' };
    const apis = [await startService(settings), await startService(settings)];
    const args = ['create', '--name', 'web', '--scope', 'train', '--per-minute', '4'];
    const { out } = await keys(settings.DATA_DIR, ...args);
    for (const api of apis) {
      // Until it has seen the key it lets everyone in, and counts nobody.
      await expect.poll(() => statusWith(api, '')).toBe(401);
      await expect.poll(() => statusWith(api, out)).toBe(200);
    }
    const statuses: number[] = [];
    for (const api of [...apis, ...apis]) statuses.push(await statusWith(api, out));
    expect(statuses).toEqual([200, 200, 429, 429]);
  });
});
