import { decode, encode } from 'jpeg-js';
import { describe, expect, test } from 'vitest';
import { luma } from '../../src/images/grey-image.js';
import { decodeImage, sizeOfImage } from '../../src/images/read-picture.js';
import {
  evenJpeg,
  fixture,
  jpegOf,
  markers,
  segment,
  segmentsOf,
  withByte,
  withChanged,
} from './jpeg-file.js';

/** The grey level in the middle of each quarter. */
function quarters(file: Uint8Array): number[] {
  const { width, height, grey } = decodeImage(file);
  const at = (x: number, y: number): number => grey[Math.floor(y * height) * width + Math.floor(x * width)];
  return [at(0.25, 0.25), at(0.75, 0.25), at(0.25, 0.75), at(0.75, 0.75)];
}

test.each([
  'baseline',
  'subsampled',
  'progressive',
  'restarts',
  'grey',
  'progressive-grey',
  'rgb',
  'cmyk',
  'turned',
] as const)('a %s file is read, the right way up', async (name) => {
  const file = await fixture(name);
  const { width, height } = decodeImage(file);
  expect({ width, height }).toEqual({ width: 24, height: 16 });
  expect(sizeOfImage(file)).toEqual(expect.objectContaining({ width: name === 'turned' ? 16 : 24 }));
  // Red, green, blue and white as grey by Rec. 601.
  const expected = [76, 150, 29, 255];
  quarters(file).forEach((grey, quarter) => {
    expect(Math.abs(grey - expected[quarter])).toBeLessThanOrEqual(2);
  });
});

test('bytes after the end of the image are ignored', async () => {
  const file = await fixture('baseline');
  expect(quarters(Buffer.concat([file, Buffer.from('more')]))).toEqual(quarters(file));
});

test.each(['baseline', 'grey', 'progressive', 'restarts', 'cmyk'] as const)(
  'a %s file without the marker of its end is read, as all of the picture is there',
  async (name) => {
    const file = await fixture(name);
    const { grey } = decodeImage(file);
    for (const cut of [1, 2]) expect(decodeImage(file.subarray(0, -cut)).grey).toEqual(grey);
  },
);

test('any number of bytes 255 may come before a marker, also within a scan', async () => {
  const file = await fixture('restarts');
  const filled: number[] = [];
  file.forEach((byte, at) => {
    const isMarker = byte === 0xff && file[at + 1] !== 0 && at > 0;
    filled.push(...(isMarker ? [0xff, 0xff, byte] : [byte]));
  });
  expect(filled.length).toBeGreaterThan(file.length + 10);
  expect(decodeImage(Buffer.from(filled)).grey).toEqual(decodeImage(file).grey);
});

test('bytes after the data of a scan are ignored', async () => {
  const file = withChanged(await fixture('grey'), markers.scan, (each) => [each, Buffer.from('more')]);
  expect(quarters(file)).toEqual(quarters(await fixture('grey')));
});

test('a photograph of 24 megapixels is read', () => {
  const { width, height, grey } = decodeImage(evenJpeg(4284, 5712));
  expect({ width, height }).toEqual({ width: 4284, height: 5712 });
  expect(grey.every((level) => level === 128)).toBe(true);
});

test.each([5, 50, 95, 100])('a picture of quality %i is read like another decoder reads it', (quality) => {
  const [width, height] = [61, 43];
  const data = Buffer.alloc(width * height * 4, 255);
  for (let at = 0; at < data.length; at++) if (at % 4 < 3) data[at] = (at * at * 7 + (at >> 6) * 31) & 255;
  const file = encode({ data, width, height }, quality).data;
  const { data: rgb } = decode(file, { useTArray: true, formatAsRGBA: false });
  const furthest = decodeImage(file).grey.reduce((most, level, pixel) => {
    const [red, green, blue] = rgb.subarray(3 * pixel);
    // Where a colour was clipped at 0 or 255, its brightness differs from the brightness plane.
    const isCut = [red, green, blue].some((value) => value === 0 || value === 255);
    return isCut ? most : Math.max(most, Math.abs(level - luma(red, green, blue)));
  }, 0);
  expect(furthest).toBeLessThan(2.5);
});

test('segments that do not affect the picture are ignored', async () => {
  const file = await fixture('baseline');
  const others = [segment(0xfe, Buffer.from('a comment')), segment(0xe2, Buffer.alloc(60_000))];
  expect(quarters(jpegOf([...others, ...segmentsOf(file)]))).toEqual(quarters(file));
});

