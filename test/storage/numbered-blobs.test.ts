import { describe, expect, test } from 'vitest';
import { nextNumber, numberedName, numbersIn, removeNumbered } from '../../src/storage/numbered-blobs.js';
import { temporaryStorage } from './temporary-storage.js';

test('the numbers of a listing ascend, whatever else lies there', () => {
  expect(numbersIn(['1000000.json', '000002.json', '000010', '12.json', 'note.json'])).toEqual([
    2, 1_000_000,
  ]);
  expect(numbersIn(['000010', '000002.json'], '')).toEqual([10]);
});

test('a number is not used again after it was removed', () => {
  expect(nextNumber([], [])).toBe(1);
  expect(nextNumber([1, 2], [3])).toBe(4);
  expect(nextNumber([5], [3])).toBe(6);
});

describe('a numbered blob', () => {
  const keys = { key: `in-use/${numberedName(1)}`, removedKey: `removed/${numberedName(1)}` };

  test('leaves its content among the removed ones', async () => {
    const storage = await temporaryStorage();
    await storage.put(keys.key, Buffer.from('one'));
    expect(await removeNumbered(storage, keys, () => Promise.resolve(false))).toEqual(Buffer.from('one'));
    expect(await storage.read(keys.key)).toBeNull();
    expect(await storage.read(keys.removedKey)).toEqual(Buffer.from('one'));
  });

  test('is put back where it turns out to be needed', async () => {
    const storage = await temporaryStorage();
    await storage.put(keys.key, Buffer.from('one'));
    expect(await removeNumbered(storage, keys, () => Promise.resolve(true))).toBe('needed');
    expect(await storage.read(keys.key)).toEqual(Buffer.from('one'));
    expect(await storage.read(keys.removedKey)).toBeNull();
  });
});
