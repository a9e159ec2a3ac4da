import { expect, onTestFinished, test } from 'vitest';
import { createImageReader, type ImageReader } from '../../src/images/image-reader.js';
import type { Fit } from '../../src/images/fit.js';
import { readImage } from '../../src/images/read-image.js';
import { fixture } from './jpeg-file.js';
import { chunk, greyPng, pngOf } from './png-file.js';

function open(options?: Parameters<typeof createImageReader>[0]): ImageReader {
  const reader = createImageReader(options);
  onTestFinished(() => reader.close());
  return reader;
}

/** A cross on a page that is large enough for the thread. */
function largePng(side = 400): Buffer {
  const isInk = (x: number, y: number): boolean => Math.abs(x - 150) < 20 || Math.abs(y - 200) < 20;
  const grey = Uint8Array.from({ length: side * side }, (_, at) =>
    isInk(at % side, Math.floor(at / side)) ? 20 : 240,
  );
  return greyPng({ width: side, height: side, grey });
}

const asked = (bytes: Uint8Array, fit: Fit = 'digit'): Parameters<ImageReader['read']>[0] => ({
  bytes,
  input: { fit, side: 28 },
});

test.each<Fit>(['digit', 'stretch'])('a large picture is read like a small one: %s', async (fit) => {
  const reader = open();
  for (const bytes of [await fixture('baseline'), largePng()]) {
    expect(await reader.read(asked(bytes, fit))).toEqual(readImage(asked(bytes, fit)));
  }
});

test('the bytes of the caller are not transferred', async () => {
  const bytes = largePng();
  const before = Buffer.from(bytes);
  await open().read(asked(bytes));
  expect(bytes).toEqual(before);
});

test('many pictures are read one after the other, readable or not', async () => {
  const reader = open();
  const damaged = largePng().fill(0, 200, 210);
  const tooLarge = pngOf(
    { width: 9999, height: 9999, depth: 8, colour: 0 },
    chunk('IDAT', Buffer.alloc(2 ** 18)),
  );
  const files = [largePng(), damaged, tooLarge, largePng(500)];
  const outcomes = await Promise.allSettled(files.map((bytes) => reader.read(asked(bytes))));
  expect(outcomes).toEqual([
    { status: 'fulfilled', value: readImage(asked(files[0])) },
    { status: 'rejected', reason: expect.objectContaining({ code: 'IMAGE_INVALID' }) as Error },
    { status: 'rejected', reason: expect.objectContaining({ code: 'IMAGE_TOO_LARGE' }) as Error },
    { status: 'fulfilled', value: readImage(asked(files[3])) },
  ]);
});

test('no more pictures wait than allowed', async () => {
  const reader = open({ mostWaiting: 2 });
  const reads = Array.from({ length: 6 }, () => reader.read(asked(largePng())));
  const outcomes = await Promise.allSettled(reads);
  // One of them is being read.
  expect(outcomes.map(({ status }) => status)).toEqual([
    ...new Array<string>(3).fill('fulfilled'),
    ...new Array<string>(3).fill('rejected'),
  ]);
  for (const outcome of outcomes.slice(3)) {
    expect(outcome).toMatchObject({ reason: { code: 'OVERLOADED' } });
  }
});

test('a picture that takes too long is refused, and the next one is read', async () => {
  // No thread starts within a millisecond.
  const reader = open({ timeLimitMs: 1 });
  const reads = [largePng(), largePng()].map((bytes) => reader.read(asked(bytes)));
  for (const outcome of await Promise.allSettled(reads)) {
    expect(outcome).toMatchObject({
      reason: { code: 'IMAGE_INVALID', message: expect.stringContaining('0.001') as string },
    });
  }
});

test('closing refuses pictures that are being read, wait, or come later', async () => {
  const reader = open();
  const reads = [reader.read(asked(largePng())), reader.read(asked(largePng()))];
  const outcomes = Promise.allSettled(reads);
  await reader.close();
  for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { code: 'SHUTTING_DOWN' } });
  await expect(reader.read(asked(largePng()))).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
});

test('a reader that never needed a thread can be closed', async () => {
  await createImageReader().close();
});
