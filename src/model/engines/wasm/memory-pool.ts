/**
 * The engine's memories. V8 does not count shared memory when it decides whether to collect garbage, so that memories let
 * go of pile up to gigabytes; so they are given back here and used again.
 */
import { TrainyardError } from '../../../errors.js';
import { megabytes } from '../training-memory.js';

const pageBytes = 65_536;
/** What 32-bit addresses reach. */
const reachBytes = 2 ** 32;
/** Unused memories that are kept. */
const mostSpares = 4;
/** A spare that is larger than needed by more than this is left for a larger need. */
const mostWaste = 2;

/** What was given back last comes last. */
const spares: WebAssembly.Memory[] = [];

/**
 * A memory of at least so many bytes, all zero.
 * @throws TrainyardError NETWORK_TOO_LARGE
 */
export function takeMemory(neededBytes: number, limitBytes: number = reachBytes): WebAssembly.Memory {
  const pages = Math.ceil(neededBytes / pageBytes);
  const most = Math.min(limitBytes, reachBytes);
  if (pages * pageBytes > most) throw tooLarge(neededBytes, `the limit here is ${megabytes(most)}`);
  const fitting = spares.findIndex(({ buffer: { byteLength } }) => {
    return byteLength >= neededBytes && byteLength <= mostWaste * pages * pageBytes && byteLength <= most;
  });
  if (fitting !== -1) {
    const [spare] = spares.splice(fitting, 1);
    new Uint8Array(spare.buffer).fill(0);
    return spare;
  }
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    throw tooLarge(neededBytes, 'so much is not to be had here now', cause);
  }
}

/** To be called once, when nobody uses the memory any more. */
export function giveBackMemory(memory: WebAssembly.Memory): void {
  spares.push(memory);
  if (spares.length > mostSpares) spares.shift();
}

function tooLarge(neededBytes: number, limit: string, cause?: unknown): TrainyardError {
  const message = `This network and its data need ${megabytes(neededBytes)} of WebAssembly memory; ${limit}.`;
  return new TrainyardError('NETWORK_TOO_LARGE', message, { cause });
}
