/** A thread that reads pictures one after the other, so that a large one keeps nobody waiting but those behind it. */
import { TrainyardError } from '../errors.js';
import { createTaskThread, type TaskThread } from '../lib/task-thread.js';
import type { ReadTask } from './read-image.js';

/** Pixels do not lie on the heap: what they take is limited by the size of the picture. */
const resourceLimits = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 32 };
const idleMs = 5_000;

// From src/ in tests and from dist/ in service: both lie as deep below the root.
const entry = new URL('../../dist/images/thread.js', import.meta.url);

/** Refuses with IMAGE_INVALID, IMAGE_TOO_LARGE, OVERLOADED, SHUTTING_DOWN. */
export function createReadingThread(options: {
  timeLimitMs: number;
  mostWaiting: number;
}): TaskThread<ReadTask, Float32Array> {
  const { timeLimitMs, mostWaiting } = options;
  return createTaskThread<ReadTask, Float32Array>({
    entry,
    resourceLimits,
    idleMs,
    timeLimitMs,
    mostWaiting,
    handOver(task) {
      // A copy to give away: as it is, the whole buffer would go that the bytes may be a small part of.
      const bytes = Uint8Array.from(task.bytes);
      return { message: { ...task, bytes }, transfer: [bytes.buffer] };
    },
    tooSlow() {
      const message = `The image takes more than ${timeLimitMs / 1000} seconds to decode.`;
      return new TrainyardError('IMAGE_INVALID', message);
    },
    tooMuchMemory(cause) {
      const message = 'The image takes more memory to decode than this service has for one.';
      return new TrainyardError('IMAGE_TOO_LARGE', message, { cause });
    },
    tooManyWaiting() {
      const message = `${mostWaiting} large images are waiting to be decoded already.`;
      return new TrainyardError('OVERLOADED', message);
    },
  });
}
