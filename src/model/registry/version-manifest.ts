/** The document of a published version: versions/000001.json. */
import type { PictureInput } from '../../lib/picture-input.js';
import { decodeManifest, encodeManifest, type FileDigest } from '../files/manifest.js';
import type { EvaluationSummary } from '../evaluation/evaluation.js';
import type { Held } from '../evaluation/publish-gate.js';
import { classHead, type Head } from '../heads/head.js';
import { withDropout, type NetworkSpec, type StoredNetworkSpec } from '../network/network.js';
import type { TableSignature } from './table-signature.js';

export interface VersionManifest {
  format_version: 2;
  model: string;
  version: number;
  /** Of a version that was imported, which no run has made, an id of its own. */
  run_id: string;
  /** Steps that the run had done. */
  step: number;
  /** What the run was to do, as JSON that only the run understands. Older versions lack it. */
  spec?: unknown;
  /** JSON that only the run understands. */
  metrics: unknown;
  network: NetworkSpec;
  head: Head;
  /** Left out: the model takes numbers. */
  table?: TableSignature;
  /** Left out: the model takes no pictures, or squares of grey levels. */
  image?: PictureInput;
  /** How many networks of this kind answer with their mean. Left out: there is one. */
  ensemble?: number;
  /** How many numbers the model learns: of all members. */
  parameters: number;
  file: FileDigest & { key: string };
  /** Left out where the version was not evaluated, as older ones were not. */
  evaluation?: StoredEvaluation;
  /** The file that it was imported from. Left out: a run made it. */
  imported?: ImportedFile;
  /** Why it was held when it was published. It is held until it is made `latest` by hand: see `heldKey`. */
  held?: Held;
  created_at: string;
}

/** As it was sent. A document. */
export interface ImportedFile extends FileDigest {
  format: string;
}

/** Where the evaluation lies, and what is shown of it without reading it. */
export interface StoredEvaluation extends FileDigest {
  key: string;
  summary: EvaluationSummary;
}

/** A manifest as it may be stored: format 1 has labels instead of a head, and may be older than dropout. */
interface ManifestOfFormat1 extends Omit<VersionManifest, 'format_version' | 'network' | 'head'> {
  format_version: 1;
  network: StoredNetworkSpec;
  labels: string[];
}

export function encodeVersionManifest(manifest: VersionManifest): Buffer {
  return encodeManifest(manifest);
}

/**
 * A manifest of format 1 is upgraded to format 2.
 * @throws TrainyardError CHECKPOINT_CORRUPT
 */
export function decodeVersionManifest(key: string, bytes: Buffer): VersionManifest {
  const stored = decodeManifest(key, bytes) as VersionManifest | ManifestOfFormat1;
  return stored.format_version === 2 ? stored : upgrade(stored);
}

/**
 * Format 1 names the loss in the spec alone. A manifest without a spec gets the head of cross-entropy; a version is served
 * with the head in its model file, which always knows.
 */
function upgrade({ network, labels, ...rest }: ManifestOfFormat1): VersionManifest {
  const { loss } = (rest.spec ?? {}) as { loss?: unknown };
  const head = classHead(loss === 'mse' ? 'one_hot_mse' : 'cross_entropy', labels);
  return { ...rest, format_version: 2, network: withDropout(network), head };
}
