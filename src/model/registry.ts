/**
 * The model registry: published versions, numbered from 1 for each model. A version is one manifest, created under
 * `models/{name}/versions/` by exactly one publisher, that points at a file named for the run and step that made it.
 */
import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import { TrainyardError } from '../errors.js';
import type { BlobCache } from '../storage/blob-cache.js';
import { isStorageFailure, unreadableAs, type Storage } from '../storage/storage.js';
import { decodeManifest, digestOf, encodeManifest, verifyDigest, type FileDigest } from './manifest.js';
import { decodeModelFile, type ModelDescription } from './model-file.js';
import {
  folderOf,
  modelNamePattern,
  numbersIn,
  removedKey,
  unloadedKey,
  versionKey,
} from './model-folder.js';
import { parameterCount, withDropout, type NetworkSpec, type StateDict } from './network.js';

/** versions/000001.json */
export interface VersionManifest {
  format_version: 1;
  model: string;
  version: number;
  run_id: string;
  /** Steps that the run had done. */
  step: number;
  /** What the run was to do: JSON of its own making, which older versions lack. */
  spec?: unknown;
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
  spec?: unknown;
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

/** A model that has a version. */
export interface PublishedModel {
  name: string;
  /** Ascending. */
  versions: number[];
  /** It is not to be served. */
  unloaded: boolean;
  /** Whether it may have aliases. */
  hasAliases: boolean;
}

export interface Registry {
  /**
   * The version's number. The same run and step always give the same version, however often and by whomever published.
   * @throws TrainyardError INVALID_REQUEST for a name that is none, CHECKPOINT_CORRUPT for a file that is no model
   */
  publish(publication: Publication): Promise<number>;
  /** The models that have a version, sorted. */
  names(): Promise<string[]>;
  /** What there is to be served, by two listings of each model: cheap enough to poll. Sorted by name. */
  look(): Promise<PublishedModel[]>;
  /** The numbers of the model's versions, ascending, by listing alone: cheap enough to poll. */
  versionNumbers(name: string): Promise<number[]>;
  /** The model's versions, ascending; those with a damaged manifest are left out and logged. */
  versions(name: string): Promise<VersionManifest[]>;
  /** The newest version whose manifest is not damaged. */
  latest(name: string): Promise<VersionManifest | null>;
  /** @throws TrainyardError MODEL_NOT_FOUND, VERSION_NOT_FOUND, CHECKPOINT_CORRUPT */
  manifest(name: string, version: number): Promise<VersionManifest>;
  /** @throws TrainyardError MODEL_NOT_FOUND, VERSION_NOT_FOUND, CHECKPOINT_CORRUPT */
  load(name: string, version: number): Promise<LoadedVersion>;
  /**
   * The bytes of the version's file, both ends included; they are not verified.
   * @throws TrainyardError CHECKPOINT_CORRUPT when there is no file
   */
  openFile(manifest: VersionManifest, range?: { start: number; end: number }): Promise<Readable>;
  /**
   * Takes the version and its file away for good: its number is not given again, and its run cannot publish it again.
   * `isNeeded` is asked when nobody can find the version any more; if so it is put back, and the answer is false.
   */
  remove(name: string, version: number, isNeeded: () => Promise<boolean>): Promise<boolean>;
  /** Whether the model is to be served; it is, unless it was unloaded. */
  isUnloaded(name: string): Promise<boolean>;
  /** @throws TrainyardError MODEL_NOT_FOUND */
  setUnloaded(name: string, unloaded: boolean): Promise<void>;
}

/** `cache` keeps the files of versions nearer than a storage behind a network does. */
export function createRegistry(
  blobs: Storage,
  log: Pick<Logger, 'warn'>,
  cache: BlobCache | null = null,
): Registry {
  const storage = unreadableAs('CHECKPOINT_CORRUPT', blobs);

  async function versionNumbers(name: string): Promise<number[]> {
    return numbersIn(await storage.list(`${folderOf(name)}/versions`));
  }

  /** Sorted by name. */
  async function published(): Promise<Pick<PublishedModel, 'name' | 'versions'>[]> {
    const models = [];
    for (const name of await storage.list('models')) {
      if (!modelNamePattern.test(name)) continue;
      const versions = await versionNumbers(name);
      if (versions.length > 0) models.push({ name, versions });
    }
    return models;
  }

  async function readManifest(key: string): Promise<VersionManifest | null> {
    const bytes = await storage.read(key);
    if (bytes === null) return null;
    const manifest = decodeManifest(key, bytes) as VersionManifest;
    return { ...manifest, network: withDropout(manifest.network) };
  }

  /** The manifest if there is one to be read; damage is logged. */
  async function tryManifest(
    name: string,
    version: number,
    key = versionKey(name, version),
  ): Promise<VersionManifest | null> {
    try {
      return await readManifest(key);
    } catch (error) {
      if (!(error instanceof TrainyardError) || isStorageFailure(error)) throw error;
      log.warn({ model: name, version, reason: error.message }, 'the manifest of a model version is damaged');
      return null;
    }
  }

  async function manifestOf(name: string, version: number): Promise<VersionManifest> {
    const numbers = await versionNumbers(name);
    if (numbers.length === 0) throw modelNotFound(name);
    const manifest = numbers.includes(version) ? await readManifest(versionKey(name, version)) : null;
    if (manifest !== null) return manifest;
    throw new TrainyardError('VERSION_NOT_FOUND', `The model ${name} has no version ${version}.`);
  }

  /** Files of versions that were published when a file was named for its content. */
  async function isShared({ model, file }: VersionManifest): Promise<boolean> {
    for (const version of await versionNumbers(model)) {
      if ((await tryManifest(model, version))?.file.key === file.key) return true;
    }
    return false;
  }

  return {
    async publish({ model, runId, step, spec, file, metrics, now }) {
      const { network, labels } = decodeModelFile(file).description;
      const isSame = (other: VersionManifest | null): boolean =>
        other?.run_id === runId && other.step === step;
      const taken = await versionNumbers(model);
      for (const version of taken.toReversed()) {
        if (isSame(await tryManifest(model, version))) return version;
      }
      const removed = numbersIn(await storage.list(`${folderOf(model)}/removed`));
      for (const version of removed.toReversed()) {
        if (isSame(await tryManifest(model, version, removedKey(model, version)))) return version;
      }
      const key = `${folderOf(model)}/files/${runId}-${step}.safetensors`;
      await storage.put(key, file);
      const digest = digestOf(file);
      // A number that another publisher takes meanwhile is looked at as well: it may be this very publication.
      for (let version = Math.max(0, ...taken.slice(-1), ...removed.slice(-1)) + 1; ; version++) {
        const manifest: VersionManifest = {
          format_version: 1,
          model,
          version,
          run_id: runId,
          step,
          ...(spec !== undefined && { spec }),
          metrics,
          network,
          labels,
          parameters: parameterCount(network),
          file: { key, ...digest },
          created_at: now.toISOString(),
        };
        const created = await storage.create(versionKey(model, version), encodeManifest(manifest));
        if (created || isSame(await tryManifest(model, version))) return version;
      }
    },

    async names() {
      return (await published()).map(({ name }) => name);
    },

    async look() {
      const models: PublishedModel[] = [];
      for (const model of await published()) {
        const found = await storage.list(folderOf(model.name));
        const [unloaded, hasAliases] = [found.includes('unloaded.json'), found.includes('aliases')];
        models.push({ ...model, unloaded, hasAliases });
      }
      return models;
    },

    versionNumbers,

    async versions(name) {
      const manifests: VersionManifest[] = [];
      for (const version of await versionNumbers(name)) {
        const manifest = await tryManifest(name, version);
        if (manifest !== null) manifests.push(manifest);
      }
      return manifests;
    },

    async latest(name) {
      for (const version of (await versionNumbers(name)).reverse()) {
        const manifest = await tryManifest(name, version);
        if (manifest !== null) return manifest;
      }
      return null;
    },

    manifest: manifestOf,

    async load(name, version) {
      const manifest = await manifestOf(name, version);
      const { key, sha256 } = manifest.file;
      const fetch = (): Promise<Buffer | null> => storage.read(key);
      const found = await (cache ? cache.read(sha256, fetch) : fetch());
      const file = verifyDigest(key, found, manifest.file);
      return { manifest, ...decodeModelFile(file) };
    },

    async openFile({ file: { key } }, range) {
      const stream = await storage.open(key, range);
      if (stream === null) throw new TrainyardError('CHECKPOINT_CORRUPT', `${key} is missing.`);
      return stream;
    },

    async remove(name, version, isNeeded) {
      const key = versionKey(name, version);
      const bytes = await storage.read(key);
      if (bytes === null) return false;
      await storage.create(removedKey(name, version), bytes);
      await storage.remove(key);
      if (await isNeeded()) {
        await storage.create(key, bytes);
        await storage.remove(removedKey(name, version));
        return false;
      }
      const removed = await tryManifest(name, version, removedKey(name, version));
      if (removed !== null && !(await isShared(removed))) await storage.remove(removed.file.key);
      return true;
    },

    async isUnloaded(name) {
      return (await storage.read(unloadedKey(name))) !== null;
    },

    async setUnloaded(name, unloaded) {
      if ((await versionNumbers(name)).length === 0) throw modelNotFound(name);
      if (unloaded) await storage.create(unloadedKey(name), Buffer.from('{"format_version":1}'));
      else await storage.remove(unloadedKey(name));
    },
  };
}

function modelNotFound(name: string): TrainyardError {
  return new TrainyardError('MODEL_NOT_FOUND', `No model named ${name} has been published.`);
}
