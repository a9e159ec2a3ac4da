/** Drawings on paper that is not clean: what is fitted is close to what a clean picture gives. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { loadMnist } from '../../src/data/builtin/mnist.js';
import { fitDigit } from '../../src/images/fit.js';
import type { GreyImage } from '../../src/images/grey-image.js';
import { readImage } from '../../src/images/read-image.js';
import { fillWords } from '../../src/lib/philox.js';

const side = 224;
const { test: mnist } = await loadMnist();

/** Black on white, enlarged to a page with a margin: sharp, as if it was written. */
function written(index: number): GreyImage {
  const grey = new Uint8Array(side * side).fill(255);
  const digit = mnist.inputs.subarray(index * 784, (index + 1) * 784);
  const at = (row: number, column: number): number => digit[Math.min(27, row) * 28 + Math.min(27, column)];
  for (let y = 0; y < 168; y++) {
    for (let x = 0; x < 168; x++) {
      const [row, column] = [y / 6, x / 6];
      const [top, left] = [Math.floor(row), Math.floor(column)];
      const [below, right] = [row - top, column - left];
      const above = at(top, left) * (1 - right) + at(top, left + 1) * right;
      const under = at(top + 1, left) * (1 - right) + at(top + 1, left + 1) * right;
      const ink = above * (1 - below) + under * below;
      grey[(y + 28) * side + x + 28] = 255 - Math.max(0, Math.min(255, (ink - 128) * 2 + 128));
    }
  }
  return { width: side, height: side, grey };
}

type Damage = (level: number, x: number, y: number, drawn: number) => number;

function damaged({ width, height, grey }: GreyImage, damage: Damage, seed: number): GreyImage {
  const words = new Uint32Array(grey.length);
  fillWords({ seed, purpose: 'augmentation', part: 0, step: 0 }, 0, words);
  const levels = Array.from(grey, (level, at) =>
    Math.max(0, Math.min(255, damage(level, at % width, Math.floor(at / width), words[at]))),
  );
  return { width, height, grey: Uint8Array.from(levels) };
}

/** The sum of four even draws, from -1 to 1. */
const bell = (drawn: number): number =>
  ((drawn & 255) + ((drawn >>> 8) & 255) + ((drawn >>> 16) & 255) + (drawn >>> 24) - 510) / 510;

const kinds: Record<string, Damage> = {
  noise: (level, _x, _y, drawn) => level + 80 * bell(drawn) - 10,
  dust: (level, _x, _y, drawn) => (drawn % 60 === 0 ? 0 : drawn % 61 === 0 ? 255 : level),
  'ruled paper': (level, _x, y) => (y % 40 === 20 ? Math.min(level, 170) : level),
  'squared paper': (level, x, y) => (y % 40 === 20 || x % 40 === 10 ? Math.min(level, 190) : level),
  'a shadow from below': (level, _x, y) => level * (1 - (0.5 * y) / side),
  'a shadow at a corner': (level, x, y) => level * (1 - (0.6 * (x * x + y * y)) / (2 * side * side)),
  'a speck': (level, x, y) => ((x - 205) ** 2 + (y - 12) ** 2 < 20 ? 0 : level),
  'a shadow and dust': (level, x, _y, drawn) => (drawn % 80 === 0 ? 0 : level) * (1 - (0.4 * x) / side),
};

/** 1 for the same pictures, 0 for ones that have nothing in common. */
function likeness(a: Float32Array, b: Float32Array): number {
  let [both, first, second] = [0, 0, 0];
  for (let at = 0; at < a.length; at++) {
    both += a[at] * b[at];
    first += a[at] ** 2;
    second += b[at] ** 2;
  }
  return both / Math.sqrt(first * second);
}

test.each(Object.entries(kinds))('%s hardly changes what is fitted', (_, damage) => {
  const found = Array.from({ length: 12 }, (_each, index) => {
    const clean = written(index);
    return likeness(fitDigit(clean, 28), fitDigit(damaged(clean, damage, index), 28));
  });
  expect(found.filter((each) => each > 0.9).length).toBeGreaterThanOrEqual(10);
});

test('noisy, dusty or shaded paper without a drawing is blank', () => {
  const page = { width: side, height: side, grey: new Uint8Array(side * side).fill(240) };
  const blank = new Float32Array(784);
  for (const kind of ['noise', 'a shadow from below', 'a shadow at a corner']) {
    expect(fitDigit(damaged(page, kinds[kind], 1), 28), kind).toEqual(blank);
  }
});

test('a stroke from edge to edge is not taken for a line of the paper', () => {
  const grey = new Uint8Array(100 * 100).fill(255);
  // A four that fills its picture, of a thin pen.
  for (let at = 0; at < 100; at++) {
    for (let thick = 0; thick < 3; thick++) {
      grey[(60 + thick) * 100 + at] = 0;
      grey[at * 100 + 70 + thick] = 0;
      if (at < 60) grey[(60 - at) * 100 + Math.min(97, at) + thick] = 0;
    }
  }
  const fitted = fitDigit({ width: 100, height: 100, grey }, 28);
  const rowSums = Array.from({ length: 28 }, (_, row) =>
    fitted.subarray(row * 28, (row + 1) * 28).reduce((sum, level) => sum + level, 0),
  );
  expect(Math.max(...rowSums)).toBeGreaterThan(15 * 150);
});

describe('pictures that were once misread', () => {
  /** A four of a pen two pixels wide. */
  test('a thin pen is fitted with the strokes of a thick one', async () => {
    const bytes = await readFile(new URL('fixtures/damaged/thinpen.png', import.meta.url));
    const fitted = readImage({ bytes, input: { fit: 'digit', side: 28 } });
    expect(fitted.filter((level) => level > 128).length).toBeGreaterThan(60);
  });

  test.each(['dust.png', 'noise.jpg'])('the zero of %s is the one that lies on ruled paper', async (name) => {
    const read = async (file: string): Promise<Float32Array> => {
      const bytes = await readFile(new URL(`fixtures/damaged/${file}`, import.meta.url));
      return readImage({ bytes, input: { fit: 'digit', side: 28 } });
    };
    expect(likeness(await read(name), await read('ruled.png'))).toBeGreaterThan(0.85);
  });

  test.each(['shadow.jpg', 'speck.png'])('the drawing of %s fills its box', async (name) => {
    const bytes = await readFile(new URL(`fixtures/damaged/${name}`, import.meta.url));
    const fitted = readImage({ bytes, input: { fit: 'digit', side: 28 } });
    const rows = Array.from({ length: 28 }, (_, row) => fitted.subarray(row * 28, (row + 1) * 28));
    expect(rows.filter((row) => row.some((level) => level > 64)).length).toBe(20);
    // All four corners of the input are paper.
    expect([fitted[0], fitted[27], fitted[756], fitted[783]]).toEqual([0, 0, 0, 0]);
  });
});
