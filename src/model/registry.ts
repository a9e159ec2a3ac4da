/**
 * The model registry: published versions, numbered from 1 for each model. A version is one manifest, created under
 * `models/{name}/versions/` by exactly one publisher, that points at a file named for its content.
 */
import type { Logger } from 'pino';
import { TrainyardError } from '../errors.js';
import type { Storage } from '../storage/storage.js';
import { decodeManifest, digestOf, encodeManifest, verifyDigest, type FileDigest } from './manifest.js';
import { decodeModelFile, type ModelDescription } from './model-file.js';
import { parameterCount, withDropout, type NetworkSpec, type StateDict } from './network.js';

/** What a model may be called. */
export const modelNamePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** versions/000001.json */
export interface VersionManifest {
  format_version: 1;
  model: string;
  version: number;
  run_id: string;
  /** Steps that the run had done. */
  step: number;
  /** JSON of the run's own making. */
  metrics: unknown;
  network: NetworkSpec;
  labels: string[];
  /** How many numbers the network learns. */
  parameters: number;
  file: FileDigest & { key: string };
  created_at: string;
}

export interface Publication {
  model: string;
  runId: string;
  step: number;
  /** Of `encodeModelFile`. */
  file: Buffer;
  metrics: unknown;
  now: Date;
}

export interface LoadedVersion {
  manifest: VersionManifest;
  description: ModelDescription;
  parameters: StateDict;
}

export interface Registry {
  /**
   * The version's number. The same run and step always give the same version, however often and by whomever published.
   * @throws TrainyardError INVALID_REQUEST for a name that is none, CHECKPOINT_CORRUPT for a file that is no model
   */
  publish(publication: Publication): Promise<number>;
  /** The models that have a version, sorted. */
  names(): Promise<string[]>;
  /** The numbers of the model's versions, ascending, by listing alone: cheap enough to poll. */
  versionNumbers(name: string): Promise<number[]>;
  /** The model's versions, ascending; those with a damaged manifest are left out and logged. */
  versions(name: string): Promise<VersionManifest[]>;
  /** The newest version whose manifest is not damaged. */
  latest(name: string): Promise<VersionManifest | null>;
  /** @throws TrainyardError MODEL_NOT_FOUND, VERSION_NOT_FOUND, CHECKPOINT_CORRUPT */
  load(name: string, version: number): Promise<LoadedVersion>;
}

export function createRegistry(storage: Storage, log: Pick<Logger, 'warn'>): Registry {
  async function versionNumbers(name: string): Promise<number[]> {
    const files = await storage.list(`${folderOf(name)}/versions`);
    return files
      .flatMap((file) => /^(\d{6,})\.json$/.exec(file)?.slice(1).map(Number) ?? [])
      .sort((a, b) => a - b);
  }

  async function readVersion(name: string, version: number): Promise<VersionManifest | null> {
    const key = versionKey(name, version);
    const bytes = await storage.read(key);
    if (bytes === null) return null;
    const manifest = decodeManifest(key, bytes) as VersionManifest;
    return { ...manifest, network: withDropout(manifest.network) };
  }

  /** The manifest if there is one to be read; damage is logged. */
  async function tryVersion(name: string, version: number): Promise<VersionManifest | null> {
    try {
      return await readVersion(name, version);
    } catch (error) {
      if (!(error instanceof TrainyardError)) throw error;
      log.warn({ model: name, version, reason: error.message }, 'the manifest of a model version is damaged');
      return null;
    }
  }

  return {
    async publish({ model, runId, step, file, metrics, now }) {
      const { network, labels } = decodeModelFile(file).description;
      const isSame = (other: VersionManifest | null): boolean =>
        other?.run_id === runId && other.step === step;
      const taken = await versionNumbers(model);
      for (const version of taken.toReversed()) {
        if (isSame(await tryVersion(model, version))) return version;
      }
      const digest = digestOf(file);
      const key = `${folderOf(model)}/files/${digest.sha256}.safetensors`;
      await storage.put(key, file);
      // A number that another publisher takes meanwhile is looked at as well: it may be this very publication.
      for (let version = (taken.at(-1) ?? 0) + 1; ; version++) {
        const manifest: VersionManifest = {
          format_version: 1,
          model,
          version,
          run_id: runId,
          step,
          metrics,
          network,
          labels,
          parameters: parameterCount(network),
          file: { key, ...digest },
          created_at: now.toISOString(),
        };
        const created = await storage.create(versionKey(model, version), encodeManifest(manifest));
        if (created || isSame(await tryVersion(model, version))) return version;
      }
    },

    async names() {
      const names: string[] = [];
      for (const name of await storage.list('models')) {
        if (modelNamePattern.test(name) && (await versionNumbers(name)).length > 0) names.push(name);
      }
      return names;
    },

    versionNumbers,

    async versions(name) {
      const manifests: VersionManifest[] = [];
      for (const version of await versionNumbers(name)) {
        const manifest = await tryVersion(name, version);
        if (manifest !== null) manifests.push(manifest);
      }
      return manifests;
    },

    async latest(name) {
      for (const version of (await versionNumbers(name)).reverse()) {
        const manifest = await tryVersion(name, version);
        if (manifest !== null) return manifest;
      }
      return null;
    },

    async load(name, version) {
      const numbers = await versionNumbers(name);
      if (numbers.length === 0) {
        throw new TrainyardError('MODEL_NOT_FOUND', `No model named ${name} has been published.`);
      }
      const manifest = numbers.includes(version) ? await readVersion(name, version) : null;
      if (manifest === null) {
        throw new TrainyardError('VERSION_NOT_FOUND', `The model ${name} has no version ${version}.`);
      }
      const { key } = manifest.file;
      const file = verifyDigest(key, await storage.read(key), manifest.file);
      return { manifest, ...decodeModelFile(file) };
    },
  };
}

/** @throws TrainyardError INVALID_REQUEST */
function folderOf(name: string): string {
  if (!modelNamePattern.test(name)) {
    throw new TrainyardError(
      'INVALID_REQUEST',
      `${JSON.stringify(name)} is no name for a model: use 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or a digit.`,
      { pointer: '/model' },
    );
  }
  return `models/${name}`;
}

/** Padded so that a listing sorts by version. */
function versionKey(name: string, version: number): string {
  return `${folderOf(name)}/versions/${String(version).padStart(6, '0')}.json`;
}
