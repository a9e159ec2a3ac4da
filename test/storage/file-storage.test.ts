import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createFileStorage } from '../../src/storage/file-storage.js';
import { unreadableAs } from '../../src/storage/storage.js';
import { badKeys, describeStorage, expectRefusedByAll } from './conformance.js';
import { mountSmallDisk } from './small-disk.js';
import { temporaryFolder, temporaryStorage } from './temporary-storage.js';

const text = (content: string): Buffer => Buffer.from(content);

describeStorage(async () => {
  const folder = join(await temporaryFolder(), 'a', 'b');
  return { storage: await createFileStorage(folder), again: () => createFileStorage(folder) };
});

describe('creating', () => {
  test('leaves a prefix of that name alone', async () => {
    const storage = await temporaryStorage();
    await storage.put('runs/one', text('there'));
    expect(await storage.create('runs', text('other'))).toBe(false);
    expect(await storage.read('runs/one')).toEqual(text('there'));
  });

  test('lets one of many processes create each name', async () => {
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
  test('shows a reader the old or the new content completely, even when the writer is killed', async () => {
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

  test('leaves no temporary file when the file system refuses the blob, and reports the reason', async () => {
    const folder = await temporaryFolder();
    const storage = await createFileStorage(folder);
    await storage.put('runs/one/spec.json', text('{}'));
    await expect(storage.put('runs/one', text('over a prefix'))).rejects.toMatchObject({ code: 'EISDIR' });
    expect(await readdir(join(folder, 'runs'))).toEqual(['one']);
  });
});

describe('listing', () => {
  test('leaves out temporary files and names that are not valid in a key', async () => {
    const folder = await temporaryFolder();
    const storage = await createFileStorage(folder);
    await storage.put('list/blob', text(''));
    await writeFile(join(folder, 'list', '.tmp-left-by-a-crash'), 'half');
    await mkdir(join(folder, 'list', 'lost+found'));
    expect(await storage.list('list')).toEqual(['blob']);
  });
});

describe('an invalid key', () => {
  test.each(badKeys)('%j changes nothing', async (key) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'outside'), 'secret');
    const storage = await createFileStorage(join(folder, 'storage'));
    await expectRefusedByAll(storage, key);
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

/**
 * Runs the script in its own process, with `storage` on `{folder}/storage`. The script cannot import other modules of
 * ours.
 */
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

describe('a file system that refuses writes', () => {
  test('is reported as full, and nothing is left of a blob that did not fit', async ({ skip }) => {
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

  test('is reported as read-only, at any depth of a path', async ({ skip }) => {
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

describe('a blob that cannot be read', () => {
  /** The codes with which a user who does not own the files fails, or null where the user succeeds. */
  async function codesOfAnotherUser(folder: string, calls: string[]): Promise<(string | null)[]> {
    const child = await forkStorageScript(
      folder,
      `if (process.getuid() === 0) { process.setgroups([]); process.setgid(65534); process.setuid(65534); }
       const code = (call) => call().then(() => null, (error) => error.code + ' ' + error.message);
       const codes = [];
       for (const call of [${calls.map((call) => `() => storage.${call}`).join()}]) codes.push(await code(call));
       process.send(codes);`,
    );
    const [codes] = (await once(child, 'message')) as [(string | null)[]];
    return codes;
  }

  async function folderOfOthers(): Promise<string> {
    const folder = await temporaryFolder();
    const storage = await createFileStorage(join(folder, 'storage'));
    for (const key of ['runs/good/spec.json', 'runs/bad/spec.json', 'runs/shut/terms/1.json']) {
      await storage.put(key, text('{}'));
    }
    await chmod(folder, 0o755);
    await chmod(join(folder, 'storage', 'runs', 'bad', 'spec.json'), 0);
    await chmod(join(folder, 'storage', 'runs', 'shut', 'terms'), 0);
    onTestFinished(() => chmod(join(folder, 'storage', 'runs', 'shut', 'terms'), 0o755));
    return folder;
  }

  test('is named, and other blobs can be read', async () => {
    const folder = await folderOfOthers();
    const codes = await codesOfAnotherUser(folder, [
      `read('runs/good/spec.json')`,
      `read('runs/bad/spec.json')`,
      `read('runs/bad/spec.json', { from: 1 })`,
      `open('runs/bad/spec.json')`,
      `list('runs/shut/terms')`,
      `read('runs/shut/terms/1.json')`,
      `list('runs')`,
    ]);
    expect(codes).toEqual([
      null,
      expect.stringContaining('BLOB_UNREADABLE runs/bad/spec.json cannot be read'),
      expect.stringContaining('BLOB_UNREADABLE runs/bad/spec.json'),
      expect.stringContaining('BLOB_UNREADABLE runs/bad/spec.json'),
      expect.stringContaining('BLOB_UNREADABLE runs/shut/terms'),
      expect.stringContaining('BLOB_UNREADABLE runs/shut/terms/1.json'),
      null,
    ]);
  });

  test.each(['storage', 'storage/runs'])(
    'because all of %s cannot is the store that is away',
    async (path) => {
      const folder = await folderOfOthers();
      await chmod(join(folder, path), 0o700);
      if (process.getuid?.() !== 0) await chmod(join(folder, path), 0);
      onTestFinished(() => chmod(join(folder, path), 0o755));
      const calls = [`read('runs/good/spec.json')`, `list('runs')`, `list('runs/good')`];
      for (const code of await codesOfAnotherUser(folder, calls)) {
        expect(code).toMatch(/^STORAGE_UNAVAILABLE .*storage/);
      }
    },
  );

  test('because it is a link to itself is named too', async () => {
    const folder = await temporaryFolder();
    const storage = await createFileStorage(folder);
    await storage.put('runs/one/spec.json', text('{}'));
    await storage.remove('runs/one/spec.json');
    await symlink('spec.json', join(folder, 'runs', 'one', 'spec.json'));
    const error = { code: 'BLOB_UNREADABLE', message: expect.stringContaining('ELOOP') as string };
    await expect(storage.read('runs/one/spec.json')).rejects.toMatchObject(error);
    const forRuns = unreadableAs('RUN_CORRUPT', storage);
    await expect(forRuns.read('runs/one/spec.json')).rejects.toMatchObject({ code: 'RUN_CORRUPT' });
  });
});

describe('keys', () => {
  const modeOf = async (...path: string[]): Promise<number> => (await stat(join(...path))).mode & 0o777;

  test.each([0, 0o022])('are readable only by their owner, with a umask of %i', async (mask) => {
    const folder = await temporaryFolder();
    const child = await forkStorageScript(
      folder,
      `process.umask(${mask});
       await storage.create('keys/one.json', Buffer.from('{}'));
       await storage.put('keys/two.json', Buffer.from('{}'));
       await storage.put('runs/one/spec.json', Buffer.from('{}'));
       process.send('done');`,
    );
    await once(child, 'message');
    const keys = join(folder, 'storage', 'keys');
    expect(await modeOf(keys)).toBe(0o700);
    for (const name of await readdir(keys)) expect(await modeOf(keys, name)).toBe(0o600);
    expect(await modeOf(folder, 'storage', 'runs', 'one', 'spec.json')).toBe(0o666 & ~mask);
  });

  test('that others could read become private when the folder is opened', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'keys'), { mode: 0o755 });
    await writeFile(join(folder, 'keys', 'one.json'), '{}', { mode: 0o644 });
    const storage = await createFileStorage(folder);
    expect(await modeOf(folder, 'keys')).toBe(0o700);
    expect(await modeOf(folder, 'keys', 'one.json')).toBe(0o600);
    expect(await storage.read('keys/one.json')).toEqual(text('{}'));
  });
});
