/**
 * Manifests: the small JSON documents that say which files belong together and what each must be. A manifest carries a
 * digest of itself, so that damage to it is noticed as surely as damage to the files that it names.
 */
import { createHash } from 'node:crypto';
import { TrainyardError } from '../../errors.js';
import { isStorageFailure } from '../../storage/storage.js';
import { sha256InSlices } from '../../storage/digest.js';

/** Which of them a kind of manifest has been written in is its own matter. */
const formats = [1, 2] as const;
type ManifestFormat = (typeof formats)[number];

/** What a file must be. A document. */
export interface FileDigest {
  size_bytes: number;
  /** Lower-case hexadecimal. */
  sha256: string;
}

export function digestOf(content: Uint8Array): FileDigest {
  return { size_bytes: content.length, sha256: sha256(content) };
}

/**
 * The content, if there is one and it is what the digest says.
 * @throws TrainyardError CHECKPOINT_CORRUPT
 */
export async function verifyDigest(
  name: string,
  content: Buffer | null,
  expected: FileDigest,
): Promise<Buffer> {
  if (content === null) throw corrupt(`${name} is missing`);
  if (content.length !== expected.size_bytes) {
    throw corrupt(`${name} is ${content.length} bytes long and should be ${expected.size_bytes}`);
  }
  if ((await sha256InSlices(content)) !== expected.sha256)
    throw corrupt(`${name} is not what was written: its SHA-256 differs`);
  return content;
}

export function encodeManifest(body: { format_version: ManifestFormat }): Buffer {
  return Buffer.from(JSON.stringify({ ...body, manifest_sha256: sha256(JSON.stringify(body)) }, null, 2));
}

/**
 * The body as it was given to `encodeManifest`: the digest is what allows the caller to trust its type.
 * @throws TrainyardError CHECKPOINT_CORRUPT
 */
export function decodeManifest(name: string, bytes: Buffer): unknown {
  let manifest: { format_version?: unknown; manifest_sha256?: unknown } | null;
  try {
    manifest = JSON.parse(bytes.toString()) as typeof manifest;
  } catch (cause) {
    throw corrupt(`${name} is not JSON`, cause);
  }
  const { manifest_sha256: digest, ...body } = manifest ?? {};
  if (digest !== sha256(JSON.stringify(body)))
    throw corrupt(`${name} is not what was written: its SHA-256 differs`);
  if (!formats.includes(body.format_version as ManifestFormat))
    throw corrupt(
      `${name} is not of format version ${formats.join(' or ')}, the only ones that this service reads`,
    );
  return body;
}

/** Whether one document cannot be read, while the store itself can. */
export function isDamage(error: unknown): error is TrainyardError {
  return error instanceof TrainyardError && !isStorageFailure(error);
}

function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}

function corrupt(problem: string, cause?: unknown): TrainyardError {
  return new TrainyardError('CHECKPOINT_CORRUPT', `${problem}.`, { cause });
}
