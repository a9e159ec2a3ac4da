/**
 * Blobs that are numbered in their folder: versions, attempts, parts. A number is never used again: what was removed under
 * it leaves a blob of the same name in another folder.
 */
import type { Storage } from './storage.js';

/** Padded so that a listing sorts by number. */
export function numberedName(number: number): string {
  return String(number).padStart(6, '0');
}

/** The numbers in a listing, ascending. Names of another form are passed over. */
export function numbersIn(names: readonly string[], extension: '' | '.json' = '.json'): number[] {
  return names
    .filter((name) => name.endsWith(extension))
    .map((name) => name.slice(0, name.length - extension.length))
    .filter((stem) => /^\d{6,}$/.test(stem))
    .map(Number)
    .sort((a, b) => a - b);
}

/** The first number above those in use and those that were removed, both ascending. */
export function nextNumber(inUse: readonly number[], removed: readonly number[]): number {
  return Math.max(0, ...inUse.slice(-1), ...removed.slice(-1)) + 1;
}

/**
 * Moves the blob to the removed ones, unless `isNeeded` says so once nobody can find it any more; it is then put back.
 * @returns what was removed; 'needed'; null: there is no such blob
 */
export async function removeNumbered(
  storage: Storage,
  { key, removedKey }: { key: string; removedKey: string },
  isNeeded: () => Promise<boolean>,
): Promise<Buffer | 'needed' | null> {
  const bytes = await storage.read(key);
  if (bytes === null) return null;
  await storage.create(removedKey, bytes);
  await storage.remove(key);
  if (!(await isNeeded())) return bytes;
  await storage.create(key, bytes);
  await storage.remove(removedKey);
  return 'needed';
}
