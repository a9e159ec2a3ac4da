/** JSON documents, each of which is checked whole when it is read: of format version 1 and of its shape, or refused. */
import { TrainyardError } from '../../errors.js';
import type { Shape } from '../../lib/json-shape.js';

export function encodeDocument(fields: object): Buffer {
  return Buffer.from(JSON.stringify({ format_version: 1, ...fields }, null, 2));
}

/** @throws TrainyardError RUN_CORRUPT, naming the key and the field */
export function decodeDocument<T>(bytes: Buffer, key: string, shape: Shape<T>): T {
  let document: unknown;
  try {
    document = JSON.parse(bytes.toString());
  } catch (cause) {
    throw new TrainyardError('RUN_CORRUPT', `${key} is ${bytes.length === 0 ? 'empty' : 'not JSON'}.`, {
      cause,
    });
  }
  if ((document as { format_version?: unknown } | null)?.format_version !== 1) {
    throw new TrainyardError('RUN_CORRUPT', `${key} is not of format version 1, the only one that is read.`);
  }
  const problem = shape(document, '');
  if (problem !== null) throw new TrainyardError('RUN_CORRUPT', `${key} is damaged: ${problem}.`);
  return document as T;
}
