/** Archives that no user means: each is refused with its code and what to change, and none harms the service. */
import { crc32, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ArchiveEntry, ArchiveLimits } from '../../../src/data/formats/archive.js';
import { gunzip } from '../../../src/data/formats/gunzip.js';
import { bytesInMemory } from '../../../src/data/formats/open-reader.js';
import { TableRefusal } from '../../../src/data/formats/rows.js';
import { readTar } from '../../../src/data/formats/tar.js';
import { readZip } from '../../../src/data/formats/zip.js';
import { takeInPictures } from '../../../src/data/pictures/take-in-pictures.js';
import { paxRecord, tarOf, zipOf, type TarEntry, type ZipEntry } from './archives.js';
import { picture } from './scene.js';

const limits: ArchiveLimits = { entries: 20, fileBytes: 100_000, totalBytes: 300_000 };
const png = picture(8, 8, [200, 30, 30]);
const cats = [
  { path: 'cat/1.png', content: png },
  { path: 'dog/1.png', content: picture(8, 8, [30, 200, 30]) },
];

async function codesOf(entries: AsyncIterable<ArchiveEntry>): Promise<string[]> {
  try {
    const intake = takeInPictures(entries, () => undefined);
    for await (const pixels of intake.pixels) expect(pixels.length).toBeGreaterThan(0);
    intake.index();
    return [];
  } catch (error) {
    if (!(error instanceof TableRefusal)) throw error;
    for (const { message } of error.problems) expect(message).toMatch(/[.*]$/);
    return error.problems.map(({ code }) => code);
  }
}

const ofZip = (bytes: Uint8Array): Promise<string[]> => codesOf(readZip(bytesInMemory(bytes), limits));
const ofTar = (bytes: Uint8Array): Promise<string[]> =>
  codesOf(readTar(bytesInMemory(bytes).stream(), limits));
const zip = (...more: ZipEntry[]): Promise<string[]> => ofZip(zipOf([...cats, ...more]));
const tar = (...more: TarEntry[]): Promise<string[]> => ofTar(tarOf([...cats, ...more]));

describe('a ZIP is refused', () => {
  test.each<[string, string[], ZipEntry]>([
    ['that leads out of itself', ['UNSAFE_PATH'], { path: '../x.png', content: png }],
    ['that leads out of itself in the middle', ['UNSAFE_PATH'], { path: 'cat/../../x.png', content: png }],
    ['with a backslash instead', ['UNSAFE_PATH'], { path: '..\\x.png', content: png }],
    ['with an absolute path', ['UNSAFE_PATH'], { path: '/etc/x.png', content: png }],
    ['with a drive', ['UNSAFE_PATH'], { path: 'C:\\x.png', content: png }],
    ['with a link', ['LINK'], { path: 'cat/2.png', content: Buffer.from('/etc/passwd'), mode: 0o120777 }],
    ['with two files of one name', ['DUPLICATE_NAME'], { path: 'cat/1.png', content: png }],
    ['that is encrypted', ['ENCRYPTED'], { path: 'cat/2.png', content: png, flags: 1 }],
    ['that is encrypted strongly', ['ENCRYPTED'], { path: 'cat/2.png', content: png, flags: 0x41 }],
    ['compressed in another way', ['UNKNOWN_COMPRESSION'], { path: 'cat/2.png', content: png, method: 93 }],
    [
      'with a file that is larger than it says',
      ['LYING_SIZES'],
      { path: 'cat/2.png', content: png, statedSize: 10 },
    ],
    [
      'with a file that is smaller than it says',
      ['LYING_SIZES'],
      { path: 'cat/2.png', content: png, statedSize: 9_000 },
    ],
    ['with a bomb', ['TOO_LARGE'], { path: 'cat/2.png', content: Buffer.alloc(100_001) }],
    ['with a bomb of many files', ['TOO_LARGE'], { path: 'cat/notes.txt', content: Buffer.alloc(300_000) }],
    [
      'with a file that is no picture',
      ['PICTURE_INVALID'],
      { path: 'cat/2.png', content: Buffer.from('nothing') },
    ],
    ['with a picture of absurd size', ['PICTURE_TOO_LARGE'], { path: 'cat/2.png', content: absurd(png) }],
  ])('%s', async (_, codes, entry) => {
    expect(await zip(entry)).toEqual(codes);
  });

  test('whose files share their bytes', async () => {
    const content = Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * 7919) % 251));
    const shared = Array.from({ length: 9 }, (_, i) => ({ path: `cat/s${i}.png`, content, sharesWith: 2 }));
    expect(
      await ofZip(
        zipOf([
          ...cats,
          { path: 'cat/2.png', content, isStored: true },
          ...shared.map((each) => ({ ...each, isStored: true })),
        ]),
      ),
    ).toEqual(['LYING_SIZES']);
  });

  test('that is cut short, has too many entries, or has no pictures', async () => {
    const whole = zipOf(cats);
    expect(await ofZip(whole.subarray(0, whole.length - 30))).toEqual(['TRUNCATED_ARCHIVE']);
    expect(await zip(...Array.from({ length: 20 }, (_, i) => ({ path: `cat/${i}.txt` })))).toEqual([
      'TOO_LARGE',
    ]);
    expect(await ofZip(zipOf([{ path: 'data.csv', content: Buffer.from('a,b\n') }]))).toEqual([
      'NO_PICTURES',
    ]);
    expect(await ofZip(zipOf([]))).toEqual(['NO_PICTURES']);
  });
});

