/** The SHA-256 of content that may be large, computed in slices so that the event loop keeps running. */
import { createHash } from 'node:crypto';
import { createSlicedWork } from '../lib/sliced-work.js';

/** Lower-case hexadecimal. */
export async function sha256InSlices(content: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  await createSlicedWork()(content.length, 1, (start, end) => hash.update(content.subarray(start, end)));
  return hash.digest('hex');
}
