/** Answers with a file: the whole file, the requested range, or nothing when the client has it already (RFC 9110). */
import type { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { TrainyardError } from '../../errors.js';

export interface FileAnswer {
  size_bytes: number;
  /** Lower-case hexadecimal. It identifies the content, and is therefore the ETag. */
  sha256: string;
  /** The name under which a client saves the file. */
  filename: string;
  /** Its media type. Left out: application/octet-stream. */
  type?: string;
  /** The bytes of the range, both ends included. */
  open(range?: ByteRange): Promise<Readable>;
}

export interface ByteRange {
  start: number;
  end: number;
}

const contentOf = (type: string) => ({ [type]: { schema: { type: 'string', format: 'binary' } } });

/** The answers of a route that sends a file, for its schema. `headers`: those of its own. */
export const fileResponses = (headers: Record<string, object> = {}, type = 'application/octet-stream') => ({
  200: {
    description: 'The file.',
    headers: { ETag: { type: 'string' }, 'Repr-Digest': { type: 'string' }, ...headers },
    content: contentOf(type),
  },
  206: {
    description: 'The requested range of the file.',
    headers: { 'Content-Range': { type: 'string' } },
    content: contentOf(type),
  },
  304: { description: 'The client has the file already: `If-None-Match` named it.', type: 'null' },
});

/** @throws TrainyardError RANGE_NOT_SATISFIABLE, and whatever `open` rejects with */
export async function sendFile(reply: FastifyReply, file: FileAnswer): Promise<FastifyReply> {
  const { headers } = reply.request;
  const etag = `"${file.sha256}"`;
  reply.headers({
    etag,
    'cache-control': 'private, no-cache',
    'accept-ranges': 'bytes',
    'repr-digest': `sha-256=:${Buffer.from(file.sha256, 'hex').toString('base64')}:`,
  });
  if (namesTag(headers['if-none-match'], etag)) return reply.code(304).send();

  const ifRange = headers['if-range'];
  const range =
    ifRange === undefined || ifRange === etag ? rangeOf(headers.range, file.size_bytes) : undefined;
  if (range === null) {
    reply.header('content-range', `bytes */${file.size_bytes}`);
    const message = `The file has ${file.size_bytes} bytes, counted from 0; the Range lies outside them.`;
    throw new TrainyardError('RANGE_NOT_SATISFIABLE', message);
  }
  const stream = await file.open(range);
  if (range) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${file.size_bytes}`);
  return reply
    .type(file.type ?? 'application/octet-stream')
    .header('content-disposition', `attachment; filename="${file.filename}"`)
    .header('content-length', range ? range.end - range.start + 1 : file.size_bytes)
    .send(stream);
}

function namesTag(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags?.some((tag) => tag === etag || tag === '*') ?? false;
}

/**
 * undefined: the whole file, because a header that is not a single range of bytes may be ignored. null: the range lies
 * past the end.
 */
function rangeOf(header: string | undefined, sizeBytes: number): ByteRange | null | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (match === null || match[0] === 'bytes=-') return undefined;
  const [, first, last] = match;
  if (first === '') {
    const length = Math.min(Number(last), sizeBytes);
    return length === 0 ? null : { start: sizeBytes - length, end: sizeBytes - 1 };
  }
  const start = Number(first);
  const end = last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (last !== '' && Number(last) < start) return undefined;
  return start >= sizeBytes ? null : { start, end };
}
