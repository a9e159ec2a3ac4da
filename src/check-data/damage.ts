/** Damage in a store, and the checks that find it without changing anything. */
import { createHash } from 'node:crypto';
import { TrainyardError } from '../errors.js';
import { decodeDocument } from '../jobs/runs/json-document.js';
import type { Shape } from '../lib/json-shape.js';
import type { FileDigest } from '../model/files/manifest.js';
import type { Storage } from '../storage/storage.js';

export interface Damage {
  /** The key of a blob, or the prefix of several. */
  key: string;
  /** A sentence that names the key. */
  problem: string;
  /** What does not work because of the damage, in sentences. */
  cost: string;
  /** The repairs, in order; []: an operator must first make the blob readable. */
  repair: Repair[];
}

export type Repair = { move: string } | { put: string; content: Buffer };

/** How many of each kind were checked. The names are plurals. */
export type Counts = Record<
  | 'jobs'
  | 'checkpoints'
  | 'models'
  | 'versions'
  | 'aliases'
  | 'datasets'
  | 'dataset versions'
  | 'sweeps'
  | 'idempotency keys'
  | 'API keys',
  number
>;

/** A job, a sweep, a model, a dataset, an idempotency key or an API key. Each is checked and repaired as a whole. */
export interface Part {
  name: string;
  check: (storage: Storage, counts: Counts) => Promise<Damage[]>;
}

/** The same storage, but every write fails as on a read-only disk. */
export function readOnly(storage: Storage): Storage {
  const refuse = (): Promise<never> =>
    Promise.reject(new TrainyardError('STORAGE_UNAVAILABLE', 'A check changes nothing.'));
  return { ...storage, put: refuse, create: refuse, append: refuse, move: refuse, remove: refuse };
}

/** The problem that `check` throws, as damage to that key; [] if there is none. An unreadable blob gets no repairs. */
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

/** The damage of a document. It is no damage if the document was removed since it was listed. */
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
 * Checks the size and the digest of a file. Reads it as a stream, because it may be large.
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
    ['RUN_CORRUPT', 'CHECKPOINT_CORRUPT', 'DATASET_CORRUPT', 'BLOB_UNREADABLE'].includes(error.code)
  );
}
