/** Any bytes give a picture or a refusal with a code, in bounded memory. */
import fc from 'fast-check';
import { constants, deflateRawSync, deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { TrainyardError } from '../../src/errors.js';
import { decodeImage } from '../../src/images/read-picture.js';
import {
  evenJpeg,
  fixture,
  jpegOf,
  markers,
  segment,
  segmentsOf,
  withChanged,
  type Fixture,
} from './jpeg-file.js';
import { chunk, encodePng, pngOf, signature } from './png-file.js';

const fixtures: Fixture[] = ['baseline', 'subsampled', 'grey', 'progressive', 'restarts', 'cmyk', 'turned'];
const square = { width: 28, height: 28, depth: 8, colour: 0 };

/** A few bytes of every kind of chunk. */
const smallPng = encodePng({
  ...{ width: 9, height: 7, depth: 2, colour: 3, isInterlaced: true },
  palette: Buffer.from('abcdefghijkl'),
  transparency: Buffer.from([0, 99]),
  samples: (x, y) => [(x * y) % 4],
  filter: (row) => row % 5,
});

/** The code of a refusal, undefined for a picture. Any other error fails the test. */
function outcomeOf(bytes: Uint8Array): 'a picture' | TrainyardError['code'] {
  try {
    const { width, height, grey } = decodeImage(bytes);
    expect(grey).toHaveLength(width * height);
    return 'a picture';
  } catch (error) {
    if (error instanceof TrainyardError) return error.code;
    throw error;
  }
}

const refusals = ['IMAGE_INVALID', 'IMAGE_TOO_LARGE'];
const outcomes = ['a picture', ...refusals];

function flipped(file: Uint8Array, at: number, bits: number): Buffer {
  const damaged = Buffer.from(file);
  damaged[at] ^= bits;
  return damaged;
}

/** How much the memory of the process grew at most during `work`. */
function growth(work: () => void): number {
  const before = process.resourceUsage().maxRSS;
  work();
  return (process.resourceUsage().maxRSS - before) / 1024;
}

describe('a PNG', () => {
  test('that is cut short anywhere is refused', () => {
    for (let length = 0; length < smallPng.length; length++) {
      expect(outcomeOf(smallPng.subarray(0, length)), `${length} bytes`).toBe('IMAGE_INVALID');
    }
  });

  test('with any bit flipped is refused', () => {
    for (let bit = 0; bit < smallPng.length * 8; bit++) {
      expect(outcomeOf(flipped(smallPng, bit >> 3, 1 << (bit & 7))), `bit ${bit}`).toBe('IMAGE_INVALID');
    }
  });

  test('with random chunks that have correct lengths and checksums is read or refused', () => {
    const types = fc.constantFrom(
      'IHDR',
      'PLTE',
      'IDAT',
      'tRNS',
      'eXIf',
      'IEND',
      'tEXt',
      'zTXt',
      'iCCP',
      'acTL',
    );
    const chunks = fc.array(fc.tuple(types, fc.uint8Array({ maxLength: 40 })), { maxLength: 8 });
    const small = fc.integer({ min: 0, max: 40 });
    const head = fc.record({
      width: small,
      height: small,
      depth: fc.constantFrom(1, 2, 4, 8, 16),
      colour: fc.integer({ min: 0, max: 6 }),
      isInterlaced: fc.boolean(),
    });
    fc.assert(
      fc.property(head, chunks, fc.uint8Array({ maxLength: 2000 }), (picture, others, raw) => {
        const pixels = chunk('IDAT', deflateSync(raw));
        const file = pngOf(picture, ...others.map(([type, content]) => chunk(type, content)), pixels);
        expect(outcomes).toContain(outcomeOf(file));
      }),
      { numRuns: 2000, seed: 1 },
    );
  });

  test('of random bytes is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(refusals).toContain(outcomeOf(Buffer.concat([signature, bytes])));
      }),
      { numRuns: 1000, seed: 1 },
    );
  });

  test('of 28 × 28 pixels that would unpack to a gigabyte takes little memory', () => {
    // A megabyte of zeros, packed to end on a whole byte, so that a thousand copies make one stream.
    const megabyte = deflateRawSync(Buffer.alloc(2 ** 20), { finishFlush: constants.Z_FULL_FLUSH });
    const stream = Buffer.concat([Buffer.from([0x78, 0x9c]), ...new Array<Buffer>(1024).fill(megabyte)]);
    for (const isInterlaced of [false, true]) {
      const bomb = pngOf({ ...square, isInterlaced }, chunk('IDAT', stream));
      expect(growth(() => expect(outcomeOf(bomb)).toBe('IMAGE_INVALID'))).toBeLessThan(32);
    }
  });

  test.each(['zTXt', 'iTXt', 'iCCP'])('with a bomb in %s is read without unpacking the bomb', (type) => {
    const bomb = chunk(type, Buffer.concat([Buffer.from('x\0\0'), deflateSync(Buffer.alloc(2 ** 26))]));
    const file = pngOf(square, bomb, chunk('IDAT', deflateSync(Buffer.alloc(28 * 29))));
    expect(growth(() => expect(outcomeOf(file)).toBe('a picture'))).toBeLessThan(32);
  });

  test('of the maximum size without data takes little memory', () => {
    const file = pngOf({ ...square, width: 8192, height: 8192 }, chunk('IDAT', deflateSync(Buffer.alloc(9))));
    expect(growth(() => expect(outcomeOf(file)).toBe('IMAGE_INVALID'))).toBeLessThan(32);
  });
});

