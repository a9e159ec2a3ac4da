/** The shapes of generated datasets: that they are what they are called, and a pure function of what was asked for. */
import { describe, expect, it } from 'vitest';
import { shapeCsv, shapePoints, shapes, type Shape } from '../../../src/data/generated/shapes.js';

const noNoise = (shape: Shape) => ({ shape, rows: 600, noise: 0, seed: 3 });

function csvOf(request: Parameters<typeof shapeCsv>[0]): string {
  return Buffer.concat([...shapeCsv(request)]).toString();
}

describe.each(shapes)('%s', (shape) => {
  it('is the same whenever it is made, and another one for another seed', () => {
    const request = { shape, rows: 50, noise: 0.1, seed: 7 };
    expect(csvOf(request)).toBe(csvOf(request));
    expect(csvOf({ ...request, seed: 8 })).not.toBe(csvOf(request));
  });

  it('goes on where fewer rows end, whatever the pieces', () => {
    const request = { shape, rows: 3_000, noise: 0.1, seed: 7 };
    expect(csvOf(request).startsWith(csvOf({ ...request, rows: 1_500 }))).toBe(true);
    expect(shapePoints(request, 0, 40).slice(17)).toEqual(shapePoints(request, 17, 23));
  });

  it('has as many rows of each class, and noise moves its points by as much as it says', () => {
    const clean = shapePoints(noNoise(shape), 0, 600);
    const counts = new Map<string, number>();
    for (const { label } of clean) counts.set(label, (counts.get(label) ?? 0) + 1);
    expect([...counts.values()]).toEqual(shape === 'blobs' ? [200, 200, 200] : [300, 300]);
    const noisy = shapePoints({ ...noNoise(shape), noise: 0.2 }, 0, 600);
    const squares = noisy.map(({ x }, row) => (x - (clean[row]?.x ?? NaN)) ** 2);
    expect(Math.sqrt(squares.reduce((sum, each) => sum + each, 0) / 600)).toBeCloseTo(0.2, 1);
  });
});

describe('without noise', () => {
  it('circles are circles, one half as large as the other', () => {
    for (const { x, y, label } of shapePoints(noNoise('circles'), 0, 600)) {
      expect(Math.hypot(x, y)).toBeCloseTo(label === 'a' ? 1 : 0.5, 6);
    }
  });

  it('moons are two half circles that reach into each other', () => {
    for (const { x, y, label } of shapePoints(noNoise('moons'), 0, 600)) {
      expect(label === 'a' ? Math.hypot(x, y) : Math.hypot(x - 1, y - 0.5)).toBeCloseTo(1, 6);
      expect(label === 'a' ? y >= 0 : y <= 0.5).toBe(true);
    }
  });

  it('xor has its classes in opposite quarters, apart from each other', () => {
    for (const { x, y, label } of shapePoints(noNoise('xor'), 0, 600)) {
      expect(x * y > 0).toBe(label === 'a');
      expect(Math.min(Math.abs(x), Math.abs(y))).toBeGreaterThanOrEqual(0.05);
    }
  });

  it('the arms of the spiral wind around each other without touching', () => {
    const points = shapePoints(noNoise('spiral'), 0, 600);
    const gaps = points.map(({ x, y, label }) => {
      const others = points.filter((point) => point.label !== label);
      return Math.min(...others.map((other) => Math.hypot(x - other.x, y - other.y)));
    });
    expect(Math.min(...gaps)).toBeGreaterThan(0.05);
    expect(Math.max(...points.map(({ x, y }) => Math.hypot(x, y)))).toBeLessThanOrEqual(1);
  });
});
