/** Reads the registry: which models and versions are published, their manifests, and the files of the versions. */
import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import { TrainyardError } from '../../errors.js';
import type { BlobCache } from '../../storage/blob-cache.js';
import type { Storage } from '../../storage/storage.js';
import type { Evaluation } from '../evaluation/evaluation.js';
import type { Held } from '../evaluation/publish-gate.js';
import { isDamage, verifyDigest } from '../files/manifest.js';
import { viewModelFile, type DecodedModel } from '../files/model-file.js';
import { folderOf, heldKey, lastPublishedKey, modelNamePattern, versionKey } from './model-folder.js';
import { decodeVersionManifest, type VersionManifest } from './version-manifest.js';
import { numbersIn } from '../../storage/numbered-blobs.js';

export interface RegistryStore {
  storage: Storage;
  /** Keeps model files closer than a storage behind a network does. null: none. */
  cache: BlobCache | null;
  log: Pick<Logger, 'warn'>;
  /** The damage that is in the log. */
  logged: Set<string>;
  /** By model@version: what manifests with a mark of a held version say, which never changes. */
  held: Map<string, Held | null>;
}

/** A model with at least one version. */
export interface PublishedModel {
  /** Ascending. */
  versions: number[];
  /** Those of them that are not to be served as `latest`. */
  held: ReadonlyMap<number, Held>;
  /** Whether it must not be served. */
  unloaded: boolean;
  /** Whether it may have aliases. */
  hasAliases: boolean;
}

export interface LoadedVersion extends DecodedModel {
  manifest: VersionManifest;
}

export interface VersionsPage {
  /** Newest first. */
  versions: VersionManifest[];
  /** Versions whose manifest cannot be read, newest first. */
  damaged: number[];
  hasMore: boolean;
}

export async function modelFolders({ storage }: RegistryStore): Promise<string[]> {
  return (await storage.list('models')).filter((name) => modelNamePattern.test(name));
}

export async function modelNames(
  store: RegistryStore,
  { after = '', atMost = Infinity }: { after?: string; atMost?: number } = {},
): Promise<string[]> {
  const names: string[] = [];
  for (const name of (await modelFolders(store)).filter((each) => each > after)) {
    if (names.length >= atMost) break;
    if ((await versionNumbers(store, name)).length > 0) names.push(name);
  }
  return names;
}

export async function publishedModel(store: RegistryStore, name: string): Promise<PublishedModel | null> {
  const [versions, found] = await Promise.all([
    versionNumbers(store, name),
    store.storage.list(folderOf(name)),
  ]);
  if (versions.length === 0) return null;
  return {
    versions,
    held: found.includes('held') ? await heldAmong(store, name, versions) : new Map(),
    unloaded: found.includes('unloaded.json'),
    hasAliases: found.includes('aliases'),
  };
}

export async function lastPublished({ storage }: RegistryStore): Promise<string | null> {
  try {
    const bytes = await storage.read(lastPublishedKey);
    const { model } = JSON.parse(String(bytes)) as { model?: unknown };
    return typeof model === 'string' && modelNamePattern.test(model) ? model : null;
  } catch {
    // It is only a hint: without it the publication is found later.
    return null;
  }
}

export async function versionNumbers({ storage }: RegistryStore, name: string): Promise<number[]> {
  return numbersIn(await storage.list(`${folderOf(name)}/versions`));
}

export async function versionsOf(store: RegistryStore, name: string): Promise<VersionManifest[]> {
  const manifests: VersionManifest[] = [];
  for (const version of await versionNumbers(store, name)) {
    const manifest = await tryManifest(store, name, version);
    if (manifest !== null) manifests.push(manifest);
  }
  return manifests;
}

export async function newestVersions(
  store: RegistryStore,
  name: string,
  { before = Infinity, atMost }: { before?: number; atMost: number },
): Promise<VersionsPage> {
  const rest = (await versionNumbers(store, name)).reverse().filter((version) => version < before);
  const page: VersionsPage = { versions: [], damaged: [], hasMore: false };
  while (page.versions.length < atMost && rest.length > 0) {
    const next = rest.splice(0, atMost - page.versions.length);
    const manifests = await Promise.all(next.map((version) => tryManifest(store, name, version)));
    page.versions.push(...manifests.filter((manifest) => manifest !== null));
    page.damaged.push(...next.filter((_, index) => manifests[index] === null));
  }
  return { ...page, hasMore: rest.length > 0 };
}

