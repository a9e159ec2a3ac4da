/** From an archive to a dataset of pictures: layouts, what is kept of each picture, and a process that is killed. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { PicturesInfo } from '../../../src/data/dataset.js';
import { usualInput } from '../../../src/data/picture-index.js';
import { takeIn } from '../../../src/data/versions/take-in.js';
import { readPicture } from '../../../src/images/read-picture.js';
import { fitPicture } from '../../../src/images/fit-picture.js';
import { temporaryStorage } from '../../storage/temporary-storage.js';
import { Killed, killedAt, openScene } from '../versions/scene.js';
import { tarOf, zipOf } from './archives.js';
import { picture, twoClasses } from './scene.js';

const named = { name: 'shown', target: [] };

async function taken(file: Uint8Array): Promise<{ info: PicturesInfo; scene: ReturnType<typeof openScene> }> {
  const scene = openScene(await temporaryStorage());
  await scene.upload({ file }, named);
  await scene.readAll();
  const info = await scene.store.info('shown');
  if (info.kind !== 'pictures') throw new Error('It holds no pictures');
  return { info, scene };
}

async function problemsOf(file: Uint8Array) {
  const error = await taken(file).then(
    () => null,
    (reason: unknown) => reason as { problems: { code: string; message: string; line: number | null }[] },
  );
  return error?.problems.map(({ code, line }) => [code, line]);
}

const one = picture(8, 8, [9, 9, 200]);
const file = (path: string, content = one) => ({ path, content });

describe('the layout of an archive', () => {
  test('is folders of classes, wherever they lie, in a ZIP, a tar and a tar that is gzipped', async () => {
    const pictures = twoClasses(6, 'my pictures/');
    for (const bytes of [zipOf(pictures), tarOf(pictures), gzipSync(tarOf(pictures))]) {
      const { info } = await taken(bytes);
      expect(info.index.labels).toEqual(['blue', 'red']);
      expect(info.index.classes).toEqual([1, 0, 1, 0, 1, 0]);
      expect(info.index.splits).toBeNull();
      expect(info.index.paths[0]).toBe('my pictures/red/0.png');
    }
  });

  test('is splits of classes where all folders name splits, and a class may be called train', async () => {
    const split = await taken(
      zipOf([file('train/2/a.png'), file('val/2/b.png'), file('Test/10/c.png'), file('train/10/x/d.png')]),
    );
    expect(split.info.index.labels).toEqual(['2', '10']);
    expect(split.info.index.splits).toEqual([0, 1, 2, 0]);
    const classes = await taken(zipOf([file('train/a.png'), file('plane/b.png')]));
    expect(classes.info.index.labels).toEqual(['plane', 'train']);
  });

  test('is what labels.csv says, with files that it does not name left out', async () => {
    const csv = 'file,label,split\na.png,cat,train\nsub/b,dog,test\nc.png,cat,\n'.replace(
      'cat,\n',
      'cat,train\n',
    );
    const { info } = await taken(
      zipOf([
        { path: 'labels.csv', content: Buffer.from(csv) },
        file('a.png'),
        file('sub/b.png'),
        file('c.png'),
        file('d.png'),
      ]),
    );
    expect(info.index.labels).toEqual(['cat', 'dog']);
    expect(info.index.splits).toEqual([0, 2, 0, 3]);
    expect(info.index.warnings.map(({ code }) => code)).toContain('FILES_LEFT_OUT');
  });

  test('is refused with the place at fault', async () => {
    expect(await problemsOf(zipOf([file('a.png'), file('cat/b.png'), file('dog/b.png')]))).toEqual([
      ['NO_CLASSES', null],
    ]);
    expect(await problemsOf(zipOf([file('cat/a.png'), file('cat/b.png')]))).toEqual([['NO_CLASSES', null]]);
    const labels = (text: string) =>
      zipOf([{ path: 'labels.csv', content: Buffer.from(text) }, file('a.png'), file('b.png')]);
    expect(await problemsOf(labels('file,label\na.png,cat\nmissing.png,dog\n'))).toEqual([['LABELS', 3]]);
    expect(await problemsOf(labels('name,kind\na.png,cat\n'))).toEqual([['LABELS', 1]]);
    expect(await problemsOf(labels('file,label,split\na.png,cat,sometimes\n'))).toEqual([['LABELS', 2]]);
  });

  test('does not count what systems leave in folders', async () => {
    const junk = ['__MACOSX/cat/._a.png', '.DS_Store', 'cat/Thumbs.db', 'cat/.hidden.png'].map((path) =>
      file(path, Buffer.from('junk')),
    );
    const { info } = await taken(zipOf([...junk, file('cat/a.png'), file('dog/b.png')]));
    expect(info.index.paths).toEqual(['cat/a.png', 'dog/b.png']);
  });
});

test('pictures are kept as they are read for a prediction, and give the same inputs', async () => {
  const large = picture(700, 300, [200, 100, 50]);
  const grey = picture(20, 30, [77, 77, 77]);
  const { info, scene } = await taken(zipOf([file('cat/a.png', large), file('dog/b.png', grey)]));
  expect(info.index).toMatchObject({ widths: [128, 20], heights: [55, 30], channels: [3, 1] });
  const content = await scene.store.openPictures('shown', 1);
  const input = usualInput(info.index);
  expect(input).toEqual({ width: 32, height: 32, channels: 3, fit: 'cover' });
  const fitted: Uint8Array[] = [];
  await content.fitAll(input, (row, inputs) => (fitted[row] = inputs));
  expect(fitted).toEqual([large, grey].map((bytes) => fitPicture(readPicture(bytes), input)));
  const [second] = await content.pictures([1]);
  expect({ ...second, pixels: Uint8Array.from(second.pixels) }).toEqual(readPicture(grey));
});

test('small pictures of one size are taken as they are', async () => {
  const { info } = await taken(zipOf([file('cat/a.png'), file('dog/b.png')]));
  expect(usualInput(info.index)).toEqual({ width: 8, height: 8, channels: 3, fit: 'stretch' });
});

test('a process that is killed at any of its writes leaves nothing half, and the next one ends the same', async () => {
  const archive = zipOf(twoClasses(6));
  for (let write = 0, isKilled = true; isKilled; write++) {
    const scene = openScene(await temporaryStorage());
    await scene.upload({ file: archive }, named);
    const [id = ''] = scene.queue.keys();
    isKilled = await takeIn(killedAt(scene.storage, write), id, { mostIdxBytes: 2 ** 20 }).then(
      () => false,
      (error: unknown) => error instanceof Killed || Promise.reject(error as Error),
    );
    if (isKilled)
      await expect(scene.store.info('shown')).rejects.toMatchObject({ code: 'DATASET_NOT_READY' });
    await scene.readAll();
    const info = await scene.store.info('shown');
    expect(info.kind === 'pictures' && info.index.paths.length).toBe(6);
    await (
      await scene.store.openPictures('shown', 1)
    ).fitAll({ width: 4, height: 4, channels: 1, fit: 'contain' }, () => undefined);
  }
});

test('pixels that take more than is allowed, and options of tables, are refused', async () => {
  const scene = openScene(await temporaryStorage());
  await scene.upload({ file: zipOf(twoClasses(6)) }, named);
  const [id = ''] = scene.queue.keys();
  expect(await takeIn(scene.storage, id, { mostIdxBytes: 500 })).toMatchObject({
    error: { problems: [{ code: 'TOO_LARGE' }] },
  });
  expect(await scene.storage.list(`uploads/${id}/pictures`)).toEqual([]);
  const other = openScene(await temporaryStorage());
  await other.upload({ file: zipOf(twoClasses(6)) }, { name: 'shown', target: ['kind'] });
  await other.readAll();
  await expect(other.store.info('shown')).rejects.toMatchObject({ problems: [{ code: 'NO_SUCH_COLUMN' }] });
});
