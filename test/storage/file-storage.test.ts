import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createFileStorage } from '../../src/storage/file-storage.js';
import { mountSmallDisk } from './small-disk.js';
import { temporaryFolder, temporaryStorage } from './temporary-storage.js';

const text = (content: string): Buffer => Buffer.from(content);

describe('reading', () => {
  test('a blob comes back as it was put, and the last put stands', async () => {
    const storage = await temporaryStorage();
    await storage.put('runs/one/spec.json', text('first'));
    await storage.put('runs/one/spec.json', text('second'));
    expect(await storage.read('runs/one/spec.json')).toEqual(text('second'));
  });

  test('an empty blob is a blob', async () => {
    const storage = await temporaryStorage();
    await storage.put('empty', text(''));
    expect(await storage.read('empty')).toEqual(text(''));
    expect(await storage.read('empty', { from: 10 })).toEqual(text(''));
  });

  test('there is nothing under a missing key, a prefix, and a key beneath a blob', async () => {
    const storage = await temporaryStorage();
    await storage.put('runs/one', text('blob'));
    for (const key of ['nothing', 'runs/nothing', 'runs', 'runs/one/beneath']) {
      expect(await storage.read(key), key).toBeNull();
      expect(await storage.read(key, { from: 4 }), key).toBeNull();
    }
  });

  test('what lies past a place in a blob is read without the rest', async () => {
    const storage = await temporaryStorage();
    await storage.put('log', text('0123456789'));
    expect(await storage.read('log', { from: 7 })).toEqual(text('789'));
    expect(await storage.read('log', { from: 0 })).toEqual(text('0123456789'));
    expect(await storage.read('log', { from: 10 })).toEqual(text(''));
    expect(await storage.read('log', { from: 1000 })).toEqual(text(''));
  });

  test('a blob is read as a stream, whole or a range of it', async () => {
    const storage = await temporaryStorage();
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

  test('what one storage wrote another one on the same folder reads', async () => {
    const folder = await temporaryFolder();
    await (await createFileStorage(join(folder, 'a', 'b'))).put('x/y', text('content'));
    expect(await (await createFileStorage(join(folder, 'a', 'b'))).read('x/y')).toEqual(text('content'));
  });
});

describe('appending', () => {
  test('makes the blob, then adds to it', async () => {
    const storage = await temporaryStorage();
    for (const line of ['one\n', 'two\n', 'three\n'])
      await storage.append('runs/one/events.jsonl', text(line));
    expect(await storage.read('runs/one/events.jsonl')).toEqual(text('one\ntwo\nthree\n'));
  });
});

describe('creating', () => {
  test('of many racers one wins, and its content stands', async () => {
    const storage = await temporaryStorage();
    const racers = Array.from({ length: 50 }, (_, racer) => storage.create('result', text(`racer ${racer}`)));
    const won = await Promise.all(racers);
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await storage.read('result')).toEqual(text(`racer ${won.indexOf(true)}`));
  });

  test('leaves a blob and a prefix of that name alone', async () => {
    const storage = await temporaryStorage();
    await storage.put('runs/one', text('there'));
    expect(await storage.create('runs/one', text('other'))).toBe(false);
    expect(await storage.create('runs', text('other'))).toBe(false);
    expect(await storage.read('runs/one')).toEqual(text('there'));
  });

  test('of many processes one wins each name', async () => {
    const folder = await temporaryFolder();
    const names = Array.from({ length: 40 }, (_, index) => `name-${index}`);
    const racers = await Promise.all(
      ['a', 'b', 'c'].map((racer) =>
        forkStorageScript(
          folder,
          `const won = [];
           for (const name of ${JSON.stringify(names)}) {
             if (await storage.create('race/' + name, Buffer.from('${racer}'))) won.push(name);
           }
           process.send(won);`,
        ),
      ),
    );
    const won = (await Promise.all(racers.map((child) => once(child, 'message')))).map(
      ([list]) => list as string[],
    );
    expect(won.flat().sort()).toEqual(names.toSorted());
    const storage = await createFileStorage(join(folder, 'storage'));
    for (const [racer, list] of won.entries()) {
      for (const name of list) expect(await storage.read(`race/${name}`)).toEqual(text('abc'[racer]));
    }
    expect(await readdir(join(folder, 'storage', 'race'))).toHaveLength(names.length);
  });
});

describe('putting', () => {
  test('a reader sees one content or the other whole, also when the writer is killed', async () => {
    const folder = await temporaryFolder();
    const sizeBytes = 1 << 20;
    const writer = await forkStorageScript(
      folder,
      `for (let round = 0; ; round++) {
         await storage.put('blob', Buffer.alloc(${sizeBytes}, 'ab'[round % 2]));
         if (round === 0) process.send('begun');
       }`,
    );
    await once(writer, 'message');
    const storage = await createFileStorage(join(folder, 'storage'));
    for (let reads = 0; reads < 100; reads++) {
      if (reads === 50) writer.kill('SIGKILL');
      const content = await storage.read('blob');
      expect(content?.equals(Buffer.alloc(sizeBytes, content[0]))).toBe(true);
    }
  });

  test('leaves no temporary file when the file system refuses the blob, and says why', async () => {
    const folder = await temporaryFolder();
    const storage = await createFileStorage(folder);
    await storage.put('runs/one/spec.json', text('{}'));
    await expect(storage.put('runs/one', text('over a prefix'))).rejects.toMatchObject({ code: 'EISDIR' });
    expect(await readdir(join(folder, 'runs'))).toEqual(['one']);
  });
});

describe('listing', () => {
  test('names blobs and prefixes directly under a prefix, by code point', async () => {
    const storage = await temporaryStorage();
    for (const key of ['a', 'B', 'c-1', 'c_1', 'c.1', 'd/e/f', '10', '9']) {
      await storage.put(`list/${key}`, text(''));
    }
    expect(await storage.list('list')).toEqual(['10', '9', 'B', 'a', 'c-1', 'c.1', 'c_1', 'd']);
  });

  test('there is nothing under a missing prefix and under a blob', async () => {
    const storage = await temporaryStorage();
    await storage.put('blob', text(''));
    expect(await storage.list('nothing')).toEqual([]);
    expect(await storage.list('blob')).toEqual([]);
  });

  test('leaves out temporary files and what could not be a key', async () => {
    const folder = await temporaryFolder();
    const storage = await createFileStorage(folder);
    await storage.put('list/blob', text(''));
    await writeFile(join(folder, 'list', '.tmp-left-by-a-crash'), 'half');
    await mkdir(join(folder, 'list', 'lost+found'));
    expect(await storage.list('list')).toEqual(['blob']);
  });
});

describe('removing', () => {
  test('takes a blob, or all under a prefix, and does not mind nothing', async () => {
    const folder = await temporaryFolder();
    const storage = await createFileStorage(folder);
    await storage.put('a/b/one', text(''));
    await storage.put('a/b/two', text(''));
    await storage.put('a/c', text(''));
    await storage.remove('a/b/one');
    expect(await storage.list('a/b')).toEqual(['two']);
    await storage.remove('a/b');
    expect(await storage.list('a')).toEqual(['c']);
    await storage.remove('a/b');
    await storage.remove('nothing/at/all');
  });
});

describe('a key that is none', () => {
  const bad = [
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

  test.each(bad)('%j is refused by every method', async (key) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'outside'), 'secret');
    const storage = await createFileStorage(join(folder, 'storage'));
    const calls = [
      () => storage.read(key),
      () => storage.put(key, text('')),
      () => storage.create(key, text('')),
      () => storage.append(key, text('')),
      () => storage.list(key),
      () => storage.remove(key),
    ];
    for (const call of calls) await expect(call()).rejects.toThrow('Not a storage key');
    expect(await readFile(join(folder, 'outside'), 'utf8')).toBe('secret');
    expect(await readdir(join(folder, 'storage'))).toEqual([]);
  });
});

