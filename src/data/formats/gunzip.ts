/** Inflating gzip, of one member or of several, without trusting it. */
import { Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { pieceBytes } from './byte-source.js';
import { refusal } from './rows.js';

export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/**
 * Inflates as the reader reads, never more than a piece ahead.
 * @throws TableRefusal TRUNCATED_ARCHIVE, DAMAGED_FILE, or TOO_LARGE after `mostBytes`
 */
export async function* gunzip(
  source: AsyncIterable<Uint8Array>,
  mostBytes: number,
): AsyncGenerator<Uint8Array> {
  const inflated = createGunzip({ chunkSize: pieceBytes });
  // The callback is there because a pipeline needs one: the loop below throws what fails.
  pipeline(Readable.from(source, { objectMode: true, highWaterMark: 1 }), inflated, () => undefined);
  let total = 0;
  try {
    for await (const piece of inflated as AsyncIterable<Uint8Array>) {
      total += piece.length;
      if (total > mostBytes) {
        throw refusal(
          'TOO_LARGE',
          `The gzip file holds more than ${mostBytes} bytes, which is the most that is taken.`,
        );
      }
      yield piece;
    }
  } catch (error) {
    throw zlibRefusal(error) ?? error;
  } finally {
    inflated.destroy();
  }
}

function zlibRefusal(error: unknown): Error | null {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'Z_BUF_ERROR') {
    return refusal(
      'TRUNCATED_ARCHIVE',
      'The gzip file is cut short, so rows are missing. Upload the whole file again.',
    );
  }
  if (code.startsWith('Z_')) {
    return refusal(
      'DAMAGED_FILE',
      'The gzip file is damaged. Compress the table again, and check it with gzip -t.',
    );
  }
  return null;
}