describe('a tar is refused', () => {
  test.each<[string, string[], TarEntry[]]>([
    ['that leads out of itself', ['UNSAFE_PATH'], [{ path: '../x.png', content: png }]],
    [
      'that leads out of itself by a pax header',
      ['UNSAFE_PATH'],
      [
        { path: 'x', type: 'x', content: paxRecord('path', '/x.png') },
        { path: 'x.png', content: png },
      ],
    ],
    ['with a symbolic link', ['LINK'], [{ path: 'cat/2.png', type: '2' }]],
    ['with a hard link', ['LINK'], [{ path: 'cat/2.png', type: '1' }]],
    ['with a device', ['LINK'], [{ path: 'cat/2.png', type: '3' }]],
    ['with two files of one name', ['DUPLICATE_NAME'], [{ path: './cat/1.png', content: png }]],
    ['with a bomb', ['TOO_LARGE'], [{ path: 'cat/2.png', content: Buffer.alloc(100_001) }]],
    [
      'with a size that is no number',
      ['DAMAGED_FILE'],
      [
        { path: 'x', type: 'x', content: paxRecord('size', 'NaN') },
        { path: 'cat/2.png', content: png },
      ],
    ],
    ['with a header without end', ['DAMAGED_FILE'], [{ path: 'x', type: 'x', statedSize: 2 ** 30 }]],
    [
      'with a file larger than the archive',
      ['TRUNCATED_ARCHIVE'],
      [{ path: 'cat/2.png', statedSize: 50_000 }],
    ],
  ])('%s', async (_, codes, entries) => {
    expect(await tar(...entries)).toEqual(codes);
  });

  test('that is cut short, also where an entry ends', async () => {
    const whole = tarOf(cats, { isEnded: false });
    expect(await ofTar(whole)).toEqual(['TRUNCATED_ARCHIVE']);
    expect(await ofTar(whole.subarray(0, whole.length - 600))).toEqual(['TRUNCATED_ARCHIVE']);
  });
});

test('whatever bits of an archive change, it is read or refused', async () => {
  const archives = [
    zipOf(cats),
    tarOf([
      { path: 'x', type: 'x', content: paxRecord('path', 'cat/1.png') },
      ...cats.slice(0, 1),
      ...cats.slice(1),
    ]),
  ];
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(0, 1), changes, fc.nat(), async (which, changed, cut) => {
      const bytes = Buffer.from(archives[which] ?? []);
      for (const [at, value] of changed) bytes[at % bytes.length] = value;
      const part = cut % 4 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes;
      const codes = await (which === 0 ? ofZip(part) : ofTar(part));
      expect(codes.length).toBeLessThanOrEqual(100);
    }),
    { numRuns: 2_000 },
  );
});

test('a gzip bomb around a tar ends at the limit', async () => {
  const bomb = gzipSync(Buffer.alloc(2_000_000));
  const stream = gunzip(bytesInMemory(bomb).stream(), 1_000_000);
  await expect(
    (async () => {
      for await (const piece of stream) expect(piece.length).toBeGreaterThan(0);
    })(),
  ).rejects.toMatchObject({ problems: [{ code: 'TOO_LARGE' }] });
});

/** The picture with a header that says 60,000 × 60,000. */
function absurd(file: Buffer): Buffer {
  const changed = Buffer.from(file);
  changed.writeUInt32BE(60_000, 16);
  changed.writeUInt32BE(60_000, 20);
  changed.writeUInt32BE(crc32(changed.subarray(12, 29)), 29);
  return changed;
}