test('a storage whose folder is a link works', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'real'));
  await symlink('real', join(folder, 'link'));
  const storage = await createFileStorage(join(folder, 'link'));
  await storage.put('a/b', text('content'));
  expect(await readFile(join(folder, 'real', 'a', 'b'), 'utf8')).toBe('content');
});

/** Runs the script in a process of its own, with `storage` on `{folder}/storage`; the source imports nothing of ours. */
async function forkStorageScript(folder: string, script: string): Promise<ChildProcess> {
  const built = new URL('../../dist/storage/file-storage.js', import.meta.url).href;
  const path = join(folder, `script-${Math.random()}.mjs`);
  await writeFile(
    path,
    `import { createFileStorage } from ${JSON.stringify(built)};
     const storage = await createFileStorage(${JSON.stringify(join(folder, 'storage'))});
     ${script}`,
  );
  const child = fork(path, { execArgv: [] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

describe('a file system that takes no writes', () => {
  test('is said to be full, and nothing is left of what did not fit', async ({ skip }) => {
    const disk = await mountSmallDisk(1);
    if (disk === null) return skip('mounting is not permitted here');
    onTestFinished(() => disk.remove());
    const storage = await createFileStorage(disk.folder);
    await storage.put('whole', text('whole'));
    await storage.append('log', text('line\n'));
    await disk.fill(2);
    const large = Buffer.alloc(64 * 1_024, 'x');
    for (const write of [
      () => storage.put('runs/one/spec.json', large),
      () => storage.put('whole', large),
      () => storage.create('runs/two/spec.json', large),
      () => storage.append('log', large),
    ]) {
      await expect(write()).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    }
    expect(await storage.list('runs')).toEqual([]);
    expect(await storage.read('whole')).toEqual(text('whole'));
    expect((await storage.read('log'))?.toString().startsWith('line\n')).toBe(true);
    await disk.empty();
    expect(await storage.create('runs/two/spec.json', large)).toBe(true);
  });

  test('is said to be read-only, wherever in a path it is written to', async ({ skip }) => {
    const disk = await mountSmallDisk(1);
    if (disk === null) return skip('mounting is not permitted here');
    onTestFinished(() => disk.remove());
    const storage = await createFileStorage(disk.folder);
    await storage.put('runs/one/spec.json', text('{}'));
    await disk.setWritable(false);
    for (const write of [
      () => storage.put('runs/one/spec.json', text('{}')),
      () => storage.create('runs/two/spec.json', text('{}')),
      () => storage.create('deep/er/and/deeper', text('{}')),
      () => storage.append('runs/one/events/000001.jsonl', text('{}')),
      () => storage.remove('runs/one'),
    ]) {
      await expect(write()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    }
    expect(await storage.read('runs/one/spec.json')).toEqual(text('{}'));
  });
});