describe('a JPEG', () => {
  test.each(fixtures)('that is %s and cut short anywhere before its end is refused', async (name) => {
    const file = await fixture(name);
    // The last two bytes are the end marker. The picture is complete without them.
    for (let length = 0; length < file.length - 2; length++) {
      expect(outcomeOf(file.subarray(0, length)), `${length} bytes`).toBe('IMAGE_INVALID');
    }
  });

  test.each(fixtures)('that is %s with any byte changed is read or refused', async (name) => {
    const file = await fixture(name);
    for (let at = 0; at < file.length; at++) {
      for (const bits of [1, 16, 128, 255]) {
        expect(outcomes, `byte ${at}`).toContain(outcomeOf(flipped(file, at, bits)));
      }
    }
  });

  test('with random segments is read or refused', async () => {
    const known = (await Promise.all(fixtures.map(fixture))).flatMap(segmentsOf);
    const made = fc.tuple(fc.integer({ min: 0xc0, max: 0xfe }), fc.uint8Array({ maxLength: 60 }));
    const any = fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...known) },
      { weight: 1, arbitrary: made.map(([marker, content]) => segment(marker, content)) },
    );
    fc.assert(
      fc.property(fc.array(any, { maxLength: 14 }), (segments) => {
        expect(outcomes).toContain(outcomeOf(jpegOf(segments)));
      }),
      { numRuns: 2000, seed: 1 },
    );
  });

  test('with random scan data is read or refused', async () => {
    const file = await fixture('progressive');
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 10, maxLength: 10 }), (data) => {
        let scan = 0;
        const damaged = withChanged(file, markers.scan, (each) => [
          each.subarray(0, 4 + each.readUInt16BE(2) - 2),
          Buffer.from(data[scan++ % 10]).map((byte) => Math.min(byte, 0xfe)) as Buffer,
        ]);
        expect(outcomes).toContain(outcomeOf(damaged));
      }),
      { numRuns: 1000, seed: 1 },
    );
  });

  test('of random bytes is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(refusals).toContain(outcomeOf(Buffer.concat([Buffer.from([0xff, 0xd8]), bytes])));
      }),
      { numRuns: 1000, seed: 1 },
    );
  });

  test('of 65535 × 65535 pixels takes little memory', async () => {
    const file = withChanged(await fixture('baseline'), markers.frame, (each) => [each.fill(0xff, 5, 9)]);
    expect(growth(() => expect(outcomeOf(file)).toBe('IMAGE_TOO_LARGE'))).toBeLessThan(32);
  });

  test('of the maximum size without data takes little memory', async () => {
    const file = withChanged(await fixture('grey'), markers.frame, (each) => [
      Buffer.from(each).fill(Buffer.from([0x20, 0x00, 0x20, 0x00]), 5, 9),
    ]);
    expect(growth(() => expect(outcomeOf(file)).toBe('IMAGE_INVALID'))).toBeLessThan(32);
  });

  test('of 24 megapixels takes three bytes a pixel', () => {
    const file = evenJpeg(4284, 5712);
    expect(growth(() => expect(outcomeOf(file)).toBe('a picture'))).toBeLessThan(100);
  });

  test('with ten thousand scans is refused before the first is decoded', async () => {
    const file = withChanged(await fixture('progressive'), markers.scan, (each) =>
      new Array<Buffer>(1000).fill(each),
    );
    expect(outcomeOf(file)).toBe('IMAGE_INVALID');
  });

  test('cannot hide segments from the size check', async () => {
    // The tables claim to be longer than their segment, so a careless reader would take the next segment as part of
    // them.
    const file = withChanged(await fixture('grey'), markers.tables, (each) => [each.fill(255, 5, 21)]);
    expect(outcomeOf(file)).toBe('IMAGE_INVALID');
  });
});
