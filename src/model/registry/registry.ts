/**
 * The model registry: published versions, numbered from 1 for each model. A version is one manifest, created under
 * `models/{name}/versions/` by exactly one publisher, that points at a file named for the run and step that made it.
 */
import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import { TrainyardError } from '../../errors.js';
import type { BlobCache } from '../../storage/blob-cache.js';
import { unreadableAs, type Storage } from '../../storage/storage.js';
import {
  decodeManifest,
  digestOf,
  encodeManifest,
  isDamage,
  verifyDigest,
  type FileDigest,
} from '../files/manifest.js';
import { viewModelFile, type DecodedModel } from '../files/model-file.js';
import {
  folderOf,
  lastPublishedKey,
  modelNamePattern,
  numbersIn,
  publishedFileKey,
  removedKey,
  removedPublicationKey,
  unloadedKey,
  versionKey,
} from './model-folder.js';
import { parameterCount, withDropout, type NetworkSpec } from '../network/network.js';

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

export interface LoadedVersion extends DecodedModel {
  manifest: VersionManifest;
}

/** A model that has a version. */
export interface PublishedModel {
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
  /** The models that have a version, sorted: the first `atMost` after the name `after`. */
  names(page?: { after?: string; atMost?: number }): Promise<string[]>;
  /** What may be models, by one listing however many there are: some may have no version. Sorted. */
  folders(): Promise<string[]>;
  /** What there is of a model to be served, by two listings: cheap enough to poll. null: it has no version. */
  look(name: string): Promise<PublishedModel | null>;
  /** The model that was published last, as far as publishers have said; see `lastPublishedKey`. */
  lastPublished(): Promise<string | null>;
  /** The numbers of the model's versions, ascending, by listing alone: cheap enough to poll. */
  versionNumbers(name: string): Promise<number[]>;
  /** The model's versions, ascending; those with a damaged manifest are left out and logged. */
  versions(name: string): Promise<VersionManifest[]>;
  /** The newest versions before the number `before`, newest first, and which of those passed on the way are damaged. */
  newestVersions(name: string, page: { before?: number; atMost: number }): Promise<VersionsPage>;
  /** The newest version whose manifest is not damaged. */
  latest(name: string): Promise<VersionManifest | null>;
  /** @throws TrainyardError MODEL_NOT_FOUND, VERSION_NOT_FOUND, CHECKPOINT_CORRUPT */
  manifest(name: string, version: number): Promise<VersionManifest>;
  /**
   * What the version's file holds, verified; the event loop turns meanwhile.
   * @throws TrainyardError CHECKPOINT_CORRUPT
   */
  read(manifest: VersionManifest): Promise<DecodedModel>;
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

export interface VersionsPage {
  /** Newest first. */
  versions: VersionManifest[];
  /** Newest first; their manifests cannot be read. */
  damaged: number[];
  hasMore: boolean;
}

/** `cache` keeps the files of versions nearer than a storage behind a network does. */
export function createRegistry(
  blobs: Storage,
  log: Pick<Logger, 'warn'>,
  cache: BlobCache | null = null,
): Registry {
  const storage = unreadableAs('CHECKPOINT_CORRUPT', blobs);
  const logged = new Set<string>();

  async function versionNumbers(name: string): Promise<number[]> {
    return numbersIn(await storage.list(`${folderOf(name)}/versions`));
  }

  async function folders(): Promise<string[]> {
    return (await storage.list('models')).filter((name) => modelNamePattern.test(name));
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
      if (!isDamage(error)) throw error;
      logDamage({ model: name, version, reason: error.message });
      return null;
    }
  }

  /** Once, however often it is met. */
  function logDamage(damage: { model: string; version: number; reason: string }): void {
    const damaged = `${damage.model}@${damage.version}: ${damage.reason}`;
    if (logged.has(damaged)) return;
    logged.add(damaged);
    log.warn(damage, 'the manifest of a model version is damaged');
  }

  async function manifestOf(name: string, version: number): Promise<VersionManifest> {
    folderOf(name);
    const isNumber = Number.isSafeInteger(version) && version > 0;
    const manifest = isNumber ? await readManifest(versionKey(name, version)) : null;
    if (manifest !== null) return manifest;
    if ((await versionNumbers(name)).length === 0) throw modelNotFound(name);
    throw new TrainyardError('VERSION_NOT_FOUND', `The model ${name} has no version ${version}.`);
  }

  async function read({ file }: VersionManifest): Promise<DecodedModel> {
    const fetch = (): Promise<Buffer | null> => storage.read(file.key);
    const found = await (cache ? cache.read(file.sha256, fetch) : fetch());
    return viewModelFile(await verifyDigest(file.key, found, file));
  }

