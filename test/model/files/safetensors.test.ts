import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../../src/model/network/network.js';
import { decodeSafetensors, encodeSafetensors } from '../../../src/model/files/safetensors.js';

const tensor = (shape: number[], data: number[]): Tensor => ({ shape, data: Float32Array.from(data) });

const small = new Map([
  ['fc1.weight', tensor([2, 3], [1, -2, 0.5, -0, 3.4028234663852886e38, 1e-45])],
  ['fc1.bias', tensor([2], [Infinity, NaN])],
]);

/** A file of this header, as text or to be written as JSON, and this many bytes of data. */
function fileOf(header: unknown, dataBytes = 0): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

const f32 = (shape: unknown, data_offsets: unknown): object => ({ dtype: 'F32', shape, data_offsets });

const bitsOf = (data?: Float32Array): Uint32Array => new Uint32Array(new Float32Array(data ?? []).buffer);

describe('a file that was written', () => {
  test('reads back with the same bits, names, order and metadata', () => {
    const metadata = { format: 'pt', 'a key': 'tést "quoted"' };
    const decoded = decodeSafetensors(encodeSafetensors(small, metadata));
    expect(decoded.metadata).toEqual(metadata);
    expect([...decoded.tensors.keys()]).toEqual([...small.keys()]);
    for (const [name, { shape, data }] of small) {
      expect(decoded.tensors.get(name)?.shape).toEqual(shape);
      expect(bitsOf(decoded.tensors.get(name)?.data)).toEqual(bitsOf(data));
    }
  });

  test('has the layout of the specification, its data aligned to 8 bytes', () => {
    for (const name of ['a', 'ab', 'abc', 'abcd', 'abcde', 'abcdef', 'abcdefg', 'abcdefgh']) {
      const file = encodeSafetensors(new Map([[name, tensor([1], [1])]]), {});
      const headerBytes = Number(file.readBigUInt64LE(0));
      expect(headerBytes % 8).toBe(0);
      expect(JSON.parse(file.toString('utf8', 8, 8 + headerBytes))).toEqual({
        __metadata__: {},
        [name]: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
      });
      expect(file.subarray(8 + headerBytes)).toEqual(Buffer.from([0, 0, 0x80, 0x3f]));
    }
  });

  test('holds only the window of a tensor that is a view', () => {
    const data = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
    const { tensors } = decodeSafetensors(encodeSafetensors(new Map([['x', { shape: [2], data }]]), {}));
    expect(tensors.get('x')?.data).toEqual(Float32Array.of(2, 3));
  });

  test('may hold no tensors, empty ones, scalars, and names that JavaScript knows', () => {
    const odd = new Map([
      ['empty', tensor([0, 5], [])],
      ['scalar', tensor([], [7])],
      ['__proto__', tensor([1], [1])],
      ['constructor', tensor([1], [2])],
      ['also empty', tensor([0], [])],
    ]);
    const { metadata, tensors } = decodeSafetensors(encodeSafetensors(odd, {}));
    expect(metadata).toEqual({});
    expect(Object.fromEntries(tensors)).toEqual(Object.fromEntries(odd));
    expect(decodeSafetensors(encodeSafetensors(new Map(), {})).tensors.size).toBe(0);
  });

  test('reads from any place in memory, and its tensors share none', () => {
    const file = encodeSafetensors(small, {});
    for (let offset = 0; offset < 8; offset++) {
      const bytes = Buffer.alloc(offset + file.length).subarray(offset);
      file.copy(bytes);
      const { tensors } = decodeSafetensors(bytes);
      bytes.fill(0xff);
      expect(tensors).toEqual(small);
      expect(new Set([...tensors.values()].map(({ data }) => data.buffer)).size).toBe(2);
    }
  });
});

describe('a file of another writer', () => {
  test('may name its tensors in any order, have no metadata and no padding', () => {
    const file = fileOf({ second: f32([1], [8, 12]), first: f32([1, 2], [0, 8]) }, 12);
    expect([...decodeSafetensors(file).tensors.keys()]).toEqual(['first', 'second']);
  });
});

