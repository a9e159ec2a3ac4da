import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readBrainFloats, readHalves, readLongIntegers } from '../../../src/model/serving/binary-numbers.js';

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

const halves = readHalves(bytesOf(Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits)));

test.each([
  [0x0000, 0],
  [0x0001, 2 ** -24],
  [0x03ff, 1023 * 2 ** -24],
  [0x0400, 2 ** -14],
  [0x3555, 1365 * 2 ** -12],
  [0x3c00, 1],
  [0x3c01, 1 + 2 ** -10],
  [0x7bff, 65_504],
  [0x7c00, Infinity],
  [0x7e00, NaN],
  [0x8000, -0],
  [0xc000, -2],
  [0xfc00, -Infinity],
])('the FP16 %i is %d', (bits, number) => {
  expect(halves[bits]).toBe(number);
});

test('FP16 numbers rise with their bits, each by one unit in the last place, and the sign bit negates them', () => {
  for (let bits = 1; bits < 0x7c00; bits++) {
    const unit = 2 ** (Math.max(bits >> 10, 1) - 25);
    const step = halves[bits] - halves[bits - 1];
    // The first of an exponent is as far from the one before as those are from each other.
    expect([unit, unit / 2]).toContain(step);
    expect(halves[bits | 0x8000]).toBe(-halves[bits]);
  }
});

test('a BF16 number is a float32 without its lower half', () => {
  const numbers = Float32Array.of(1, -2.5, 3e38, 1e-40, 0, Infinity);
  const bits = new Uint32Array(numbers.buffer).map((each) => each & 0xffff_0000);
  const upper = Uint16Array.from(bits, (each) => each >>> 16);
  expect(readBrainFloats(bytesOf(upper))).toEqual(new Float32Array(bits.buffer));
});

test('64-bit integers are rounded to float64', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (integer) => {
      const signed = readLongIntegers(bytesOf(BigInt64Array.of(integer)), Int32Array);
      expect(signed[0]).toBe(Number(integer));
      const unsigned = readLongIntegers(bytesOf(BigUint64Array.of(BigInt.asUintN(64, integer))), Uint32Array);
      expect(unsigned[0]).toBe(Number(BigInt.asUintN(64, integer)));
    }),
    { seed: 1, numRuns: 1000 },
  );
});
