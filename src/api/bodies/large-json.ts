/**
 * Parses large JSON in a thread, which packs its lists of numbers. Schemas see each packed list as a list with a few of
 * its numbers (a corner). Once the schemas have passed, the packed numbers replace the corner.
 */
import { TrainyardError } from '../../errors.js';
import { sizeOfShape, type PackedNumbers } from '../../model/serving/packed-numbers.js';
import { createTaskThread } from '../../lib/task-thread.js';
import type { PackedJson, PackedPlace } from './packing-parser.js';

export interface LargeJson {
  /** With corners in place of the packed numbers. */
  body: unknown;
  /** Puts the packed numbers into `body`. */
  unfold: () => void;
  /** About how much memory the values take that are not packed. */
  valueBytes: number;
}

export interface LargeJsonReader {
  /**
   * `text` is handed over and must not be used again. @throws TrainyardError MALFORMED_JSON, INVALID_REQUEST,
   * BODY_TOO_LARGE, OVERLOADED
   */
  read(text: Uint8Array, signal: AbortSignal): Promise<LargeJson>;
  close(): Promise<void>;
}

// The same relative path from src/ (tests) and from dist/ (service).
const entry = new URL('../../../dist/api/bodies/thread.js', import.meta.url);

/** The numbers are outside the heap, and the rest of a body is limited. */
const resourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 };
const idleMs = 60_000;
/** The slowest body within the limits takes a few seconds. */
const timeLimitMs = 20_000;
/** The memory of their bodies is limited too. */
const mostWaiting = 1_000;

/** Of a short text or a number with its place in an object. */
const bytesPerValue = 64;

/** More than any limit of a schema on the length of a list. */
const mostCornerItems = 2_000;

export function createLargeJsonReader(): LargeJsonReader {
  const line = createTaskThread<Uint8Array, PackedJson>({
    entry,
    resourceLimits,
    idleMs,
    timeLimitMs,
    mostWaiting,
    handOver(text) {
      // A part of a larger buffer is copied, since the whole buffer would be transferred.
      const message = text.byteLength === text.buffer.byteLength ? text : Uint8Array.from(text);
      return { message, transfer: [message.buffer as ArrayBuffer] };
    },
    tooSlow: () => tooMuch('time'),
    tooMuchMemory: () => tooMuch('memory'),
    tooManyWaiting: () =>
      new TrainyardError('OVERLOADED', `${mostWaiting} large bodies are already waiting to be parsed.`),
  });
  return {
    async read(text, signal) {
      const { root, places, numbers, values } = await line.run(text, signal);
      const packed = places.map((place) => ({ place, list: packedAt(place, numbers) }));
      for (const { place, list } of packed) put(place, cornerOf(list));
      return {
        body: root.body,
        unfold() {
          for (const { place, list } of packed) put(place, list);
        },
        valueBytes: values * bytesPerValue,
      };
    },
    close: () => line.close(),
  };
}

function packedAt({ shape, start }: PackedPlace, numbers: Float64Array): PackedNumbers {
  return { shape, data: numbers.subarray(start, start + sizeOfShape(shape)) };
}

function put({ holder, key }: PackedPlace, value: unknown): void {
  (holder as Record<string | number, unknown>)[key] = value;
}

/** A list of the same length, as far as schemas count, in which each item has only its first number. */
function cornerOf({ shape: [items = 0, ...inner], data }: PackedNumbers): unknown[] {
  let item: unknown = data[0];
  for (const length of inner.reverse()) item = length === 0 ? [] : [item];
  return new Array<unknown>(Math.min(items, mostCornerItems)).fill(item);
}

function tooMuch(what: 'time' | 'memory'): TrainyardError {
  return new TrainyardError(
    'BODY_TOO_LARGE',
    `The body takes more ${what} to parse than the service allows.`,
  );
}
