/**
 * The model registry: published versions, numbered from 1 for each model. A version is one manifest, created under
 * `models/{name}/versions/` by exactly one publisher. It points to a file named for the run and step that made it.
 */
import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import type { BlobCache } from '../../storage/blob-cache.js';
import { unreadableAs, type Storage } from '../../storage/storage.js';
import type { Evaluation } from '../evaluation/evaluation.js';
import type { Held } from '../evaluation/publish-gate.js';
import type { DecodedModel } from '../files/model-file.js';
import { isUnloaded, promote, publish, remove, setUnloaded, type Publication } from './publication.js';
import {
  lastPublished,
  heldVersions,
  latestVersion,
  loadVersion,
  manifestOf,
  modelFolders,
  modelNames,
  newestVersions,
  openFile,
  publishedModel,
  readEvaluation,
  readModel,
  versionNumbers,
  versionsOf,
  type LoadedVersion,
  type PublishedModel,
  type RegistryStore,
  type VersionsPage,
} from './published-versions.js';
import type { VersionManifest } from './version-manifest.js';

export type { Publication } from './publication.js';
export type { PublishedModel } from './published-versions.js';
export type { VersionManifest } from './version-manifest.js';

export interface Registry {
  /**
   * Returns the number of the version. The same run and step always give the same version, however often and by whichever
   * process they are published.
   * @throws TrainyardError INVALID_REQUEST for an invalid name, CHECKPOINT_CORRUPT for a file that is not a model
   */
  publish(publication: Publication): Promise<number>;
  /** The models that have a version, sorted: the first `atMost` after the name `after`. */
  names(page?: { after?: string; atMost?: number }): Promise<string[]>;
  /** Folders that may be models, sorted; some may have no version. One listing, however many there are. */
  folders(): Promise<string[]>;
  /** What serving a model takes to know. Two listings: cheap enough to poll. null: it has no version. */
  publishedModel(name: string): Promise<PublishedModel | null>;
  /** The model that was published last, as far as publishers have noted it; see `lastPublishedKey`. */
  lastPublished(): Promise<string | null>;
  /** The numbers of the model's versions, ascending. One listing: cheap enough to poll. */
  versionNumbers(name: string): Promise<number[]>;
  /** The model's versions, ascending, without those whose manifest is damaged. Damage is logged. */
  versions(name: string): Promise<VersionManifest[]>;
  /** The newest versions before the number `before`, and the damaged ones among them. */
  newestVersions(name: string, page: { before?: number; atMost: number }): Promise<VersionsPage>;
  /** The newest version, of those below the number `before`, that is not held and whose manifest is not damaged. */
  latest(name: string, before?: number): Promise<VersionManifest | null>;
  /** The versions that are not to be served as `latest`, and why. */
  held(name: string): Promise<ReadonlyMap<number, Held>>;
  /** The version is no longer held. */
  promote(name: string, version: number): Promise<void>;
  /** @throws TrainyardError MODEL_NOT_FOUND, VERSION_NOT_FOUND, CHECKPOINT_CORRUPT */
  manifest(name: string, version: number): Promise<VersionManifest>;
  /**
   * The content of the version's file, verified. The event loop turns meanwhile.
   * @throws TrainyardError CHECKPOINT_CORRUPT
   */
  read(manifest: VersionManifest): Promise<DecodedModel>;
  /** How good the version is; null: it was not evaluated. @throws TrainyardError CHECKPOINT_CORRUPT */
  evaluation(manifest: VersionManifest): Promise<Evaluation | null>;
  /** @throws TrainyardError MODEL_NOT_FOUND, VERSION_NOT_FOUND, CHECKPOINT_CORRUPT */
  load(name: string, version: number): Promise<LoadedVersion>;
  /**
   * The bytes of the version's file, not verified. `range` includes both ends.
   * @throws TrainyardError CHECKPOINT_CORRUPT when there is no file
   */
  openFile(manifest: VersionManifest, range?: { start: number; end: number }): Promise<Readable>;
  /**
   * Removes the version and its file for good. Its number is not given again, and its run cannot publish it again. `isNeeded`
   * is asked once nobody can find the version any more: if it is needed, it is put back and the answer is false.
   */
  remove(name: string, version: number, isNeeded: () => Promise<boolean>): Promise<boolean>;
  /** Whether the model must not be served. */
  isUnloaded(name: string): Promise<boolean>;
  /** @throws TrainyardError MODEL_NOT_FOUND */
  setUnloaded(name: string, unloaded: boolean): Promise<void>;
}

/** `cache` keeps model files closer than a storage behind a network does. */
export function createRegistry(
  storage: Storage,
  log: Pick<Logger, 'warn'>,
  cache: BlobCache | null = null,
): Registry {
  const store: RegistryStore = {
    storage: unreadableAs('CHECKPOINT_CORRUPT', storage),
    cache,
    log,
    logged: new Set(),
    held: new Map(),
  };
  return {
    publish: (publication) => publish(store, publication),
    names: (page) => modelNames(store, page),
    folders: () => modelFolders(store),
    publishedModel: (name) => publishedModel(store, name),
    lastPublished: () => lastPublished(store),
    versionNumbers: (name) => versionNumbers(store, name),
    versions: (name) => versionsOf(store, name),
    newestVersions: (name, page) => newestVersions(store, name, page),
    latest: (name, before) => latestVersion(store, name, before),
    held: (name) => heldVersions(store, name),
    promote: (name, version) => promote(store, name, version),
    manifest: (name, version) => manifestOf(store, name, version),
    read: (manifest) => readModel(store, manifest),
    evaluation: (manifest) => readEvaluation(store, manifest),
    load: (name, version) => loadVersion(store, name, version),
    openFile: (manifest, range) => openFile(store, manifest, range),
    remove: (name, version, isNeeded) => remove(store, name, version, isNeeded),
    isUnloaded: (name) => isUnloaded(store, name),
    setUnloaded: (name, unloaded) => setUnloaded(store, name, unloaded),
  };
}
