/** The JSON documents of a run: of format version 1, or refused. */
import { TrainyardError } from '../errors.js';

export function encodeDocument(fields: object): Buffer {
  return Buffer.from(JSON.stringify({ format_version: 1, ...fields }, null, 2));
}

/** @throws TrainyardError RUN_CORRUPT, naming the key */
export function decodeDocument(bytes: Buffer, key: string): unknown {
  let document: unknown;
  try {
    document = JSON.parse(bytes.toString());
  } catch (cause) {
    throw new TrainyardError('RUN_CORRUPT', `${key} is not JSON.`, { cause });
  }
  if ((document as { format_version?: unknown } | null)?.format_version !== 1) {
    throw new TrainyardError('RUN_CORRUPT', `${key} is not of format version 1, the only one that is read.`);
  }
  return document;
}
