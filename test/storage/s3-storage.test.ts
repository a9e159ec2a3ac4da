/** The storage in a bucket of a real object store: the behaviour of every storage, and failures of the network. */
import { randomUUID } from 'node:crypto';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { loadConfig } from '../../src/config.js';
import type { S3Target } from '../../src/storage/s3-bucket.js';
import { createS3Storage, type S3Storage } from '../../src/storage/s3-storage.js';
import { s3Credentials } from '../servers/ceph-plan.js';
import { describeWithService } from '../services.js';
import { describeStorage } from './conformance.js';

beforeAll(() => {
  for (const [name, value] of Object.entries(s3Credentials)) vi.stubEnv(name, value);
});
afterAll(() => void vi.unstubAllEnvs());

function targetOf(url: string): S3Target {
  const { store } = loadConfig({ STORE_URL: url });
  if (store.kind !== 's3') throw new Error('not a bucket');
  return { ...store, prefix: `${randomUUID()}/` };
}

describeWithService('s3', 'the storage in a bucket', (service) => {
  const target = (): S3Target => targetOf(service().url);

  describeStorage(() => {
    const place = target();
    const again = (): Promise<S3Storage> => Promise.resolve(createS3Storage(place));
    return Promise.resolve({ storage: createS3Storage(place), again });
  });

  test('lists and removes page by page', async () => {
    const storage = createS3Storage(target(), { pageSize: 3 });
    const names = Array.from({ length: 10 }, (_, index) => `n${index}`);
    for (const name of names) await storage.put(`list/${name}`, Buffer.from(name));
    for (const name of names) await storage.put(`list/${name}-folder/x`, Buffer.from(name));
    const expected = names.flatMap((name) => [name, `${name}-folder`]);
    expect(await storage.list('list')).toEqual(expected.sort());
    await storage.remove('list');
    expect(await storage.list('list')).toEqual([]);
  });

  test('puts a large blob in parts', async () => {
    const storage = createS3Storage(target(), { partBytes: 5 * 2 ** 20 });
    const content = Buffer.alloc(12 * 2 ** 20, 'large');
    await storage.put('large', content);
    expect((await storage.read('large'))?.equals(content)).toBe(true);
    expect(await storage.read('large', { from: content.length - 5 })).toEqual(content.subarray(-5));
  });

  test('writers that append at the same time lose nothing', async () => {
    const place = target();
    await Promise.all(
      ['a', 'b', 'c'].map(async (name) => {
        const storage = createS3Storage(place);
        for (let line = 0; line < 5; line++) await storage.append('log', Buffer.from(`${name}${line}\n`));
      }),
    );
    const lines = (await createS3Storage(place).read('log'))?.toString().split('\n').filter(Boolean);
    expect(lines?.sort()).toEqual(
      ['a', 'b', 'c'].flatMap((name) => [0, 1, 2, 3, 4].map((n) => `${name}${n}`)),
    );
  });

  describe('a lost answer', () => {
    test('to a create: the storage knows whether it created the blob', async () => {
      const place = target();
      const storage = createS3Storage(await losingAnswers(place, 'PUT', 2));
      expect(await storage.create('mine', Buffer.from('{}'))).toBe(true);
      await createS3Storage(place).put('theirs', Buffer.from('{}'));
      expect(await storage.create('theirs', Buffer.from('{}'))).toBe(false);
    });

    test('to an append: the content is appended once', async () => {
      const place = target();
      await createS3Storage(place).append('log', Buffer.from('one\n'));
      const storage = createS3Storage(await losingAnswers(place, 'PUT', 1));
      await storage.append('log', Buffer.from('two\n'));
      await storage.append('log', Buffer.from('three\n'));
      expect(await storage.read('log')).toEqual(Buffer.from('one\ntwo\nthree\n'));
    });
  });

  describe('a store that fails', () => {
    const everything = (storage: S3Storage): (() => Promise<unknown>)[] => [
      () => storage.check(),
      () => storage.read('key'),
      () => storage.read('key', { from: 1 }),
      () => storage.open('key'),
      () => storage.list('key'),
      () => storage.put('key', Buffer.from('')),
      () => storage.create('key', Buffer.from('')),
      () => storage.append('key', Buffer.from('')),
      () => storage.move('key', 'other'),
      () => storage.remove('key'),
    ];

    async function expectAll(storage: S3Storage, message: RegExp): Promise<void> {
      for (const call of everything(storage)) {
        const error: unknown = await call().then(
          () => null,
          (reason: unknown) => reason,
        );
        expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
        expect(String(error)).toMatch(message);
      }
    }

    test('because it is down', async () => {
      await expectAll(createS3Storage({ ...target(), endpoint: 'http://127.0.0.1:1' }), /ECONNREFUSED/);
    });

    test('because there is no such bucket', async () => {
      await expectAll(
        createS3Storage({ ...target(), bucket: 'not-there' }),
        /no bucket not-there: create it/,
      );
    });

    test('because the secret is wrong, or the key', async () => {
      vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wrong-secret');
      onTestFinished(() => void vi.stubEnv('AWS_SECRET_ACCESS_KEY', s3Credentials.AWS_SECRET_ACCESS_KEY));
      const error: unknown = await createS3Storage(target())
        .check()
        .catch((reason: unknown) => reason);
      expect(String(error)).toMatch(/does not accept the credentials.*SignatureDoesNotMatch/);
      expect(String(error)).not.toContain('wrong-secret');
      vi.stubEnv('AWS_ACCESS_KEY_ID', 'nobody');
      onTestFinished(() => void vi.stubEnv('AWS_ACCESS_KEY_ID', s3Credentials.AWS_ACCESS_KEY_ID));
      await expectAll(createS3Storage(target()), /credentials/);
    });
  });
});

/**
 * The same location behind a proxy that closes the connection instead of answering the first requests of this method.
 */
async function losingAnswers(place: S3Target, method: string, count: number): Promise<S3Target> {
  const store = new URL(place.endpoint ?? '');
  let left = count;
  const forward = (asked: IncomingMessage, answer: ServerResponse): void => {
    const { method: itsMethod, url: path, headers } = asked;
    const passed = request({ host: store.hostname, port: store.port, method: itsMethod, path, headers });
    passed.on('response', (got) => {
      if (itsMethod === method && left-- > 0) {
        got.resume().on('end', () => asked.socket.destroy());
        return;
      }
      answer.writeHead(got.statusCode ?? 500, got.headers);
      got.pipe(answer);
    });
    asked.pipe(passed);
  };
  const proxy = createServer(forward).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return { ...place, endpoint: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
}