describe('a damaged or hostile file', () => {
  const refused: [string, Buffer, string][] = [
    ['nothing', Buffer.alloc(0), 'shorter'],
    ['a part of the length', Buffer.alloc(7), 'shorter'],
    ['no header', Buffer.alloc(8), 'not JSON'],
    ['a header beyond the file', fileOf('{}').subarray(0, 9), 'ends after the file'],
    ['a header of 2^64 − 1 bytes', Buffer.alloc(16, 0xff), '18446744073709551615 bytes'],
    [
      'a header over the cap',
      Buffer.concat([Buffer.from([1, 0xe1, 0xf5, 5, 0, 0, 0, 0])]),
      '100000001 bytes',
    ],
    [
      'a header that is not UTF-8',
      Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 0, 0, 0, 0x22, 0xff, 0x22])]),
      'JSON',
    ],
    ['a byte order mark', fileOf('\ufeff{}'), 'not JSON'],
    ['a header cut short', fileOf('{"x":'), 'not JSON'],
    ['deep nesting', fileOf('['.repeat(1_000_000)), 'not JSON'],
    ['an array', fileOf([]), 'not an object'],
    ['null', fileOf('null'), 'not an object'],
    ['metadata that is no object', fileOf({ __metadata__: [] }), '__metadata__'],
    ['metadata that are not strings', fileOf({ __metadata__: { a: 1 } }), '__metadata__'],
    ['an entry that is no object', fileOf({ x: 1 }), 'entry of "x"'],
    ['an entry that is null', fileOf({ x: null }), 'entry of "x"'],
    ['another type', fileOf({ x: { dtype: 'F16', shape: [2], data_offsets: [0, 4] } }, 4), 'F32'],
    [
      'a type that is no string',
      fileOf({ x: { dtype: { toString: 1 }, shape: [], data_offsets: [0, 4] } }, 4),
      'F32',
    ],
    ['no shape', fileOf({ x: { dtype: 'F32', data_offsets: [0, 4] } }, 4), 'shape'],
    ['a negative size', fileOf({ x: f32([-1, -1], [0, 4]) }, 4), 'shape'],
    ['a fractional size', fileOf({ x: f32([0.5, 2], [0, 4]) }, 4), 'shape'],
    ['a size as a string', fileOf({ x: f32(['1'], [0, 4]) }, 4), 'shape'],
    ['a size too large to be exact', fileOf({ x: f32([2 ** 53], [0, 4]) }, 4), 'shape'],
    [
      'sizes whose product overflows',
      fileOf({ x: f32(Array(30).fill(2 ** 52), [0, 4]) }, 4),
      'match its shape',
    ],
    ['∞ × 0', fileOf({ x: f32([...Array<number>(30).fill(2 ** 52), 0], [0, 0]) }), 'match its shape'],
    ['one offset', fileOf({ x: f32([1], [0]) }, 4), 'offsets'],
    ['three offsets', fileOf({ x: f32([1], [0, 4, 8]) }, 4), 'offsets'],
    ['a negative offset', fileOf({ x: f32([1], [-4, 0]) }, 4), 'offsets'],
    ['offsets that fall', fileOf({ x: f32([1], [4, 0]) }, 4), 'match its shape'],
    ['a range that is not the shape’s', fileOf({ x: f32([2], [0, 4]) }, 4), 'match its shape'],
    ['data beyond the file', fileOf({ x: f32([2], [0, 8]) }, 4), 'ends after the file'],
    ['a hole at the start', fileOf({ x: f32([1], [4, 8]) }, 8), 'hole'],
    ['a hole in the middle', fileOf({ x: f32([1], [0, 4]), y: f32([1], [8, 12]) }, 12), 'hole'],
    ['an overlap', fileOf({ x: f32([2], [0, 8]), y: f32([2], [4, 12]) }, 12), 'overlaps'],
    ['the same range twice', fileOf({ x: f32([1], [0, 4]), y: f32([1], [0, 4]) }, 4), 'overlaps'],
    ['data of no tensor', fileOf({ x: f32([1], [0, 4]) }, 8), 'belongs to no tensor'],
    [
      'a name given twice',
      fileOf(`{"x":${JSON.stringify(f32([1], [0, 4]))},"x":${JSON.stringify(f32([1], [4, 8]))}}`, 8),
      'hole',
    ],
  ];

  test.each(refused)('%s is refused', (_, file, reason) => {
    expect(() => decodeSafetensors(file)).toThrow(
      expect.objectContaining({
        code: 'CHECKPOINT_CORRUPT',
        message: expect.stringContaining(reason) as string,
      }),
    );
  });

  test('cut at any length is refused', () => {
    const file = encodeSafetensors(small, { format: 'pt' });
    for (let length = 0; length < file.length; length++) {
      expect(() => decodeSafetensors(file.subarray(0, length)), `${length} bytes`).toThrow(
        expect.objectContaining({ code: 'CHECKPOINT_CORRUPT' }),
      );
    }
  });

  test('with any bit of its header flipped is refused, or is another whole file', () => {
    const file = encodeSafetensors(small, { format: 'pt' });
    const headerBits = 8 * (8 + Number(file.readBigUInt64LE(0)));
    for (let bit = 0; bit < headerBits; bit++) {
      const damaged = Buffer.from(file);
      damaged[bit >> 3] ^= 1 << (bit & 7);
      try {
        const { tensors } = decodeSafetensors(damaged);
        for (const { shape, data } of tensors.values()) {
          expect(data.length).toBe(shape.reduce((size, length) => size * length, 1));
        }
      } catch (error) {
        expect(error).toMatchObject({ code: 'CHECKPOINT_CORRUPT' });
      }
    }
  });
});
