import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { TrainyardError } from '../../src/errors.js';
import type { KeyStore } from '../../src/keys/key-store.js';
import { formatKey, newKeyParts } from '../../src/keys/key.js';
import { createRecordingLog } from '../model/serving/recording-log.js';
import { idOf, knows, temporaryKeys, withWrongSecret } from './keys.js';

test('a key identifies its holder', async () => {
  const { openRing, make } = await temporaryKeys();
  const text = await make(['predict', 'train'], { name: 'web', requestsPerMinute: 60 });
  const ring = await openRing();
  expect(ring.verify(text)).toEqual({
    key: { id: idOf(text), name: 'web', scopes: ['predict', 'train'], requestsPerMinute: 60 },
  });
});

describe('the ring refuses', () => {
  test('a wrong secret and an unknown id with the same message', async () => {
    const { openRing, make } = await temporaryKeys();
    const text = await make();
    const ring = await openRing();
    const refusal = ring.verify(withWrongSecret(text));
    expect(refusal).toEqual({ refusal: 'There is no such key.' });
    expect(ring.verify(formatKey(newKeyParts()))).toEqual(refusal);
  });

  test('a text that is not a key', async () => {
    const ring = await (await temporaryKeys()).openRing();
    for (const text of ['', 'hunter2', '__proto__', `ty_${'0'.repeat(12)}_`]) {
      expect(ring.verify(text)).toEqual({ refusal: expect.stringContaining('begins with ty_') as string });
    }
  });

  test('a revoked key, without telling this to a client that knows only the id', async () => {
    const { openRing, make, store } = await temporaryKeys();
    const text = await make();
    await store.revoke(idOf(text), new Date());
    const ring = await openRing();
    expect(ring.verify(text)).toEqual({ refusal: `The key ${idOf(text)} has been revoked.` });
    expect(ring.verify(withWrongSecret(text))).toEqual({ refusal: 'There is no such key.' });
  });

  test('a key from the moment it expires', async () => {
    const { openRing, make } = await temporaryKeys();
    let now = 999;
    const text = await make(['predict'], { expiresAt: new Date(1_000) });
    const ring = await openRing({ now: () => now });
    expect(ring.verify(text)).toHaveProperty('key');
    now = 1_000;
    expect(ring.verify(text)).toEqual({ refusal: `The key ${idOf(text)} has expired.` });
  });

  test('a key whose end is not a date', async () => {
    const { openRing, make, storage } = await temporaryKeys();
    const text = await make();
    const file = `keys/${idOf(text)}.json`;
    const document = JSON.parse(String(await storage.read(file))) as object;
    await storage.put(file, Buffer.from(JSON.stringify({ ...document, expires_at: 'in spring' })));
    expect((await openRing()).verify(text)).toHaveProperty('refusal');
  });

  test('a key with a damaged document, which is logged once', async () => {
    const { openRing, make, storage } = await temporaryKeys();
    const [bad, good] = [await make(), await make()];
    await storage.put(`keys/${idOf(bad)}.json`, Buffer.from('{'));
    const { log, warnings } = createRecordingLog();
    const ring = await openRing({ log });
    const later = await make();
    await knows(ring, later);
    expect(ring.verify(good)).toHaveProperty('key');
    expect(ring.verify(bad)).toHaveProperty('refusal');
    expect(warnings).toEqual([expect.objectContaining({ key: idOf(bad) })]);
  });
});

test('every secret is compared once and in constant time, for unknown keys too', async () => {
  const { openRing, make } = await temporaryKeys();
  const text = await make();
  const ring = await openRing();
  const compare = vi.spyOn(crypto, 'timingSafeEqual');
  syncBuiltinESMExports();
  onTestFinished(() => {
    compare.mockRestore();
    syncBuiltinESMExports();
  });
  for (const each of [text, withWrongSecret(text), formatKey(newKeyParts())]) {
    compare.mockClear();
    ring.verify(each);
    expect(compare).toHaveBeenCalledOnce();
  }
});

