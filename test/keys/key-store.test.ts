import { describe, expect, test } from 'vitest';
import { hashSecret, parseKey } from '../../src/keys/key.js';
import { idOf, temporaryKeys } from './keys.js';

const now = new Date('2026-01-02T03:04:05.678Z');

test('the document of a key has everything except the secret', async () => {
  const { store, storage } = await temporaryKeys();
  const expiresAt = new Date('2026-04-02T03:04:05.678Z');
  const { key, text } = await store.create(
    { name: 'web', scopes: ['predict', 'train'], requestsPerMinute: 600, expiresAt },
    now,
  );
  const parts = parseKey(text);
  const content = String(await storage.read(`keys/${parts?.id}.json`));
  expect(JSON.parse(content)).toEqual({
    format_version: 1,
    id: parts?.id,
    name: 'web',
    scopes: ['predict', 'train'],
    secret_sha256: hashSecret(parts?.secret ?? ''),
    requests_per_minute: 600,
    created_at: '2026-01-02T03:04:05.678Z',
    expires_at: '2026-04-02T03:04:05.678Z',
  });
  expect(content).not.toContain(parts?.secret);
  expect(await store.read(key.id)).toEqual(key);
  expect(key.revoked_at).toBeNull();
});

test('a revocation is a second file that is written once', async () => {
  const { store, storage, make } = await temporaryKeys();
  const id = idOf(await make());
  await store.revoke(id, now);
  await store.revoke(id, new Date());
  expect(await storage.list('keys')).toEqual([`${id}.json`, `${id}.revoked.json`]);
  expect(await store.read(id)).toMatchObject({ id, revoked_at: '2026-01-02T03:04:05.678Z' });
  expect(await store.list()).toEqual([{ id, isRevoked: true }]);
});

test.each(['0123456789ab', '', '../x', 'x.revoked'])(
  '%j cannot be revoked because it does not exist',
  async (id) => {
    const { store } = await temporaryKeys();
    await expect(store.revoke(id, now)).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });
    expect(await store.list()).toEqual([]);
  },
);

describe('a document is not valid if it', () => {
  const good = {
    format_version: 1,
    id: '0123456789ab',
    name: 'web',
    scopes: ['predict'],
    secret_sha256: '0'.repeat(64),
    requests_per_minute: null,
    created_at: now.toISOString(),
    expires_at: null,
  };

  test.each<[string, string | object]>([
    ['is not JSON', '{'],
    ['is null', 'null'],
    ['is of a later version', { ...good, format_version: 2 }],
    ['is that of another key', { ...good, id: 'ba9876543210' }],
    ['allows nothing', { ...good, scopes: [] }],
    ['allows what this service does not know', { ...good, scopes: ['predict', 'everything'] }],
    ['has no hash', { ...good, secret_sha256: '' }],
    ['does not say whether it expires', { ...good, expires_at: undefined }],
  ])('%s', async (_name, content) => {
    const { store, storage } = await temporaryKeys();
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    await storage.put('keys/0123456789ab.json', Buffer.from(text));
    expect(await store.read('0123456789ab')).toBeNull();
    expect(await store.list()).toEqual([{ id: '0123456789ab', isRevoked: false }]);
  });

  test('and is valid otherwise', async () => {
    const { store, storage } = await temporaryKeys();
    await storage.put('keys/0123456789ab.json', Buffer.from(JSON.stringify(good)));
    expect(await store.read('0123456789ab')).toEqual({ ...good, revoked_at: null });
  });

  test('a damaged revocation still revokes', async () => {
    const { store, storage, make } = await temporaryKeys();
    const id = idOf(await make());
    await storage.put(`keys/${id}.revoked.json`, Buffer.from(''));
    expect(await store.read(id)).toMatchObject({ revoked_at: 'unknown' });
  });
});
