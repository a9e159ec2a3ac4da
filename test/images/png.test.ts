import fc from 'fast-check';
import { PNG } from 'pngjs';
import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decodeImage, sizeOfImage } from '../../src/images/read-picture.js';
import { chunk, encodePng, greyPng, pngOf, type Picture } from './png-file.js';

const depths: Record<number, number[]> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
const kinds = Object.entries(depths).flatMap(([colour, each]) =>
  each.map((depth) => ({ colour: Number(colour), depth })),
);

/** A picture of random samples, with a palette if it needs one, and with transparency if it allows it. */
function pictureOf(kind: { colour: number; depth: number }): fc.Arbitrary<Picture> {
  const { colour, depth } = kind;
  const largest = 2 ** depth - 1;
  // Few levels, so that the transparent one occurs.
  const levels = fc.array(fc.integer({ max: largest, min: 0 }), { minLength: 2, maxLength: 4 });
  return fc
    .record({
      width: fc.integer({ min: 1, max: 19 }),
      height: fc.integer({ min: 1, max: 19 }),
      isInterlaced: fc.boolean(),
      levels,
      chosen: fc.array(fc.nat(), { minLength: 1, maxLength: 101 }),
      filters: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 7 }),
      colours: fc.uint8Array({ minLength: 3 * 256, maxLength: 3 * 256 }),
      isTransparent: fc.boolean(),
    })
    .map(({ width, height, isInterlaced, levels, chosen, filters, colours, isTransparent }) => {
      const level = (i: number): number => levels[chosen[i % chosen.length] % levels.length];
      const sixteenBits = [levels[0] >> 8, levels[0] & 255];
      const transparency = {
        0: Uint8Array.from(sixteenBits),
        2: Uint8Array.from([...sixteenBits, ...sixteenBits, ...sixteenBits]),
        3: colours.slice(0, Math.min(largest, 256)),
      }[colour];
      return {
        ...{ width, height, depth, colour, isInterlaced },
        ...(colour === 3 && { palette: colours.slice(0, 3 * (largest + 1)) }),
        ...(isTransparent && transparency && { transparency }),
        samples: (x, y) =>
          [0, 1, 2, 3]
            .slice(0, { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[colour])
            .map((sample) => level(4 * (y * width + x) + sample)),
        filter: (row) => filters[row % filters.length],
      };
    });
}

/** The picture as pngjs reads it, composed onto white. */
function greyByPngjs(file: Buffer): number[] {
  const { data } = PNG.sync.read(file);
  return Array.from({ length: data.length / 4 }, (_, pixel) => {
    const [red, green, blue, alpha] = data.subarray(4 * pixel, 4 * pixel + 4);
    return 255 - (alpha / 255) * (255 - (0.299 * red + 0.587 * green + 0.114 * blue));
  });
}

test.each(kinds)('colour type $colour of depth $depth is read like pngjs reads it', (kind) => {
  fc.assert(
    fc.property(pictureOf(kind), (picture) => {
      const file = encodePng(picture);
      const { width, height, grey } = decodeImage(file);
      expect({ width, height }).toEqual({ width: picture.width, height: picture.height });
      const expected = greyByPngjs(file);
      // pngjs rounds 16 bits to 8 before the conversion to grey, this decoder after it.
      const furthest = expected.reduce((most, level, i) => Math.max(most, Math.abs(level - grey[i])), 0);
      expect(furthest).toBeLessThanOrEqual(1.5);
    }),
    { numRuns: 60, seed: 7 },
  );
});

test('transparent pixels are white', () => {
  const picture = { width: 3, height: 1, depth: 8, colour: 6 };
  const file = encodePng({ ...picture, samples: (x) => [0, 0, 0, [0, 128, 255][x]] });
  expect([...decodeImage(file).grey]).toEqual([255, 127, 0]);
});

