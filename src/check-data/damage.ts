/** What is found damaged, and how it is looked for without changing anything. */
import { createHash } from 'node:crypto';
import { TrainyardError } from '../errors.js';
import { decodeDocument } from '../jobs/runs/json-document.js';
import type { Shape } from '../lib/json-shape.js';
import type { FileDigest } from '../model/files/manifest.js';
import type { Storage } from '../storage/storage.js';

export interface Damage {
  /** Of the blob, or of the prefix under which the blobs lie. */
  key: string;
  /** A sentence that names the key. */
  problem: string;
  /** What cannot be done because of it. Sentences. */
  cost: string;
  /** What puts it right, in order; none: it must be made readable first. */
  repair: Repair[];
}

export type Repair = { move: string } | { put: string; content: Buffer };

/** What has been looked at, by its plural. */
export type Counts = Record<
  'jobs' | 'checkpoints' | 'models' | 'versions' | 'aliases' | 'idempotency keys' | 'API keys',
  number
>;

/** A job, a model, an idempotency key or an API key: what is checked, and repaired, in one go. */
export interface Part {
  name: string;
  check: (storage: Storage, counts: Counts) => Promise<Damage[]>;
}

/** The same storage, which refuses every write as a full disk would. */
export function readOnly(storage: Storage): Storage {
  const refuse = (): Promise<never> =>
    Promise.reject(new TrainyardError('STORAGE_UNAVAILABLE', 'Checking changes nothing.'));
  return { ...storage, put: refuse, create: refuse, append: refuse, move: refuse, remove: refuse };
}

/** What is wrong, as a damage of that key; [] when nothing is. `repair` is left out where the blob cannot be read. */
export async function damageOf(
  key: string,
  check: () => Promise<unknown>,
  { cost, repair }: { cost: string; repair: Repair[] },
): Promise<Damage[]> {
  try {
    await check();
    return [];
  } catch (error) {
    if (!isDamage(error)) throw error;
    const isUnreadable = error.code === 'BLOB_UNREADABLE';
    return [{ key, problem: error.message, cost, repair: isUnreadable ? [] : repair }];
  }
}

/** Of a document that somebody may have removed since it was listed. */
export function damageOfDocument(
  storage: Storage,
  key: string,
  shape: Shape<unknown>,
  means: { cost: string; repair: Repair[] },
): Promise<Damage[]> {
  const check = async (): Promise<void> => {
    const bytes = await storage.read(key);
    if (bytes !== null) decodeDocument(bytes, key, shape);
  };
  return damageOf(key, check, means);
}

/**
 * Reads the file as a stream, however large it is.
 * @throws TrainyardError CHECKPOINT_CORRUPT, BLOB_UNREADABLE
 */
export async function checkFile(storage: Storage, key: string, expected: FileDigest): Promise<void> {
  const stream = await storage.open(key);
  if (stream === null) throw new TrainyardError('CHECKPOINT_CORRUPT', `${key} is missing.`);
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TrainyardError('BLOB_UNREADABLE', `${key} cannot be read to its end. (${reason})`, { cause });
  }
  if (bytes !== expected.size_bytes) {
    const message = `${key} is ${bytes} bytes long and should be ${expected.size_bytes}.`;
    throw new TrainyardError('CHECKPOINT_CORRUPT', message);
  }
  if (hash.digest('hex') !== expected.sha256) {
    throw new TrainyardError('CHECKPOINT_CORRUPT', `${key} is not what was written: its SHA-256 differs.`);
  }
}

function isDamage(error: unknown): error is TrainyardError {
  return (
    error instanceof TrainyardError &&
    ['RUN_CORRUPT', 'CHECKPOINT_CORRUPT', 'BLOB_UNREADABLE'].includes(error.code)
  );
}
