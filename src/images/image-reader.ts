/**
 * Reads pictures without blocking the event loop: small ones at once, large ones one after the other in a thread that
 * starts when it is needed.
 */
import { TrainyardError } from '../errors.js';
import { createTaskThread, type TaskThread } from '../lib/task-thread.js';
import { isJpeg } from './jpeg-segments.js';
import { isPng } from './png-chunks.js';
import { isOtherFormat, otherMediaTypes } from './other-formats.js';
import { readImage, readOtherImage, type ReadTask } from './read-image.js';
import { sizeOfImage } from './read-picture.js';

export { otherMediaTypes };
export type { WantedInput } from './read-image.js';

export interface ImageReader {
  /**
   * A picture file → the input that is wanted, 0 to 255.
   * @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE, OVERLOADED, SHUTTING_DOWN
   */
  read(task: ReadTask): Promise<Float32Array>;
  /** Stops reading. Pictures that are being read or wait are refused. */
  close(): Promise<void>;
}

/** Smaller pictures take at most a few milliseconds, less than handing them to the thread. */
const small = { bytes: 2 ** 17, pixels: 2 ** 16 };

export function createImageReader({ timeLimitMs = 10_000, mostWaiting = 16 } = {}): ImageReader {
  let thread: TaskThread<ReadTask, Float32Array> | undefined;
  return {
    async read(task) {
      // sharp has threads of its own.
      if (isOtherFormat(task.bytes)) return readOtherImage(task);
      if (isSmall(task.bytes)) return readImage(task);
      thread ??= createReadingThread({ timeLimitMs, mostWaiting });
      return thread.run(task);
    },
    close: () => thread?.close() ?? Promise.resolve(),
  };
}

/** Whether the bytes are an image file rather than float32 inputs, none of which begin like this. */
export function beginsAsImage(bytes: Uint8Array): boolean {
  return isPng(bytes) || (isJpeg(bytes) && bytes[2] === 0xff && bytes[3] >= 0xdb) || isOtherFormat(bytes);
}

/** @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
function isSmall(bytes: Uint8Array): boolean {
  if (bytes.length > small.bytes) return false;
  const { width, height } = sizeOfImage(bytes);
  return width * height <= small.pixels;
}

/** Limits the heap. Pixels are not on the heap; the size of the picture limits their memory. */
const resourceLimits = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 32 };
const idleMs = 5_000;

// Tests run from src/ and the service from dist/. Both are at the same depth below the root.
const entry = new URL('../../dist/images/thread.js', import.meta.url);

/** The thread refuses with IMAGE_INVALID, IMAGE_TOO_LARGE, OVERLOADED, SHUTTING_DOWN. */
function createReadingThread(options: {
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
      // A copy is transferred. The bytes may be a small part of a larger buffer, which would be transferred as a whole.
      const bytes = Uint8Array.from(task.bytes);
      return { message: { ...task, bytes }, transfer: [bytes.buffer] };
    },
    tooSlow() {
      const message = `The image takes more than ${timeLimitMs / 1000} seconds to decode.`;
      return new TrainyardError('IMAGE_INVALID', message);
    },
    tooMuchMemory(cause) {
      const message = 'The image takes more memory to decode than this service allows for one image.';
      return new TrainyardError('IMAGE_TOO_LARGE', message, { cause });
    },
    tooManyWaiting() {
      const message = `${mostWaiting} large images already wait to be decoded.`;
      return new TrainyardError('OVERLOADED', message);
    },
  });
}
