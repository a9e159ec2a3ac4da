import { expect, test } from 'vitest';
import { besideEachOther, drawDigit } from '../../src/demo/draw-digit.js';
import { smallMnist } from '../jobs/training/small-mnist.js';

test('two pixels above each other are one character, darker the more ink there is', () => {
  const pixels = [
    [0, 255, 255, 128],
    [0, 255, 0, 0],
    [64, 0, 0, 255],
    [64, 0, 255, 255],
  ].flat();
  expect(drawDigit(pixels, 4)).toEqual([' █▒░', '░ ▒█']);
});

test('an image of MNIST takes 14 lines of 28', async () => {
  const { test: split } = await smallMnist();
  const lines = drawDigit([...split.inputs.subarray(0, split.width)], 28);
  expect(lines).toHaveLength(14);
  expect(new Set(lines.map((line) => line.length))).toEqual(new Set([28]));
  expect(lines.join('')).toMatch(/[░▒▓█]/);
});

test('pictures stand in rows of as many as there is room for', () => {
  const pictures = ['a', 'b', 'c'].map((caption) => ({ lines: ['####', '####'], caption }));
  expect(besideEachOther(pictures, 10).split('\n')).toEqual([
    '####  ####',
    '####  ####',
    'a     b',
    '',
    '####',
    '####',
    'c',
    '',
  ]);
  expect(
    besideEachOther(pictures, 3)
      .split('\n')
      .filter((line) => line === '####'),
  ).toHaveLength(6);
});
