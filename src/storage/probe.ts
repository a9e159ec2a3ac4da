/** Whether a storage can be written, found out by writing. */
import type { Storage } from './storage.js';

const key = 'readiness-probe';
/** So much as takes room on a disk. */
const content = new Uint8Array(4_096);

/**
 * Writes a blob and removes it. Many processes may do so at a time.
 * @throws TrainyardError STORAGE_FULL, STORAGE_UNAVAILABLE
 */
export async function probeStorage(storage: Storage): Promise<void> {
  await storage.put(key, content);
  await storage.remove(key);
}
