/**
 * Large JSON is parsed in a thread of its own, which packs its lists of numbers. To schemas each of these is a list with a
 * corner of the numbers; once the schemas are satisfied, the packed numbers take the corner's place.
 */
import { TrainyardError } from '../../errors.js';
import { sizeOfShape, type PackedNumbers } from '../../model/serving/packed-numbers.js';
import { createTaskThread } from '../../lib/task-thread.js';
import type { PackedJson, PackedPlace } from './packing-parser.js';

export interface LargeJson {
  /** With corners. */
  body: unknown;
  /** Puts the packed numbers into `body`. */
  unfold: () => void;
}

export interface LargeJsonReader {
  /** `text` is given away. @throws TrainyardError MALFORMED_JSON, INVALID_REQUEST, BODY_TOO_LARGE, OVERLOADED */
  read(text: Uint8Array, signal: AbortSignal): Promise<LargeJson>;
  close(): Promise<void>;
}

// From src/ in tests and from dist/ in service: both lie as deep below the root.
const entry = new URL('../../../dist/api/bodies/thread.js', import.meta.url);

/** Numbers lie outside of the heap, and of all else there is little. */
const resourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 };
const idleMs = 60_000;
/** The slowest body that may be sent takes a few seconds. */
const timeLimitMs = 20_000;
/** Their bytes are limited too. */
const mostWaiting = 1_000;

/** No schema allows lists of more items and yet limits them. */
const mostCornerItems = 2_000;

export function createLargeJsonReader(): LargeJsonReader {
  const line = createTaskThread<Uint8Array, PackedJson>({
    entry,
    resourceLimits,
    idleMs,
    timeLimitMs,
    mostWaiting,
    handOver(text) {
      // What is part of a larger buffer is copied, as all of it would go.
      const message = text.byteLength === text.buffer.byteLength ? text : Uint8Array.from(text);
      return { message, transfer: [message.buffer as ArrayBuffer] };
    },
    tooSlow: () => tooMuch('time'),
    tooMuchMemory: () => tooMuch('memory'),
    tooManyWaiting: () =>
      new TrainyardError('OVERLOADED', `${mostWaiting} large bodies wait to be parsed already.`),
  });
  return {
    async read(text, signal) {
      const { root, places, numbers } = await line.run(text, signal);
      const packed = places.map((place) => ({ place, list: packedAt(place, numbers) }));
      for (const { place, list } of packed) put(place, cornerOf(list));
      return {
        body: root.body,
        unfold() {
          for (const { place, list } of packed) put(place, list);
        },
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

/** As many items as there are, so far as a schema counts them, each with its first number. */
function cornerOf({ shape: [items = 0, ...inner], data }: PackedNumbers): unknown[] {
  let item: unknown = data[0];
  for (const length of inner.reverse()) item = length === 0 ? [] : [item];
  return new Array<unknown>(Math.min(items, mostCornerItems)).fill(item);
}

function tooMuch(what: 'time' | 'memory'): TrainyardError {
  return new TrainyardError(
    'BODY_TOO_LARGE',
    `The body takes more ${what} to parse than this service has for one.`,
  );
}