  /**
   * Whether what the run made at this step may have been published before: its file is there, or it was removed. Only then
   * is it worth reading all manifests for it. `removed` is the listing of what was removed; versions that were removed
   * when nothing else was noted of them may be it.
   */
  async function mayBePublished(
    { model, runId, step }: Publication,
    removed: readonly string[],
  ): Promise<boolean> {
    const lastName = (key: string): string => key.slice(key.lastIndexOf('/') + 1);
    const files = await storage.list(`${folderOf(model)}/files`);
    if (files.includes(lastName(publishedFileKey(model, runId, step)))) return true;
    if (removed.includes(lastName(removedPublicationKey(model, runId, step)))) return true;
    return numbersIn(removed).length > removed.length / 2;
  }

  /** Others find the publication without it too, so that it fails nobody. */
  async function noteLastPublished(model: string): Promise<void> {
    await storage.put(lastPublishedKey, Buffer.from(JSON.stringify({ model }))).catch(() => undefined);
  }

  /** Whether another version has the same file. Only files that are not named for their publication are shared. */
  async function isShared({ model, run_id, step, file }: VersionManifest): Promise<boolean> {
    if (file.key === publishedFileKey(model, run_id, step)) return false;
    for (const version of await versionNumbers(model)) {
      if ((await tryManifest(model, version))?.file.key === file.key) return true;
    }
    return false;
  }

  return {
    async publish(publication) {
      const { model, runId, step, spec, file, metrics, now } = publication;
      const { network, head } = (await viewModelFile(file)).description;
      const labels = head.kind === 'classes' ? head.labels : head.names;
      const isSame = (other: VersionManifest | null): boolean =>
        other?.run_id === runId && other.step === step;
      // The versions before the files: who publishes the same meanwhile has taken a number that is looked at below.
      const taken = await versionNumbers(model);
      const listedRemoved = await storage.list(`${folderOf(model)}/removed`);
      const removed = numbersIn(listedRemoved);
      if (await mayBePublished(publication, listedRemoved)) {
        for (const version of taken.toReversed()) {
          if (isSame(await tryManifest(model, version))) return version;
        }
        for (const version of removed.toReversed()) {
          if (isSame(await tryManifest(model, version, removedKey(model, version)))) return version;
        }
      }
      const key = publishedFileKey(model, runId, step);
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
        if (created) await noteLastPublished(model);
        if (created || isSame(await tryManifest(model, version))) return version;
      }
    },

    folders,

    async names({ after = '', atMost = Infinity } = {}) {
      const names: string[] = [];
      for (const name of (await folders()).filter((each) => each > after)) {
        if (names.length >= atMost) break;
        if ((await versionNumbers(name)).length > 0) names.push(name);
      }
      return names;
    },

    async look(name) {
      const [versions, found] = await Promise.all([versionNumbers(name), storage.list(folderOf(name))]);
      if (versions.length === 0) return null;
      return { versions, unloaded: found.includes('unloaded.json'), hasAliases: found.includes('aliases') };
    },

    async lastPublished() {
      try {
        const bytes = await storage.read(lastPublishedKey);
        const { model } = JSON.parse(String(bytes)) as { model?: unknown };
        return typeof model === 'string' && modelNamePattern.test(model) ? model : null;
      } catch {
        // A hint that cannot be read says nothing.
        return null;
      }
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

    async newestVersions(name, { before = Infinity, atMost }) {
      const rest = (await versionNumbers(name)).reverse().filter((version) => version < before);
      const page: VersionsPage = { versions: [], damaged: [], hasMore: false };
      while (page.versions.length < atMost && rest.length > 0) {
        const next = rest.splice(0, atMost - page.versions.length);
        const manifests = await Promise.all(next.map((version) => tryManifest(name, version)));
        page.versions.push(...manifests.filter((manifest) => manifest !== null));
        page.damaged.push(...next.filter((_, index) => manifests[index] === null));
      }
      return { ...page, hasMore: rest.length > 0 };
    },

    async latest(name) {
      for (const version of (await versionNumbers(name)).reverse()) {
        const manifest = await tryManifest(name, version);
        if (manifest !== null) return manifest;
      }
      return null;
    },

    manifest: manifestOf,

    read,

    async load(name, version) {
      const manifest = await manifestOf(name, version);
      return { manifest, ...(await read(manifest)) };
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
      if (removed === null) return true;
      // Before its file goes, which said that it was published.
      await storage.create(removedPublicationKey(name, removed.run_id, removed.step), Buffer.from(''));
      if (!(await isShared(removed))) await storage.remove(removed.file.key);
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
