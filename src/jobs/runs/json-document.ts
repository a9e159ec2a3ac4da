/** JSON documents. Each is checked whole when it is read: it has a known format version and its shape, or it is refused. */
import { TrainyardError, type ErrorCode } from '../../errors.js';
import type { Shape } from '../../lib/json-shape.js';

/** `formats` are the format versions that the shape stands for; version 1 alone where it does not say. */
export type DocumentShape<T> = Shape<T> & { readonly formats?: readonly number[] };

/** A document that is read in each of these format versions. */
export function inEachFormat<T>(shapes: Readonly<Record<number, Shape<T>>>): DocumentShape<T> {
  const shape: Shape<T> = (value, path) => shapes[formatOf(value) as number]?.(value, path) ?? null;
  return Object.assign(shape, { formats: Object.keys(shapes).map(Number) });
}

/** Of format version 1, unless the fields name another. */
export function encodeDocument(fields: object): Buffer {
  return Buffer.from(JSON.stringify({ format_version: 1, ...fields }, null, 2));
}

/** @throws TrainyardError `code`, naming the key and the field */
export function decodeDocument<T>(
  bytes: Buffer,
  key: string,
  shape: DocumentShape<T>,
  code: ErrorCode = 'RUN_CORRUPT',
): T {
  let document: unknown;
  try {
    document = JSON.parse(bytes.toString());
  } catch (cause) {
    throw new TrainyardError(code, `${key} is ${bytes.length === 0 ? 'empty' : 'not JSON'}.`, {
      cause,
    });
  }
  const { formats = [1] } = shape;
  if (!formats.includes(formatOf(document) as number)) {
    const readable = formats.length === 1 ? 'the only one' : 'the only ones';
    const problem = `is not of format version ${formats.join(' or ')}, ${readable} that this service reads`;
    throw new TrainyardError(code, `${key} ${problem}.`);
  }
  const problem = shape(document, '');
  if (problem !== null) throw new TrainyardError(code, `${key} is damaged: ${problem}.`);
  return document as T;
}

function formatOf(document: unknown): unknown {
  return (document as { format_version?: unknown } | null)?.format_version;
}