export async function latestVersion(
  store: RegistryStore,
  name: string,
  before = Infinity,
): Promise<VersionManifest | null> {
  for (const version of (await versionNumbers(store, name)).reverse()) {
    const manifest = version < before ? await tryManifest(store, name, version) : null;
    if (manifest !== null && !(await isHeld(store, manifest))) return manifest;
  }
  return null;
}

async function isHeld({ storage }: RegistryStore, manifest: VersionManifest): Promise<boolean> {
  const { model, version, held } = manifest;
  return held !== undefined && (await storage.read(heldKey(model, version))) !== null;
}

export async function heldVersions(store: RegistryStore, name: string): Promise<ReadonlyMap<number, Held>> {
  return heldAmong(store, name, await versionNumbers(store, name));
}

/** A mark alone may be left over from a publisher that took another number. */
async function heldAmong(
  store: RegistryStore,
  name: string,
  versions: readonly number[],
): Promise<ReadonlyMap<number, Held>> {
  const held = new Map<number, Held>();
  for (const version of numbersIn(await store.storage.list(`${folderOf(name)}/held`))) {
    const reasons = versions.includes(version) ? await heldOf(store, name, version) : null;
    if (reasons !== null) held.set(version, reasons);
  }
  return held;
}

async function heldOf(store: RegistryStore, name: string, version: number): Promise<Held | null> {
  const key = `${name}@${version}`;
  const known = store.held.get(key);
  if (known !== undefined) return known;
  const manifest = await tryManifest(store, name, version);
  const held = manifest?.held ?? null;
  // A manifest that cannot be read now may be readable later.
  if (manifest !== null) store.held.set(key, held);
  return held;
}

export async function manifestOf(
  store: RegistryStore,
  name: string,
  version: number,
): Promise<VersionManifest> {
  folderOf(name);
  const isNumber = Number.isSafeInteger(version) && version > 0;
  const manifest = isNumber ? await readManifest(store, versionKey(name, version)) : null;
  if (manifest !== null) return manifest;
  await requireModel(store, name);
  throw new TrainyardError('VERSION_NOT_FOUND', `The model ${name} has no version ${version}.`);
}

/**
 * The manifest at the key, or null where there is none or it is damaged; damage is logged.
 * @throws TrainyardError STORAGE_UNAVAILABLE
 */
export async function tryManifest(
  store: RegistryStore,
  model: string,
  version: number,
  key = versionKey(model, version),
): Promise<VersionManifest | null> {
  try {
    return await readManifest(store, key);
  } catch (error) {
    if (!isDamage(error)) throw error;
    logDamageOnce(store, { model, version, reason: error.message });
    return null;
  }
}

/** @throws TrainyardError MODEL_NOT_FOUND */
export async function requireModel(store: RegistryStore, name: string): Promise<void> {
  if ((await versionNumbers(store, name)).length > 0) return;
  throw new TrainyardError('MODEL_NOT_FOUND', `No model named ${name} has been published.`);
}

export async function readModel(
  { storage, cache }: RegistryStore,
  { file }: VersionManifest,
): Promise<DecodedModel> {
  const fetch = (): Promise<Buffer | null> => storage.read(file.key);
  const found = await (cache ? cache.read(file.sha256, fetch) : fetch());
  return viewModelFile(await verifyDigest(file.key, found, file));
}

export async function readEvaluation(
  { storage }: RegistryStore,
  { evaluation }: VersionManifest,
): Promise<Evaluation | null> {
  if (evaluation === undefined) return null;
  const { key } = evaluation;
  const bytes = await verifyDigest(key, await storage.read(key), evaluation);
  return JSON.parse(bytes.toString()) as Evaluation;
}

export async function loadVersion(
  store: RegistryStore,
  name: string,
  version: number,
): Promise<LoadedVersion> {
  const manifest = await manifestOf(store, name, version);
  return { manifest, ...(await readModel(store, manifest)) };
}

export async function openFile(
  { storage }: RegistryStore,
  { file: { key } }: VersionManifest,
  range?: { start: number; end: number },
): Promise<Readable> {
  const stream = await storage.open(key, range);
  if (stream === null) throw new TrainyardError('CHECKPOINT_CORRUPT', `${key} is missing.`);
  return stream;
}

async function readManifest({ storage }: RegistryStore, key: string): Promise<VersionManifest | null> {
  const bytes = await storage.read(key);
  return bytes === null ? null : decodeVersionManifest(key, bytes);
}

function logDamageOnce(
  { log, logged }: RegistryStore,
  damage: { model: string; version: number; reason: string },
): void {
  const key = `${damage.model}@${damage.version}: ${damage.reason}`;
  if (logged.has(key)) return;
  logged.add(key);
  log.warn(damage, 'the manifest of a model version is damaged');
}
