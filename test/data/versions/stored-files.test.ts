import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  openStoredFile,
  partBytes,
  readStoredFile,
  storeFile,
} from '../../../src/data/versions/stored-files.js';
import { flipBit, temporaryStorage } from '../../storage/temporary-storage.js';

async function* pieces(content: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < content.length; start += size)
    yield await Promise.resolve(content.subarray(start, start + size));
}

describe('a file in parts', () => {
  const content = randomBytes(2 * partBytes + 1_000);

  test('is read as it was stored: as a stream, and any slice of it', async () => {
    const storage = await temporaryStorage();
    const file = await storeFile(storage, 'f', pieces(content, 1_000_003));
    expect(file).toEqual({
      size_bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
      part_bytes: partBytes,
    });
    expect(await storage.list('f')).toEqual(['000001', '000002', '000003']);
    const source = openStoredFile(storage, 'f', file);
    expect((await readStoredFile(source)).equals(content)).toBe(true);
    for (const [start, end] of [
      [0, 1],
      [5, 5],
      [0, partBytes],
      [partBytes - 3, partBytes + 4],
      [10, 2 * partBytes + 20],
      [content.length - 8, content.length + 100],
    ] as const) {
      const slice = Buffer.from(await source.slice(start, end));
      expect(slice.equals(content.subarray(start, end)), `${start} to ${end}`).toBe(true);
    }
  });

  test('is empty without parts', async () => {
    const storage = await temporaryStorage();
    const file = await storeFile(storage, 'f', pieces(Buffer.alloc(0), 1));
    expect(await storage.list('f')).toEqual([]);
    expect(await readStoredFile(openStoredFile(storage, 'f', file))).toHaveLength(0);
  });

  test('is refused when a bit of it is wrong, or a part is missing or cut short', async () => {
    const storage = await temporaryStorage();
    const file = await storeFile(storage, 'f', pieces(content.subarray(0, partBytes + 10), partBytes));
    const source = openStoredFile(storage, 'f', file);
    const corrupt = { code: 'DATASET_CORRUPT' };
    await flipBit(storage, 'f/000001', 12_345);
    await expect(readStoredFile(source)).rejects.toMatchObject(corrupt);
    await storage.put('f/000002', Buffer.from('short'));
    await expect(source.slice(partBytes, partBytes + 10)).rejects.toMatchObject(corrupt);
    await storage.remove('f/000002');
    await expect(readStoredFile(source)).rejects.toMatchObject(corrupt);
  });

  test('is given up where its reader says so, before more of it is stored', async () => {
    const storage = await temporaryStorage();
    let seen = 0;
    const storing = storeFile(storage, 'f', pieces(content, 1_000), (count) => {
      seen += count;
      if (seen > 5_000) throw new Error('enough');
    });
    await expect(storing).rejects.toThrow('enough');
    expect(seen).toBe(6_000);
    expect(await storage.list('f')).toEqual([]);
  });
});
