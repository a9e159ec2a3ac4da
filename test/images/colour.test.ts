/** Pictures in colour: what is kept of every kind of file. */
import { encode } from 'jpeg-js';
import { PNG } from 'pngjs';
import { describe, expect, test } from 'vitest';
import { fitPicture } from '../../src/images/fit-picture.js';
import { isOtherFormat } from '../../src/images/other-formats.js';
import type { Picture } from '../../src/images/picture.js';
import { readAnyPicture } from '../../src/images/read-image.js';
import { readPicture } from '../../src/images/read-picture.js';
import { writePng } from '../../src/images/write-png.js';

/** Four quarters: red, green, blue, white. */
const colours = [
  [220, 30, 30],
  [30, 200, 40],
  [40, 40, 230],
  [250, 250, 250],
] as const;

function quarters(width: number, height: number): Buffer {
  const data = Buffer.alloc(4 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const colour = colours[(y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1)] ?? [0, 0, 0];
      data.set([...colour, 255], 4 * (y * width + x));
    }
  }
  return data;
}

const jpeg = (width: number, height: number): Buffer =>
  Buffer.from(encode({ width, height, data: quarters(width, height) }, 90).data);

function quarterColours({ width, height, channels, pixels }: Picture): number[][] {
  expect(channels).toBe(3);
  return [0.25, 0.75].flatMap((down) =>
    [0.25, 0.75].map((across) => {
      const at = Math.floor(down * height) * width + Math.floor(across * width);
      return [0, 1, 2].map((channel) => pixels[channel * width * height + at] ?? NaN);
    }),
  );
}

function expectQuarters(picture: Picture, wanted: readonly (readonly number[])[] = colours): void {
  quarterColours(picture).forEach((colour, i) =>
    colour.forEach((level, channel) =>
      expect(Math.abs(level - (wanted[i]?.[channel] ?? NaN))).toBeLessThan(12),
    ),
  );
}

describe('a picture is kept in its colours', () => {
  test.each([
    [64, 48],
    [900, 500],
    [1600, 1200],
  ])('of a JPEG and a PNG of %i × %i', (width, height) => {
    const png = new PNG({ width, height });
    png.data = quarters(width, height);
    const scale = Math.min(1, 128 / Math.max(width, height));
    for (const bytes of [jpeg(width, height), PNG.sync.write(png)]) {
      const kept = readPicture(bytes);
      expect([kept.width, kept.height]).toEqual([Math.round(width * scale), Math.round(height * scale)]);
      expectQuarters(kept);
    }
  });

  test('without the end marker of a JPEG, or with something after it', () => {
    const whole = jpeg(1600, 1200);
    const kept = readPicture(whole);
    expect(readPicture(whole.subarray(0, whole.length - 2))).toEqual(kept);
    expect(readPicture(Buffer.concat([whole, Buffer.from('a trailer of the camera')]))).toEqual(kept);
  });

  test('upright, as the camera noted', () => {
    const whole = jpeg(1600, 1200);
    // Exif with one entry: orientation 6, a quarter turn clockwise.
    const exif = Buffer.from(
      'ffe100224578696600004d4d002a00000008000101120003000000010006000000000000',
      'hex',
    );
    const kept = readPicture(Buffer.concat([whole.subarray(0, 2), exif, whole.subarray(2)]));
    expect([kept.width, kept.height]).toEqual([96, 128]);
    const [red, green, blue, white] = colours;
    expectQuarters(kept, [blue, red, white, green]);
  });

  test('in grey where it has no colour, and as it was written', () => {
    const grey = writePng({
      width: 3,
      height: 2,
      channels: 1,
      pixels: Uint8Array.of(0, 50, 100, 150, 200, 255),
    });
    const coloured = new PNG({ width: 1, height: 1 });
    coloured.data = Buffer.from([7, 7, 7, 255]);
    expect(readPicture(grey)).toMatchObject({
      channels: 1,
      pixels: Uint8Array.of(0, 50, 100, 150, 200, 255),
    });
    expect(readPicture(PNG.sync.write(coloured)).channels).toBe(1);
    const small = { width: 2, height: 1, channels: 3, pixels: Uint8Array.of(1, 2, 3, 4, 5, 6) } as const;
    expect(readPicture(writePng(small))).toEqual(small);
  });
});

test('a picture fits its input in each way', () => {
  // Red on the left, blue on the right.
  const wide: Picture = {
    width: 4,
    height: 2,
    channels: 1,
    pixels: Uint8Array.of(10, 20, 30, 40, 10, 20, 30, 40),
  };
  const to = { width: 2, height: 2, channels: 1 } as const;
  expect([...fitPicture(wide, { ...to, fit: 'stretch' })]).toEqual([15, 35, 15, 35]);
  expect([...fitPicture(wide, { ...to, fit: 'cover' })]).toEqual([20, 30, 20, 30]);
  expect([...fitPicture(wide, { ...to, height: 4, fit: 'contain' })]).toEqual([
    25, 25, 15, 35, 25, 25, 25, 25,
  ]);
  expect([...fitPicture(wide, { ...to, channels: 3, fit: 'stretch' })]).toEqual([
    15, 35, 15, 35, 15, 35, 15, 35, 15, 35, 15, 35,
  ]);
});

test.each(['webp', 'avif', 'tiff', 'gif'] as const)('sharp reads %s', async (format) => {
  const { default: sharp } = await import('sharp');
  const raw = { width: 300, height: 200, channels: 4 } as const;
  const bytes = await sharp(quarters(300, 200), { raw }).toFormat(format).toBuffer();
  expect(isOtherFormat(bytes)).toBe(true);
  expectQuarters(await readAnyPicture(bytes));
});
