/** Inflate without Node.js, against that of Node.js. */
import * as node from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32, inflateSync } from '../../src/standalone/zlib.js';

const most = { maxOutputLength: 1_000_000 };

/** Bytes that compress well, badly, or not at all. */
const contents = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.array(fc.constantFrom(0, 0, 0, 1, 7), { maxLength: 3_000 }).map((bytes) => Uint8Array.from(bytes)),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 3_000 }))
    .map(([some, times]) =>
      Uint8Array.from({ length: some.length * times }, (_, i) => some[i % some.length] ?? 0),
    ),
);
const options = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  strategy: fc.constantFrom(
    node.constants.Z_DEFAULT_STRATEGY,
    node.constants.Z_FIXED,
    node.constants.Z_HUFFMAN_ONLY,
    node.constants.Z_RLE,
  ),
});

test('what zlib has compressed is inflated to the same bytes, and has the same checksum', () => {
  fc.assert(
    fc.property(contents, options, (bytes, how) => {
      expect(Buffer.from(inflateSync(node.deflateSync(bytes, how), most)).equals(bytes)).toBe(true);
      expect(crc32(bytes)).toBe(node.crc32(bytes));
    }),
    { numRuns: 300 },
  );
});

/** null: it is refused. */
function readBy(inflate: () => Uint8Array): number[] | null {
  try {
    return Array.from(inflate());
  } catch {
    return null;
  }
}

test('data that are cut short are refused, and damaged ones where zlib refuses them', () => {
  fc.assert(
    fc.property(
      contents,
      options,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (bytes, how, place, change) => {
        const compressed = node.deflateSync(bytes, how);
        expect(() => inflateSync(compressed.subarray(0, place % compressed.length), most)).toThrow(
          /cut short|zlib/,
        );
        // After the header, which says how much memory there is.
        const damaged = Uint8Array.from(compressed);
        const at = 2 + (place % (damaged.length - 2));
        damaged[at] = (damaged[at] ?? 0) ^ change;
        expect(readBy(() => inflateSync(damaged, most))).toEqual(
          readBy(() => node.inflateSync(damaged, most)),
        );
      },
    ),
    { numRuns: 500 },
  );
});

test('more bytes than are wanted are a RangeError', () => {
  const compressed = node.deflateSync(new Uint8Array(1_000));
  expect(() => inflateSync(compressed, { maxOutputLength: 999 })).toThrow(RangeError);
  expect(inflateSync(compressed, { maxOutputLength: 1_000 })).toHaveLength(1_000);
});