test('the Exif orientation turns the picture', () => {
  const tiff = (orientation: number): Buffer =>
    Buffer.from([...Buffer.from('II*\0'), 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
  const grey = [10, 20, 30, 40, 50, 60];
  const file = (orientation: number): Buffer =>
    encodePng({
      ...{ width: 3, height: 2, depth: 8, colour: 0, exif: tiff(orientation) },
      samples: (x, y) => [grey[y * 3 + x]],
    });
  // 10 20 30
  // 40 50 60
  const turned = [
    [3, [10, 20, 30, 40, 50, 60]],
    [3, [30, 20, 10, 60, 50, 40]],
    [3, [60, 50, 40, 30, 20, 10]],
    [3, [40, 50, 60, 10, 20, 30]],
    [2, [10, 40, 20, 50, 30, 60]],
    [2, [40, 10, 50, 20, 60, 30]],
    [2, [60, 30, 50, 20, 40, 10]],
    [2, [30, 60, 20, 50, 10, 40]],
    // There is no orientation 9, so the picture stays upright.
    [3, [10, 20, 30, 40, 50, 60]],
  ];
  turned.forEach(([width, expected], index) => {
    const image = decodeImage(file(index + 1));
    expect([image.width, [...image.grey]]).toEqual([width, expected]);
  });
});

test('chunks that do not affect the picture, and bytes after its end, are ignored', () => {
  const pixels = [chunk('tEXt', Buffer.from('Title\0x')), chunk('IDAT', deflateSync(Buffer.from([0, 7])))];
  const file = pngOf({ width: 1, height: 1, depth: 8, colour: 0 }, ...pixels, chunk('vpAg'));
  expect([...decodeImage(Buffer.concat([file, Buffer.from('more')])).grey]).toEqual([7]);
});

test('pixels may be in many chunks, empty ones among them', () => {
  const packed = deflateSync(Buffer.from([0, 1, 2, 3, 0, 4, 5, 6]));
  const chunks = [...packed].flatMap((byte) => [chunk('IDAT', Buffer.from([byte])), chunk('IDAT')]);
  const file = pngOf({ width: 3, height: 2, depth: 8, colour: 0 }, ...chunks);
  expect([...decodeImage(file).grey]).toEqual([1, 2, 3, 4, 5, 6]);
});

describe('refuses', () => {
  const one = { width: 1, height: 1, depth: 8, colour: 0 };
  const packed = (...bytes: number[]): Buffer => chunk('IDAT', deflateSync(Buffer.from(bytes)));
  const good = greyPng({ width: 2, height: 2, grey: Uint8Array.from([1, 2, 3, 4]) });

  test.each<[reason: string, file: Buffer]>([
    ['neither a PNG nor a JPEG', Buffer.alloc(0)],
    ['neither a PNG nor a JPEG', Buffer.from('GIF89a')],
    ['cut short', good.subarray(0, 8)],
    ['cut short', good.subarray(0, -1)],
    ['"IDAT" is damaged', Buffer.from(good).fill(0xee, 45, 46)],
    ['does not begin with its header', Buffer.concat([good.subarray(0, 8), chunk('IDAT')])],
    ['two headers', pngOf(one, chunk('IHDR', Buffer.alloc(13)))],
    ['no header', Buffer.concat([good.subarray(0, 8), chunk('IEND')])],
    ['no pixels', pngOf(one)],
    ['no width', pngOf({ ...one, width: 0 }, packed(0, 0))],
    ['no colour type 0 with a depth of 3', pngOf({ ...one, depth: 3 }, packed(0, 0))],
    ['no colour type 2 with a depth of 4', pngOf({ ...one, colour: 2, depth: 4 }, packed(0, 0))],
    ['no colour type 5', pngOf({ ...one, colour: 5 }, packed(0, 0))],
    ['no palette', pngOf({ ...one, colour: 3 }, packed(0, 0))],
    ['not in its palette', pngOf({ ...one, colour: 3 }, chunk('PLTE', Buffer.alloc(3)), packed(0, 1))],
    ['tRNS chunk has a wrong length', pngOf(one, chunk('tRNS', Buffer.alloc(1)), packed(0, 0))],
    ['the unknown chunk "CgBI"', pngOf(one, chunk('CgBI'), packed(0, 0))],
    ['no filter 5', pngOf(one, packed(5, 0))],
    ['fewer pixels than', pngOf(one, packed(0))],
    ['more pixels than', pngOf(one, packed(0, 0, 0))],
    ['cannot be unpacked', pngOf(one, chunk('IDAT', Buffer.from('nonsense')))],
    ['more than 65536 chunks', pngOf(one, ...new Array<Buffer>(2 ** 16).fill(chunk('IDAT')))],
  ])('%s', (reason, file) => {
    const refusal = { code: 'IMAGE_INVALID', message: expect.stringContaining(reason) as string };
    expect(() => decodeImage(file)).toThrow(expect.objectContaining(refusal));
  });

  test('a picture that unpacks to more than 256 MiB, before unpacking it', () => {
    const file = pngOf({ ...one, width: 8000, height: 8000, depth: 16, colour: 6 }, packed(0));
    const refusal = { code: 'IMAGE_TOO_LARGE', message: expect.stringContaining('unpacks to') as string };
    expect(() => decodeImage(file)).toThrow(expect.objectContaining(refusal));
  });

  test.each([
    [8193, 8192],
    [65_536, 1],
    [2 ** 32 - 1, 2 ** 32 - 1],
  ])('%i × %i pixels, by the header alone', (width, height) => {
    const file = pngOf({ ...one, width, height }).subarray(0, 33);
    const refusal = {
      code: 'IMAGE_TOO_LARGE',
      message: expect.stringContaining(`${width} × ${height}`) as string,
    };
    expect(() => sizeOfImage(file)).toThrow(expect.objectContaining(refusal));
    expect(() => decodeImage(file)).toThrow(expect.objectContaining(refusal));
  });
});
