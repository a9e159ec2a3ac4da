/** Reads pictures without keeping the event loop waiting: small ones at once, others in a thread made on first use. */
import { isJpeg } from './jpeg-segments.js';
import { isPng } from './png-chunks.js';
import { readImage, sizeOfImage, type ReadTask } from './read-image.js';
import type { TaskThread } from '../lib/task-thread.js';
import { createReadingThread } from './reading-thread.js';

export interface ImageReader {
  /**
   * A PNG or JPEG file → (side, side), 0 to 255.
   * @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE, OVERLOADED, SHUTTING_DOWN
   */
  read(task: ReadTask): Promise<Float32Array>;
  /** Ends what is being read. */
  close(): Promise<void>;
}

/** These take milliseconds at most, less than it would to hand them over. */
const small = { bytes: 2 ** 17, pixels: 2 ** 16 };

export function createImageReader({ timeLimitMs = 10_000, mostWaiting = 16 } = {}): ImageReader {
  let thread: TaskThread<ReadTask, Float32Array> | undefined;
  return {
    async read(task) {
      if (isSmall(task.bytes)) return readImage(task);
      thread ??= createReadingThread({ timeLimitMs, mostWaiting });
      return thread.run(task);
    },
    close: () => thread?.close() ?? Promise.resolve(),
  };
}

/** Whether bytes of any kind are an image file: no float32 that is meant as one begins so. */
export function beginsAsImage(bytes: Uint8Array): boolean {
  return isPng(bytes) || (isJpeg(bytes) && bytes[2] === 0xff && bytes[3] >= 0xdb);
}

/** @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
function isSmall(bytes: Uint8Array): boolean {
  if (bytes.length > small.bytes) return false;
  const { width, height } = sizeOfImage(bytes);
  return width * height <= small.pixels;
}
