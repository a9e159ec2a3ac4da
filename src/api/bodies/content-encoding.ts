/** Inflates compressed bodies (RFC 9110, section 8.4). */
import * as zlib from 'node:zlib';
import type { Transform } from 'node:stream';
import { TrainyardError } from '../../errors.js';

/** Bytes that an inflater gives at a time. */
const chunkSize = 2 ** 16;

type CreateInflater = () => Transform;

const gzip: CreateInflater = () => zlib.createGunzip({ chunkSize });

const inflaters = new Map<string, CreateInflater>([
  ['gzip', gzip],
  ['deflate', () => zlib.createInflate({ chunkSize })],
  ['br', () => zlib.createBrotliDecompress({ chunkSize })],
  ...zstdWhereNodeHasIt(),
]);

const aliases: Partial<Record<string, string>> = { 'x-gzip': 'gzip' };

/** In the form of `Accept-Encoding`. */
export const takenEncodings = [...inflaters.keys()].join(', ');

/**
 * A stream that inflates a body with this `Content-Encoding`; null for a body that is not compressed.
 * @throws TrainyardError UNSUPPORTED_MEDIA_TYPE
 */
export function inflaterFor(contentEncoding: string | undefined): Transform | null {
  if (contentEncoding === undefined) return null;
  const name = contentEncoding.trim().toLowerCase();
  if (name === '' || name === 'identity') return null;
  const create = inflaters.get(aliases[name] ?? name);
  if (create) return create();
  const sent = JSON.stringify(contentEncoding.slice(0, 100));
  const message = `The Content-Encoding ${sent} is not supported. Use one of ${takenEncodings}, or none.`;
  throw new TrainyardError('UNSUPPORTED_MEDIA_TYPE', message);
}

/** Node has it from 22.15 on. RFC 9659 limits the window to 8 MiB. */
function zstdWhereNodeHasIt(): [string, CreateInflater][] {
  const { createZstdDecompress, constants } = zlib as unknown as {
    createZstdDecompress?: (options: object) => Transform;
    constants: Record<string, number>;
  };
  if (createZstdDecompress === undefined) return [];
  const params = { [constants['ZSTD_d_windowLogMax'] ?? 0]: 23 };
  return [['zstd', () => createZstdDecompress({ chunkSize, params })]];
}