describe('a running ring', () => {
  test('follows keys that other processes create and revoke', async () => {
    const { openRing, make, store } = await temporaryKeys();
    const rings = [await openRing(), await openRing()];
    const text = await make();
    for (const ring of rings) await knows(ring, text);
    await store.revoke(idOf(text), new Date());
    for (const ring of rings) await knows(ring, text, false);
  });

  test('refuses a key when its file is gone', async () => {
    const { openRing, make, storage } = await temporaryKeys();
    const text = await make();
    const ring = await openRing();
    await storage.remove(`keys/${idOf(text)}.json`);
    await knows(ring, text, false);
  });

  test('reads each document once', async () => {
    const { openRing, make, store } = await temporaryKeys();
    let reads = 0;
    const counting = {
      list: () => store.list(),
      read: (id: string) => (reads++, store.read(id)),
    };
    const first = await make();
    const ring = await openRing({ store: counting });
    const second = await make();
    await knows(ring, second);
    await store.revoke(idOf(first), new Date());
    await knows(ring, first, false);
    expect(reads).toBe(2);
  });

  test('is configured from the first key on, whatever happens to the key', async () => {
    const { openRing, make, store, storage } = await temporaryKeys();
    const ring = await openRing();
    expect(ring.isConfigured).toBe(false);
    const text = await make();
    await expect.poll(() => ring.isConfigured).toBe(true);
    await store.revoke(idOf(text), new Date());
    await knows(ring, text, false);
    expect((await openRing()).isConfigured).toBe(true);
    await storage.remove('keys');
    await expect.poll(() => ring.verify(text)).toEqual({ refusal: 'There is no such key.' });
    expect(ring.isConfigured).toBe(true);
  });

  test('keeps accepting known keys while the store cannot be read, and no new ones', async () => {
    const { openRing, make, store } = await temporaryKeys();
    const known = await make();
    let isBroken = false;
    const breaking = {
      list: () => (isBroken ? Promise.reject(new Error('EIO')) : store.list()),
      read: (id: string) => store.read(id),
    };
    const { log, warnings } = createRecordingLog();
    const ring = await openRing({ store: breaking, log });
    isBroken = true;
    await expect.poll(() => warnings.length).toBe(1);
    const unseen = await make();
    expect(ring.verify(known)).toHaveProperty('key');
    expect(ring.verify(unseen)).toHaveProperty('refusal');
    isBroken = false;
    await knows(ring, unseen);
    expect(warnings).toHaveLength(1);
  });

  test('learns the other keys while one document cannot be read, and that key later', async () => {
    const { openRing, make, store } = await temporaryKeys();
    let unreadable = '';
    const breaking = {
      list: () => store.list(),
      read: (id: string) => (id === unreadable ? Promise.reject(new Error('EACCES')) : store.read(id)),
    };
    const ring = await openRing({ store: breaking });
    const first = await make();
    unreadable = idOf(first);
    const others = [await make(), await make(), await make()];
    for (const text of others) await knows(ring, text);
    unreadable = '';
    await knows(ring, first);
  });
});

describe('a key whose file cannot be read', () => {
  async function unreadableKey() {
    const keys = await temporaryKeys();
    const text = await keys.make();
    const key = `keys/${idOf(text)}.json`;
    let isUnreadable = true;
    const read: KeyStore['read'] = (id) =>
      isUnreadable && id === idOf(text)
        ? Promise.reject(new TrainyardError('BLOB_UNREADABLE', `${key} cannot be read. (EACCES)`))
        : keys.store.read(id);
    return { ...keys, text, store: { ...keys.store, read }, mend: () => (isUnreadable = false) };
  }

  test('is refused but still counts as a key, affects no other key, and works when it can be read', async () => {
    const { openRing, store, make, text, mend } = await unreadableKey();
    const { log, warnings } = createRecordingLog();
    const ring = await openRing({ store, log });
    expect(ring.isConfigured).toBe(true);
    expect(ring.verify(text)).toHaveProperty('refusal');
    await knows(ring, await make());
    expect(warnings).toHaveLength(1);
    mend();
    await knows(ring, text);
  });
});

test('a service whose only key is damaged still requires keys', async () => {
  const { openRing, storage, make } = await temporaryKeys();
  const text = await make();
  await storage.put(`keys/${idOf(text)}.json`, Buffer.from(''));
  const ring = await openRing();
  expect(ring.isConfigured).toBe(true);
  expect(ring.verify(text)).toHaveProperty('refusal');
});

test('a ring does not start when its store cannot be read', async () => {
  const { openRing, store } = await temporaryKeys();
  const broken = { ...store, list: () => Promise.reject(new Error('EACCES: keys')) };
  await expect(openRing({ store: broken })).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    message: expect.stringContaining('EACCES: keys') as string,
  });
});
