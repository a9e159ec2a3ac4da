import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mixed } from '../../../src/data/tables/level-counter.js';
import { NumberProfiler } from '../../../src/data/tables/number-profile.js';
import type { NumberProfile } from '../../../src/data/table-schema.js';

/** The values as chunks of a chosen size. */
function profileOf(values: readonly number[], chunkRows: number): NumberProfile | null {
  const profiler = new NumberProfiler();
  for (let start = 0; start < values.length; start += chunkRows) {
    const chunk = Float64Array.from(values.slice(start, start + chunkRows));
    profiler.add(
      chunk,
      Uint32Array.from(chunk, (_, row) => mixed(start + row + 1)),
    );
  }
  return profiler.profile();
}

it('has the moments of all values, whatever their offset and chunks', () => {
  const values = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 2, maxLength: 60 });
  fc.assert(
    fc.property(
      values,
      fc.constantFrom(0, 1e6, -1e9),
      fc.integer({ min: 1, max: 60 }),
      (small, offset, chunkRows) => {
        const all = small.map((value) => value + offset);
        const mean = offset + all.reduce((sum, value) => sum + (value - offset), 0) / all.length;
        const std = Math.sqrt(all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length);
        const profile = profileOf(all, chunkRows);
        expect(profile).toMatchObject({ min: Math.min(...all), max: Math.max(...all), sampled: null });
        expect(Math.abs((profile?.mean ?? NaN) - mean)).toBeLessThan(1e-15 * Math.abs(offset) + 1e-12);
        expect(Math.abs((profile?.std ?? NaN) - std)).toBeLessThan(1e-15 * Math.abs(offset) + 1e-7);
        expect(profile?.histogram.reduce((sum, count) => sum + count, 0)).toBe(all.length);
      },
    ),
  );
});

it('has the quantiles that numpy gives', () => {
  const values = Array.from({ length: 101 }, (_, value) => (value * 37) % 101);
  expect(profileOf(values, 10)?.quantiles).toEqual([1, 5, 25, 50, 75, 95, 99]);
  expect(profileOf([1, 2], 10)?.quantiles[3]).toBe(1.5);
});

it('draws a sample of many values, whose quantiles are near', () => {
  const count = 200_000;
  const profile = profileOf(
    Array.from({ length: count }, (_, value) => (value * 7_919) % count),
    4_096,
  );
  expect(profile?.sampled).toBeGreaterThan(8_000);
  expect(profile?.sampled).toBeLessThanOrEqual(16_384);
  expect(Math.abs((profile?.quantiles[3] ?? 0) / count - 0.5)).toBeLessThan(0.02);
  expect(profile).toMatchObject({ min: 0, max: count - 1, integers: true });
});

it('stays finite for the largest doubles, and is null without a value', () => {
  const profile = profileOf([Number.MAX_VALUE, -Number.MAX_VALUE, 1], 2);
  for (const value of [profile?.mean, profile?.std, ...(profile?.quantiles ?? [NaN])])
    expect(Number.isFinite(value)).toBe(true);
  expect(profileOf([NaN, NaN], 2)).toBeNull();
});
