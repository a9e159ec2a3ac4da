/** Keys that clients list, make and revoke, on a service that begins without any. */
import { expect, test } from 'vitest';
import { idOf, temporaryKeys } from '../../keys/keys.js';
import { startService } from '../service.js';
import { startKeyedService } from './keyed-service.js';

interface MadeKey {
  id: string;
  key: string;
  note: string | null;
}

const bearer = (key: string): [string, string] => ['authorization', `Bearer ${key}`];

test('whoever uses an open service makes its first key, which must be an admin key and closes it at once', async () => {
  const { http, keys } = await startKeyedService();
  const anonymous = await http.get('/v1/keys/current').expect(200);
  expect(anonymous.body).toMatchObject({ anonymous: true, id: null, scopes: ['predict', 'train', 'admin'] });

  const refused = await http
    .post('/v1/keys')
    .send({ name: 'me', scopes: ['train'] })
    .expect(400);
  expect(refused.body).toMatchObject({ code: 'INVALID_REQUEST', pointer: '/scopes' });
  expect(await keys.store.list()).toEqual([]);

  const { body, headers } = await http
    .post('/v1/keys')
    .send({ name: 'me', scopes: ['admin'] })
    .expect(201);
  expect(headers['cache-control']).toBe('no-store');
  const made = body as MadeKey;
  expect(made.id).toBe(idOf(made.key));
  expect(made.note).toContain('From now on');

  await http.get('/v1/jobs').expect(401);
  const { body: current } = await http
    .get('/v1/keys/current')
    .set(...bearer(made.key))
    .expect(200);
  expect(current).toMatchObject({ anonymous: false, id: made.id, name: 'me', scopes: ['admin'] });
});

test('keys are listed without their secrets, with when they were last used', async () => {
  const { http, make } = await startKeyedService();
  const admin = await make(['admin']);
  const { body } = await http
    .post('/v1/keys')
    .set(...bearer(admin))
    .send({
      name: 'nightly',
      scopes: ['train', 'predict'],
      requests_per_minute: 60,
      expires_at: '2999-01-01T00:00:00Z',
    })
    .expect(201);
  const made = body as MadeKey;
  expect(made.note).toBeNull();
  const { body: listed, text } = await http
    .get('/v1/keys')
    .set(...bearer(admin))
    .expect(200);
  expect(listed).toMatchObject({
    data: [
      {
        id: made.id,
        name: 'nightly',
        scopes: ['predict', 'train'],
        status: 'valid',
        requests_per_minute: 60,
        expires_at: '2999-01-01T00:00:00.000Z',
        last_used_at: null,
      },
      { id: idOf(admin), last_used_at: expect.any(String) as string },
    ],
  });
  expect(text).not.toContain(made.key.split('_')[2]);
});

test('a revoked key is refused at once and stays in the list; the last admin key cannot be revoked', async () => {
  const { http, make } = await startKeyedService();
  const [admin, other] = [await make(['admin']), await make(['train'])];
  const revokeOther = () =>
    http
      .delete(`/v1/keys/${idOf(other)}`)
      .set(...bearer(admin))
      .expect(204);
  await revokeOther();
  await revokeOther();
  await http
    .get('/v1/jobs')
    .set(...bearer(other))
    .expect(401);
  const refused = await http
    .delete(`/v1/keys/${idOf(admin)}`)
    .set(...bearer(admin))
    .expect(409);
  expect(refused.body).toMatchObject({
    code: 'LAST_ADMIN_KEY',
    detail: expect.stringContaining(`npm run keys -- revoke ${idOf(admin)}`) as string,
  });
  await http
    .delete('/v1/keys/absent')
    .set(...bearer(admin))
    .expect(404);
  const { body } = await http
    .get('/v1/keys')
    .set(...bearer(admin))
    .expect(200);
  expect((body as { data: { id: string; status: string }[] }).data).toContainEqual(
    expect.objectContaining({ id: idOf(other), status: 'revoked' }),
  );

  const second = await make(['admin']);
  await http
    .delete(`/v1/keys/${idOf(admin)}`)
    .set(...bearer(admin))
    .expect(204);
  await http
    .get('/v1/keys')
    .set(...bearer(admin))
    .expect(401);
  await http
    .get('/v1/keys')
    .set(...bearer(second))
    .expect(200);
});

test('keys are for admins, and what expires in the past is refused', async () => {
  const { http, make } = await startKeyedService();
  const [admin, train] = [await make(['admin']), await make(['train'])];
  await http
    .get('/v1/keys')
    .set(...bearer(train))
    .expect(403);
  await http
    .post('/v1/keys')
    .set(...bearer(train))
    .send({ name: 'more', scopes: ['admin'] })
    .expect(403);
  const { body } = await http
    .post('/v1/keys')
    .set(...bearer(admin))
    .send({ name: 'late', scopes: ['train'], expires_at: '2020-01-01T00:00:00Z' })
    .expect(400);
  expect(body).toMatchObject({ pointer: '/expires_at' });
});

test('a service that has not seen the first key yet lets nobody make another one without it', async () => {
  const keys = await temporaryKeys();
  const ring = await keys.openRing({ lookEveryMs: 3_600_000 });
  const { http } = await startService({ keys: ring }, { ...keys, queue: new Map() });
  await keys.make(['admin']);
  const { body } = await http
    .post('/v1/keys')
    .send({ name: 'intruder', scopes: ['admin'] })
    .expect(401);
  expect(body).toMatchObject({ code: 'UNAUTHORIZED' });
  expect(await keys.store.list()).toHaveLength(1);
});
