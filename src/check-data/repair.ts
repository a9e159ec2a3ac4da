/** Moves what is damaged aside, and puts in its place what the rest needs. Nothing is deleted. */
import type { Storage } from '../storage/storage.js';
import type { Repair } from './damage.js';

/** `aside` is a prefix under which there is nothing yet. The keys under which what was moved lies now. */
export async function putRight(
  storage: Storage,
  repairs: readonly Repair[],
  aside: string,
): Promise<string[]> {
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
