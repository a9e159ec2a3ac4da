/** Moves what is damaged aside, and puts in its place what the rest needs. Nothing is deleted. */
import type { Storage } from '../storage/storage.js';
import type { Repair } from './damage.js';

/** The keys under which what was moved lies now. */
export async function putRight(storage: Storage, repairs: readonly Repair[], now: Date): Promise<string[]> {
  const aside = `damaged/${now.toISOString().replaceAll(':', '-')}`;
  const moved: string[] = [];
  for (const repair of repairs) {
    if ('put' in repair) {
      await storage.put(repair.put, repair.content);
      continue;
    }
    const to = `${aside}/${repair.move}`;
    await storage.move(repair.move, to);
    moved.push(to);
  }
  return moved;
}
