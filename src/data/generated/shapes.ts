/**
 * Points of the plane in classes that lie in known shapes, to watch a network learn on. Each row is a pure function of
 * shape, noise, seed and its own number: more rows go on where fewer end. The classes take turns.
 */
import { fillUniform } from '../../lib/philox.js';
import { csvLine } from '../formats/write-rows.js';

export const shapes = ['moons', 'circles', 'spiral', 'xor', 'blobs'] as const;

export type Shape = (typeof shapes)[number];

export interface ShapeRequest {
  shape: Shape;
  rows: number;
  /** The standard deviation of what is added to both coordinates. */
  noise: number;
  seed: number;
}

export interface Point {
  x: number;
  y: number;
  label: string;
}

/** The columns of the table, and the one to learn. */
export const shapeColumns = ['x', 'y', 'label'];
export const shapeTarget = 'label';

/** Uniform numbers in [0, 1) that a row draws: two that place it in its shape, and two for the noise. */
const drawsPerRow = 4;
const rowsAtOnce = 1_024;
const digits = 4;

/** Where a point of a class lies without noise. `u` and `v` are uniform in [0, 1). */
type Place = (of: { u: number; v: number; label: number }) => [x: number, y: number];

interface ShapeForm {
  labels: string[];
  place: Place;
}

const forms: Record<Shape, ShapeForm> = {
  // The moons and circles are those of scikit-learn's make_moons and make_circles, with a factor of 0.5.
  moons: {
    labels: ['a', 'b'],
    place({ u, label }) {
      const angle = Math.PI * u;
      const [x, y] = [Math.cos(angle), Math.sin(angle)];
      return label === 0 ? [x, y] : [1 - x, 0.5 - y];
    },
  },
  circles: { labels: ['a', 'b'], place: ({ u, label }) => polar(label === 0 ? 1 : 0.5, 2 * Math.PI * u) },
  // Two arms of an Archimedean spiral with 1.75 turns.
  spiral: {
    labels: ['a', 'b'],
    place: ({ u, label }) => polar(0.05 + 0.95 * u, (3.5 * u + label) * Math.PI),
  },
  // The four quarters of a square, with a gap between them.
  xor: {
    labels: ['a', 'b'],
    place({ u, v, label }) {
      const [x, y] = [apart(u), apart(v)];
      return (x > 0 === y > 0) === (label === 0) ? [x, y] : [-x, y];
    },
  },
  // Three round clouds, as wide as a third of what is between their centres.
  blobs: {
    labels: ['a', 'b', 'c'],
    place({ u, v, label }) {
      const [centreX, centreY] = polar(0.7, (2 * Math.PI * label) / 3 + Math.PI / 2);
      const [x, y] = normal(u, v);
      return [centreX + 0.2 * x, centreY + 0.2 * y];
    },
  },
};

/** Points number `first` … */
export function shapePoints({ shape, noise, seed }: ShapeRequest, first: number, count: number): Point[] {
  const { labels, place } = forms[shape];
  const draws = new Float32Array(count * drawsPerRow);
  const part = shapes.indexOf(shape);
  fillUniform({ seed, purpose: 'points', part, step: 0 }, first * drawsPerRow, draws);
  return Array.from({ length: count }, (_, row) => {
    const [u = 0, v = 0, ...more] = draws.subarray(row * drawsPerRow, (row + 1) * drawsPerRow);
    const label = (first + row) % labels.length;
    const [x, y] = place({ u, v, label });
    const [noiseX, noiseY] = normal(more[0] ?? 0, more[1] ?? 0);
    return { x: x + noise * noiseX, y: y + noise * noiseY, label: labels[label] ?? '' };
  });
}

/** The table as CSV, in pieces. */
export function* shapeCsv(request: ShapeRequest): Generator<Buffer> {
  yield Buffer.from(csvLine(shapeColumns, ','));
  for (let first = 0; first < request.rows; first += rowsAtOnce) {
    const points = shapePoints(request, first, Math.min(rowsAtOnce, request.rows - first));
    yield Buffer.from(
      points.map(({ x, y, label }) => csvLine([rounded(x), rounded(y), label], ',')).join(''),
    );
  }
}

function polar(radius: number, angle: number): [number, number] {
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

/** Two standard normal numbers: G. E. P. Box, M. E. Muller, "A Note on the Generation of Random Normal Deviates", 1958. */
function normal(u: number, v: number): [number, number] {
  return polar(Math.sqrt(-2 * Math.log(1 - u)), 2 * Math.PI * v);
}

/** From −1 to 1, and at least 0.05 away from 0. */
function apart(u: number): number {
  const x = 2 * u - 1;
  return x < 0 ? x * 0.95 - 0.05 : x * 0.95 + 0.05;
}

function rounded(x: number): string {
  return x.toFixed(digits);
}
