/** The kernels that change pictures, beside the same arithmetic pixel by pixel. */
import { expect, test } from 'vitest';
import {
  changesOfPicture,
  PictureMemory,
  type PictureSize,
} from '../../../src/model/augmentation/picture-memory.js';
import { fillWords } from '../../../src/lib/philox.js';

const stream = { seed: 11, purpose: 'augmentation', part: 0, step: 0 } as const;

function wordsOf(first: number, count: number): Uint32Array {
  const words = new Uint32Array(count);
  fillWords(stream, first, words);
  return words;
}

/** One pixel, interpolated between the four around (x, y), which is in 1/65,536 of a pixel. */
function levelAt(source: Uint8Array, { width, height }: PictureSize, x: number, y: number): number {
  const insideX = Math.min(Math.max(x, 0), (width - 1) * 65536);
  const insideY = Math.min(Math.max(y, 0), (height - 1) * 65536);
  const [column, row] = [Math.floor(insideX / 65536), Math.floor(insideY / 65536)];
  const [right, below] = [Math.floor(insideX / 256) % 256, Math.floor(insideY / 256) % 256];
  const at = (r: number, c: number): number =>
    source[Math.min(r, height - 1) * width + Math.min(c, width - 1)];
  const across = (r: number): number => at(r, column) * (256 - right) + at(r, column + 1) * right;
  return Math.floor((across(row) * (256 - below) + across(row + 1) * below + 32768) / 65536);
}

function expected(source: Uint8Array, size: PictureSize, changes: Int32Array): number[] {
  const { width, height } = size;
  const [firstX = 0, firstY = 0, columnX = 0, columnY = 0, rowX = 0, rowY = 0, strength = 0] = changes;
  const moved = Array.from({ length: height }, (_, row) =>
    Array.from({ length: width }, (_, column) =>
      levelAt(source, size, firstX + column * columnX + row * rowX, firstY + column * columnY + row * rowY),
    ),
  );
  return moved.flatMap((line, row) =>
    line.map((own, column) => {
      const near: (number | undefined)[] = [
        moved[row - 1]?.[column],
        moved[row + 1]?.[column],
        line[column - 1],
        line[column + 1],
      ];
      const levels = near.map((level) => level ?? own);
      const towards = strength < 0 ? Math.min(own, ...levels) : Math.max(own, ...levels);
      const change = Math.floor((Math.abs(towards - own) * Math.abs(strength) + 128) / 256);
      return strength < 0 ? own - change : own + change;
    }),
  );
}

test.for([
  { width: 28, height: 28 },
  { width: 16, height: 3 },
  { width: 29, height: 13 },
  { width: 33, height: 40 },
  { width: 3, height: 7 },
  { width: 1, height: 1 },
  { width: 130, height: 90 },
])('kernels change pictures of $width × $height as plain arithmetic does', (size) => {
  const memory = new PictureMemory(size);
  const pixels = size.width * size.height;
  const count = Math.min(memory.capacity, 5);
  for (let i = 0; i < count; i++) {
    const levels = wordsOf(i * pixels, pixels);
    memory.sources.set(
      levels.map((word) => word % 256),
      i * pixels,
    );
    const [x = 0, y = 0, ...words] = wordsOf(1e9 + 8 * i, 8);
    memory.changes.set(
      [
        ((x % (3 * size.width)) - size.width) * 60000,
        ((y % (3 * size.height)) - size.height) * 60000,
        ...words.slice(0, 4).map((word) => (word % 140000) - 70000),
        [256, -256, 0, 77, -130][i] ?? 0,
      ],
      i * changesOfPicture,
    );
  }
  memory.change(count);
  for (let i = 0; i < count; i++) {
    const own = memory.sources.subarray(i * pixels, (i + 1) * pixels);
    const changes = memory.changes.subarray(i * changesOfPicture, (i + 1) * changesOfPicture);
    expect([...memory.changed.subarray(i * pixels, (i + 1) * pixels)]).toEqual(expected(own, size, changes));
  }
});
