/**
 * The engine's memories. V8 does not count shared memory when it decides whether to collect garbage, so discarded memories
 * would pile up to gigabytes. They are given back here instead and used again.
 */
import { TrainyardError } from '../../../errors.js';
import { megabytes } from '../training-memory.js';

const pageBytes = 65_536;
/** The most that 32-bit addresses reach. */
const reachBytes = 2 ** 32;
/** How many unused memories are kept. */
const mostSpares = 4;
/** A spare that is larger than needed by more than this factor is left for a larger need. */
const mostWaste = 2;

/** In the order in which they were given back. */
const spares: WebAssembly.Memory[] = [];

/**
 * A memory of at least `neededBytes` bytes, all zero.
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
    throw tooLarge(neededBytes, 'this machine does not have it now', cause);
  }
}

/** Call it once, when the memory is no longer used. */
export function giveBackMemory(memory: WebAssembly.Memory): void {
  spares.push(memory);
  if (spares.length > mostSpares) spares.shift();
}

function tooLarge(neededBytes: number, limit: string, cause?: unknown): TrainyardError {
  const message = `This network and its data need ${megabytes(neededBytes)} of WebAssembly memory; ${limit}.`;
  return new TrainyardError('NETWORK_TOO_LARGE', message, { cause });
}
