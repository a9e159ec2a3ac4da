import { describe, expect, test } from 'vitest';
import { fillUniform, fillWords, philox4x32 } from '../../src/lib/philox.js';
import type { RandomStream } from '../../src/lib/philox.js';

const stream: RandomStream = { seed: 42, purpose: 'shuffle', part: 3, step: 5 };

function words(from: RandomStream, first: number, count: number): Uint32Array {
  const out = new Uint32Array(count);
  fillWords(from, first, out);
  return out;
}

describe('the generator', () => {
  // The lines "philox4x32 10" of kat_vectors in Random123, by the authors of the paper.
  test.each([
    {
      counter: [0, 0, 0, 0],
      key: [0, 0],
      expected: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      expected: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      expected: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ])('gives the known answer for the counter $counter', ({ counter, key, expected }) => {
    const out = new Uint32Array(4);
    philox4x32(Uint32Array.from(counter), Uint32Array.from(key), out);
    expect([...out]).toEqual(expected);
  });
});

describe('the addressing', () => {
  test('puts block, step, part and purpose into the counter and the seed into the key', () => {
    const expected = new Uint32Array(4);
    const counter = Uint32Array.of(2, 1, 5, (2 << 24) + 3);
    philox4x32(counter, Uint32Array.of(7, 2 ** 21 - 1), expected);
    const seed = (2 ** 21 - 1) * 2 ** 32 + 7;
    expect(words({ ...stream, seed }, 4 * (2 ** 32 + 2), 4)).toEqual(expected);
  });

  test('gives an element the same number whatever is drawn before it or with it', () => {
    const whole = words(stream, 0, 50);
    for (const [first, count] of [
      [49, 1],
      [0, 3],
      [3, 9],
      [17, 33],
      [4, 4],
      [6, 0],
    ]) {
      expect(words(stream, first, count)).toEqual(whole.slice(first, first + count));
    }
  });

  test.each<[string, Partial<RandomStream>]>([
    ['the lower word of the seed', { seed: 43 }],
    ['the upper word of the seed', { seed: 42 + 2 ** 32 }],
    ['the purpose', { purpose: 'initialization' }],
    ['the part', { part: 4 }],
    ['the step', { step: 6 }],
  ])('gives other numbers when %s differs', (_, change) => {
    const shared = new Set(words(stream, 0, 100));
    expect(words({ ...stream, ...change }, 0, 100).some((word) => shared.has(word))).toBe(false);
  });
});

describe('uniform numbers', () => {
  test('are the upper 24 bits of the words', () => {
    const uniform = new Float32Array(10);
    fillUniform(stream, 3, uniform);
    expect([...uniform]).toEqual([...words(stream, 3, 10)].map((word) => Math.floor(word / 256) / 2 ** 24));
  });

  test('fill exactly the view they are given', () => {
    const buffer = new Float32Array(6).fill(-1);
    fillUniform(stream, 0, buffer.subarray(2, 5));
    expect([...buffer].map((value) => value === -1)).toEqual([true, true, false, false, false, true]);
  });

  test('lie in [0, 1), with the mean and the variance of the uniform distribution', () => {
    const uniform = new Float32Array(100_000);
    fillUniform(stream, 0, uniform);
    expect(uniform.every((value) => value >= 0 && value < 1)).toBe(true);
    const mean = uniform.reduce((sum, value) => sum + value, 0) / uniform.length;
    const variance = uniform.reduce((sum, value) => sum + (value - mean) ** 2, 0) / uniform.length;
    // Five standard errors: √(1/12 / n) of the mean, √(1/180 / n) of the variance.
    expect(Math.abs(mean - 1 / 2)).toBeLessThan(5 * Math.sqrt(1 / 12 / uniform.length));
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(5 * Math.sqrt(1 / 180 / uniform.length));
  });
});