describe('refuses', () => {
  const refusals: [reason: string, make: () => Promise<Buffer>][] = [
    ['data is damaged', async () => (await fixture('baseline')).subarray(0, -6)],
    ['cut short', async () => (await fixture('progressive')).subarray(0, -6)],
    ['cut short', async () => withoutLastScan(await fixture('progressive'))],
    ['cut short', async () => (await fixture('baseline')).subarray(0, 30)],
    ['neither baseline nor progressive', () => fixture('arithmetic')],
    ['a scan comes before the frame', async () => jpegOf(await allBut('baseline', markers.frame))],
    ['no picture', async () => jpegOf(await allBut('baseline', markers.scan))],
    ['a table is missing', async () => jpegOf(await allBut('baseline', markers.tables))],
    ['a table is missing', async () => jpegOf(await allBut('baseline', markers.quantization))],
    ['two frames', async () => withChanged(await fixture('baseline'), markers.frame, (each) => [each, each])],
    ['one of its lengths is wrong', async () => withByte(await fixture('baseline'), 0xe0, 3, 15)],
    ['12 bits', async () => withByte(await fixture('baseline'), markers.frame, 4, 12)],
    ['no height', async () => withByte(await fixture('baseline'), markers.frame, 6, 0)],
    ['frame header has a wrong length', async () => withByte(await fixture('baseline'), markers.frame, 9, 4)],
    ['frame header makes no sense', async () => withByte(await fixture('baseline'), markers.frame, 11, 0)],
    ['frame header makes no sense', async () => withByte(await fixture('baseline'), markers.frame, 11, 0x55)],
    [
      'frame header makes no sense',
      async () => withByte(await fixture('subsampled'), markers.frame, 14, 0x33),
    ],
    ['frame header makes no sense', async () => withByte(await fixture('baseline'), markers.frame, 13, 1)],
    ['2 colour components', () => Promise.resolve(jpegOf([segment(0xc0, frameOf(2))]))],
    ['tables have a wrong length', async () => withByte(await fixture('baseline'), markers.tables, 5, 200)],
    ['a scan has a wrong length', async () => withByte(await fixture('grey'), markers.scan, 4, 3)],
    ['a scan makes no sense', async () => withByte(await fixture('grey'), markers.scan, 5, 99)],
    ['a scan makes no sense', async () => withByte(await fixture('grey'), markers.scan, 8, 64)],
    [
      'data is damaged',
      async () => withChanged(await fixture('grey'), markers.scan, (each) => [each.subarray(0, -4)]),
    ],
    [
      'a restart is missing',
      async () =>
        withChanged(await fixture('restarts'), markers.scan, (each) => {
          const at = each.indexOf(Buffer.from([0xff, 0xd0]));
          return [each.subarray(0, at), each.subarray(at + 2)];
        }),
    ],
    [
      'too many codes',
      () =>
        Promise.resolve(
          jpegOf([segment(markers.tables, Buffer.from([0, 3, ...new Array<number>(18).fill(0)]))]),
        ),
    ],
    [
      'more than 32 scans',
      async () =>
        withChanged(await fixture('grey'), markers.scan, (each) => new Array<Buffer>(33).fill(each)),
    ],
    [
      'more than 4096 segments',
      () => Promise.resolve(jpegOf(new Array<Buffer>(4097).fill(segment(0xfe, Buffer.alloc(0))))),
    ],
  ];

  test.each(refusals)('%s', async (reason, make) => {
    const refusal = { code: 'IMAGE_INVALID', message: expect.stringContaining(reason) as string };
    const file = await make();
    expect(() => decodeImage(file)).toThrow(expect.objectContaining(refusal));
  });

  test('65535 × 65535 pixels, by the header alone', async () => {
    const file = withChanged(await fixture('baseline'), markers.frame, (each) => [each.fill(0xff, 5, 9)]);
    const refusal = { code: 'IMAGE_TOO_LARGE', message: expect.stringContaining('65535 × 65535') as string };
    expect(() => sizeOfImage(file)).toThrow(expect.objectContaining(refusal));
    expect(() => decodeImage(file)).toThrow(expect.objectContaining(refusal));
  });
});

/** A frame header with this many components. */
function frameOf(components: number): Buffer {
  const each = Array.from({ length: components }, (_, id) => [id, 0x11, 0]).flat();
  return Buffer.from([8, 0, 16, 0, 24, components, ...each]);
}

async function allBut(name: 'baseline', marker: number): Promise<Buffer[]> {
  return segmentsOf(await fixture(name)).filter((each) => each[1] !== marker);
}

function withoutLastScan(file: Buffer): Buffer {
  const last = segmentsOf(file).at(-1);
  return file.subarray(0, file.length - 2 - (last?.length ?? 0));
}
