/** The behaviour of every storage. */
import { describe, expect, test } from 'vitest';
import type { Storage } from '../../src/storage/storage.js';

const text = (content: string): Buffer => Buffer.from(content);

/** `open` gives an empty storage, and `again` another one on the same blobs. */
export function describeStorage(
  open: () => Promise<{ storage: Storage; again: () => Promise<Storage> }>,
): void {
  const empty = async (): Promise<Storage> => (await open()).storage;

  describe('reading', () => {
    test('a blob comes back unchanged, and the last put wins', async () => {
      const storage = await empty();
      await storage.put('runs/one/spec.json', text('first'));
      await storage.put('runs/one/spec.json', text('second'));
      expect(await storage.read('runs/one/spec.json')).toEqual(text('second'));
    });

    test('an empty blob is a blob', async () => {
      const storage = await empty();
      await storage.put('empty', text(''));
      expect(await storage.read('empty')).toEqual(text(''));
      expect(await storage.read('empty', { from: 10 })).toEqual(text(''));
    });

    test('a missing key, a prefix, and a key under a blob give null', async () => {
      const storage = await empty();
      await storage.put('runs/one', text('blob'));
      for (const key of ['nothing', 'runs/nothing', 'runs', 'runs/one/beneath']) {
        expect(await storage.read(key), key).toBeNull();
        expect(await storage.read(key, { from: 4 }), key).toBeNull();
      }
    });

    test('a blob can be read from an offset on', async () => {
      const storage = await empty();
      await storage.put('log', text('0123456789'));
      expect(await storage.read('log', { from: 7 })).toEqual(text('789'));
      expect(await storage.read('log', { from: 0 })).toEqual(text('0123456789'));
      expect(await storage.read('log', { from: 10 })).toEqual(text(''));
      expect(await storage.read('log', { from: 1000 })).toEqual(text(''));
    });

    test('a blob, or a range of it, can be read as a stream', async () => {
      const storage = await empty();
      await storage.put('runs/log', text('0123456789'));
      const read = async (range?: { start: number; end: number }) => {
        const stream = await storage.open('runs/log', range);
        return stream === null ? null : Buffer.concat((await stream.toArray()) as Buffer[]).toString();
      };
      expect(await read()).toBe('0123456789');
      expect(await read({ start: 2, end: 4 })).toBe('234');
      expect(await read({ start: 9, end: 9 })).toBe('9');
      for (const key of ['nothing', 'runs', 'runs/log/beneath'])
        expect(await storage.open(key), key).toBeNull();
    });

    test('another storage on the same location reads the blobs', async () => {
      const { storage, again } = await open();
      await storage.put('x/y', text('content'));
      expect(await (await again()).read('x/y')).toEqual(text('content'));
    });
  });

  describe('appending', () => {
    test('creates the blob, then adds to it', async () => {
      const storage = await empty();
      for (const line of ['one\n', 'two\n', 'three\n']) {
        await storage.append('runs/one/events.jsonl', text(line));
      }
      expect(await storage.read('runs/one/events.jsonl')).toEqual(text('one\ntwo\nthree\n'));
    });

    test('lets writers take turns', async () => {
      const { storage, again } = await open();
      const other = await again();
      for (let turn = 0; turn < 4; turn++) {
        await (turn % 2 === 0 ? storage : other).append('log', text(`${turn}\n`));
      }
      expect(await storage.read('log')).toEqual(text('0\n1\n2\n3\n'));
      expect(await storage.read('log', { from: 4 })).toEqual(text('2\n3\n'));
    });

    test('starts again after the blob was removed, and continues a blob that was put in its place', async () => {
      const { storage, again } = await open();
      await storage.append('runs/log', text('old'));
      await (await again()).remove('runs');
      await storage.append('runs/log', text('new'));
      expect(await storage.read('runs/log')).toEqual(text('new'));
      await (await again()).put('runs/log', text('put'));
      await storage.append('runs/log', text('more'));
      expect(await storage.read('runs/log')).toEqual(text('putmore'));
    });
  });

  describe('creating', () => {
    test('succeeds for one of many concurrent writers, and keeps its content', async () => {
      const { storage, again } = await open();
      const storages = [storage, await again()];
      const won = await Promise.all(
        Array.from({ length: 50 }, (_, racer) =>
          (storages[racer % 2] ?? storage).create('result', text(`racer ${racer}`)),
        ),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await storage.read('result')).toEqual(text(`racer ${won.indexOf(true)}`));
    });

    test('succeeds for one of many concurrent writers of the same content', async () => {
      const storage = await empty();
      const won = await Promise.all(Array.from({ length: 10 }, () => storage.create('same', text('{}'))));
      expect(won.filter(Boolean)).toHaveLength(1);
    });

    test('leaves an existing blob unchanged until it is removed', async () => {
      const storage = await empty();
      await storage.put('runs/one', text('there'));
      expect(await storage.create('runs/one', text('other'))).toBe(false);
      expect(await storage.read('runs/one')).toEqual(text('there'));
      await storage.remove('runs/one');
      expect(await storage.create('runs/one', text('other'))).toBe(true);
    });
  });

  test('a reader sees the old or the new content completely while the blob is put', async () => {
    const { storage, again } = await open();
    const reader = await again();
    const contents = ['a', 'b'].map((letter) => Buffer.alloc(1 << 20, letter));
    await storage.put('blob', contents[0] ?? text(''));
    const written = new AbortController();
    const writing = (async () => {
      for (let round = 1; round <= 10; round++) await storage.put('blob', contents[round % 2] ?? text(''));
    })().finally(() => written.abort());
    while (!written.signal.aborted) {
      const content = await reader.read('blob');
      expect(contents.some((each) => content?.equals(each))).toBe(true);
    }
    await writing;
  });

  describe('listing', () => {
    test('gives the blobs and prefixes directly under a prefix, sorted by code point', async () => {
      const storage = await empty();
      for (const key of ['a', 'B', 'c-1', 'c_1', 'c.1', 'd/e/f', 'd/g', '10', '9']) {
        await storage.put(`list/${key}`, text(''));
      }
      await storage.put('list-of-another/x', text(''));
      expect(await storage.list('list')).toEqual(['10', '9', 'B', 'a', 'c-1', 'c.1', 'c_1', 'd']);
    });

    test('a missing prefix and a blob have no names under them', async () => {
      const storage = await empty();
      await storage.put('blob', text(''));
      expect(await storage.list('nothing')).toEqual([]);
      expect(await storage.list('blob')).toEqual([]);
    });
  });

  test('removing takes a blob or all blobs under a prefix, and ignores missing ones', async () => {
    const storage = await empty();
    for (const key of ['a/b/one', 'a/b/two', 'a/c', 'a/bc']) await storage.put(key, text(''));
    await storage.remove('a/b/one');
    expect(await storage.list('a/b')).toEqual(['two']);
    await storage.remove('a/b');
    expect(await storage.list('a')).toEqual(['bc', 'c']);
    await storage.remove('a/b');
    await storage.remove('nothing/at/all');
  });

  describe('moving', () => {
    test('gives a blob another key, whatever its content', async () => {
      const storage = await empty();
      for (const [name, content] of [
        ['full', 'content'],
        ['empty', ''],
      ] as const) {
        await storage.put(`from/${name}`, text(content));
        await storage.move(`from/${name}`, `to/deep/${name}`);
        expect(await storage.read(`from/${name}`)).toBeNull();
        expect(await storage.read(`to/deep/${name}`)).toEqual(text(content));
      }
    });

    test('takes all blobs under a prefix, and ignores missing ones', async () => {
      const storage = await empty();
      for (const key of ['run/spec', 'run/events/1', 'run/events/2', 'run-2/spec']) {
        await storage.put(key, text(key));
      }
      await storage.move('run', 'aside/run');
      await storage.move('nothing', 'aside/nothing');
      expect(await storage.list('run')).toEqual([]);
      expect(await storage.list('aside/run/events')).toEqual(['1', '2']);
      expect(await storage.read('aside/run/spec')).toEqual(text('run/spec'));
      expect(await storage.read('run-2/spec')).toEqual(text('run-2/spec'));
      expect(await storage.list('aside/nothing')).toEqual([]);
    });
  });

  test.each(badKeys)('the key %j is refused by every method', async (key) => {
    const storage = await empty();
    await expectRefusedByAll(storage, key);
  });
}

export async function expectRefusedByAll(storage: Storage, key: string): Promise<void> {
  const calls = [
    () => storage.read(key),
    () => storage.open(key),
    () => storage.put(key, text('')),
    () => storage.create(key, text('')),
    () => storage.append(key, text('')),
    () => storage.list(key),
    () => storage.move(key, 'b'),
    () => storage.move('a', key),
    () => storage.remove(key),
  ];
  for (const call of calls) await expect(call()).rejects.toThrow('Not a storage key');
}

export const badKeys = [
  '',
  '.',
  '..',
  '/',
  '/etc/passwd',
  'a/',
  'a//b',
  '../outside',
  'a/../../outside',
  'a/./b',
  'a\\b',
  'a b',
  'C:x',
  'a\0',
  'a\n',
  'é',
  'a/.tmp-mine',
];
