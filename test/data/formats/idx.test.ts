import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readIdx } from '../../../src/data/formats/idx.js';

/** A file of this header (type and number of dimensions are its last two bytes) and these sizes and elements. */
function fileOf(magic: number[], sizes: number[], elements: number[]): Buffer {
  const header = Buffer.alloc(4 * sizes.length);
  for (const [axis, size] of sizes.entries()) header.writeUInt32BE(size, 4 * axis);
  return Buffer.concat([Buffer.from(magic), header, Buffer.from(elements)]);
}

const bytesOf = (...sizes: number[]): number[] => [0, 0, 8, sizes.length];
const small = fileOf(bytesOf(2, 3), [2, 3], [0, 1, 2, 253, 254, 255]);
const expected = { file: 'some-idx2-ubyte', dimensions: 2, maxBytes: small.length };

describe('an IDX file of unsigned bytes', () => {
  test('gives its shape and its elements', () => {
    expect(readIdx(small, expected)).toEqual({
      shape: [2, 3],
      elements: Uint8Array.of(0, 1, 2, 253, 254, 255),
    });
  });

  test('reads from any place in memory', () => {
    for (let offset = 0; offset < 8; offset++) {
      const bytes = Buffer.alloc(offset + small.length + 5).subarray(offset, offset + small.length);
      small.copy(bytes);
      expect(readIdx(bytes, expected)).toEqual(readIdx(small, expected));
    }
  });

  test('reads the same when gzipped, also in several members', () => {
    expect(readIdx(gzipSync(small), expected)).toEqual(readIdx(small, expected));
    const members = Buffer.concat([gzipSync(small.subarray(0, 7)), gzipSync(small.subarray(7))]);
    expect(readIdx(members, expected)).toEqual(readIdx(small, expected));
  });

  test('has as many dimensions as its reader expects, from one to many', () => {
    const row = readIdx(fileOf(bytesOf(3), [3], [7, 8, 9]), { ...expected, dimensions: 1 });
    expect(row).toEqual({ shape: [3], elements: Uint8Array.of(7, 8, 9) });
    const ones = Array<number>(255).fill(1);
    const deep = readIdx(fileOf(bytesOf(...ones), ones, [7]), { ...expected, dimensions: 255 });
    expect(deep).toEqual({ shape: ones, elements: Uint8Array.of(7) });
  });
});

describe('a damaged or hostile file', () => {
  const [largest, three] = [0xffff_ffff, [1, 2, 3]];
  const refused: [string, Buffer, string][] = [
    ['nothing', Buffer.alloc(0), 'has 0 bytes'],
    ['half a magic number', small.subarray(0, 3), 'has 3 bytes'],
    ['text', Buffer.from('<html>404</html>'), 'begin with two zero bytes'],
    ['a little-endian header', Buffer.from([2, 8, 0, 0, 2, 0, 0, 0]), 'begin with two zero bytes'],
    ['signed bytes', fileOf([0, 0, 0x09, 2], [1, 3], three), 'type signed byte'],
    ['shorts', fileOf([0, 0, 0x0b, 2], [1, 3], three), 'type short'],
    ['ints', fileOf([0, 0, 0x0c, 2], [1, 3], three), 'type int'],
    ['floats', fileOf([0, 0, 0x0d, 2], [1, 3], three), 'type float'],
    ['doubles', fileOf([0, 0, 0x0e, 2], [1, 3], three), 'type double'],
    ['a type that there is not', fileOf([0, 0, 0x0a, 2], [1, 3], three), 'type unknown (0x0a)'],
    ['no dimensions', fileOf([0, 0, 8, 0], [], [1]), 'dimensions is 0, not 2'],
    ['a dimension less', fileOf(bytesOf(3), [3], three), 'dimensions is 1, not 2'],
    ['a dimension more', fileOf(bytesOf(1, 1, 3), [1, 1, 3], three), 'dimensions is 3, not 2'],
    ['a header cut short', small.subarray(0, 11), 'header ends after the file'],
    ['a size of zero', fileOf(bytesOf(0, 3), [0, 3], []), 'shape (0, 3) has no elements'],
    ['zero times the largest', fileOf(bytesOf(1, 1), [largest, 0], []), 'has no elements'],
    ['sizes whose product overflows', fileOf(bytesOf(1, 1), [largest, largest], three), 'cut short'],
    ['sizes that 32 bits would wrap to fit', fileOf(bytesOf(1, 1), [0x8000_0001, 2], [1, 2]), 'cut short'],
    ['the last element missing', small.subarray(0, -1), 'is 6 elements, it has 5'],
    ['no elements', small.subarray(0, 12), 'is 6 elements, it has 0'],
    ['a byte too many', Buffer.concat([small, Buffer.alloc(1)]), 'bytes after its end'],
    ['a gzip header alone', Buffer.from([0x1f, 0x8b]), 'does not unpack'],
    ['gzip cut short', gzipSync(small).subarray(0, -4), 'does not unpack'],
    ['gzip with a wrong length', withLastByteFlipped(gzipSync(small)), 'does not unpack'],
    ['gzip before other bytes', Buffer.concat([gzipSync(small), Buffer.from('more')]), 'does not unpack'],
    ['gzip before zeros', Buffer.concat([gzipSync(small), Buffer.alloc(9)]), '9 bytes follow'],
    ['gzip of a byte too many', gzipSync(Buffer.concat([small, Buffer.alloc(1)])), 'more than 18 bytes'],
    ['gzip of the file cut short', gzipSync(small.subarray(0, -1)), 'is 6 elements, it has 5'],
    ['gzip of gzip', gzipSync(Buffer.from([0x1f, 0x8b, 8, 0])), 'begin with two zero bytes'],
    ['gzip of nothing', gzipSync(''), 'has 0 bytes'],
  ];

  test.each(refused)('%s is refused', (_, file, reason) => {
    expect(() => readIdx(file, expected)).toThrow(
      expect.objectContaining({
        code: 'DATASET_CORRUPT',
        message: expect.stringMatching(/^some-idx2-ubyte is not a readable IDX file: /) as string,
      }),
    );
    expect(() => readIdx(file, expected)).toThrow(reason);
  });

  test('infinity times zero is refused, however many dimensions it takes', () => {
    const sizes = [...Array<number>(100).fill(0xffff_ffff), 0];
    const file = fileOf(bytesOf(...sizes), sizes, []);
    const refusal = { code: 'DATASET_CORRUPT', message: expect.stringContaining('no elements') as string };
    expect(() => readIdx(file, { ...expected, dimensions: sizes.length })).toThrow(
      expect.objectContaining(refusal),
    );
  });

  test('a gzip bomb takes no more memory than the file may have', () => {
    const bomb = Buffer.concat(Array<Buffer>(512).fill(gzipSync(Buffer.alloc(1 << 20))));
    const before = process.resourceUsage().maxRSS;
    expect(() => readIdx(bomb, { ...expected, maxBytes: 1 << 20 })).toThrow('more than 1048576 bytes');
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(64 << 10);
  });

  test('cut at any length is refused, gzipped or not', () => {
    for (const file of [small, gzipSync(small)]) {
      for (let length = 0; length < file.length; length++) {
        expect(() => readIdx(file.subarray(0, length), expected), `${length} bytes`).toThrow(
          expect.objectContaining({ code: 'DATASET_CORRUPT' }),
        );
      }
    }
  });
});

function withLastByteFlipped(bytes: Buffer): Buffer {
  const damaged = Buffer.from(bytes);
  damaged[damaged.length - 1] ^= 0xff;
  return damaged;
}
