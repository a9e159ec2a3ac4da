/**
 * Bodies that a route stores as they arrive instead of holding them in memory. A body is read only as fast as it is
 * stored, inflated, and refused when its client stalls.
 */
import type { IncomingMessage } from 'node:http';
import { pipeline, type Transform } from 'node:stream';
import { TrainyardError } from '../../errors.js';

export interface SlowBodies {
  /** For this long a body may be slower. */
  graceMs: number;
  /** The least average speed after that. */
  bytesPerSecond: number;
}

/**
 * The pieces of the body. A consumer that stops early leaves the connection open, so that the client gets its answer.
 * @throws TrainyardError BODY_TOO_SLOW, CLIENT_GONE, and whatever the inflater fails with
 */
export function streamedBody(
  payload: IncomingMessage,
  inflater: Transform | null,
  slow: SlowBodies,
): AsyncIterable<Buffer> {
  const arrived = piecesOf(payload, slow);
  if (inflater === null) return arrived;
  // The consumer of the inflater gets its errors.
  pipeline(arrived, inflater, () => undefined);
  return inflater;
}

/** Only the time in which this side waits for the client counts. */
async function* piecesOf(
  payload: IncomingMessage,
  { graceMs, bytesPerSecond }: SlowBodies,
): AsyncGenerator<Buffer, void, undefined> {
  const pieces = payload.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>;
  let waitedMs = 0;
  let bytes = 0;
  /** Each time that this side has waited for the grace, the client must have sent enough meanwhile. */
  const refuseIfSlow = (): void => {
    if (bytes < (graceMs / 1_000) * bytesPerSecond) throw tooSlow(bytesPerSecond);
    [waitedMs, bytes] = [0, 0];
  };
  try {
    for (;;) {
      const next = arrivalOf(pieces);
      for (;;) {
        const sinceMs = performance.now();
        const piece = await firstOf(next, graceMs - waitedMs);
        waitedMs += performance.now() - sinceMs;
        if (piece === 'late') refuseIfSlow();
        else if (piece.done) return;
        else {
          bytes += piece.value.length;
          if (waitedMs >= graceMs) refuseIfSlow();
          yield piece.value;
          break;
        }
      }
    }
  } finally {
    // Not awaited: while a piece is outstanding, this waits for it.
    pieces.return?.().catch(() => undefined);
  }
}

async function arrivalOf(pieces: AsyncIterableIterator<Buffer>): Promise<IteratorResult<Buffer>> {
  try {
    return await pieces.next();
  } catch (cause) {
    throw new TrainyardError('CLIENT_GONE', 'The client went away.', { cause });
  }
}

async function firstOf<T>(next: Promise<T>, ms: number): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, ms), 'late');
  });
  try {
    return await Promise.race([next, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function tooSlow(bytesPerSecond: number): TrainyardError {
  const message = `The body arrived too slowly, at less than ${bytesPerSecond} bytes a second.`;
  return new TrainyardError('BODY_TOO_SLOW', message);
}
