/**
 * Changes the registry. A publication gets one version number, however often and by however many processes it is attempted.
 * Removing a version never gives its number to another, nor lets the same publication come back under a new one.
 */
import { summaryOf, type Evaluation } from '../evaluation/evaluation.js';
import type { Held } from '../evaluation/publish-gate.js';
import { digestOf } from '../files/manifest.js';
import { viewModelFile, type ModelDescription } from '../files/model-file.js';
import { parameterCount } from '../network/network.js';
import {
  evaluationKey,
  folderOf,
  heldKey,
  lastPublishedKey,
  publishedFileKey,
  removedKey,
  removedPublicationKey,
  unloadedKey,
  versionKey,
} from './model-folder.js';
import { requireModel, tryManifest, versionNumbers, type RegistryStore } from './published-versions.js';
import { signatureOf } from './table-signature.js';
import { encodeVersionManifest, type ImportedFile, type VersionManifest } from './version-manifest.js';
import { nextNumber, numbersIn, removeNumbered } from '../../storage/numbered-blobs.js';

/** What a run has made at a step, or what was imported. */
export interface Publication {
  model: string;
  runId: string;
  step: number;
  spec?: unknown;
  /** As `encodeModelFile` makes it. */
  file: Buffer;
  metrics: unknown;
  /** Left out: it was not evaluated. */
  evaluation?: Evaluation;
  /** Left out: it may be served. */
  held?: Held;
  /** Left out: a run made it. */
  imported?: ImportedFile;
  now: Date;
}

export async function publish(store: RegistryStore, publication: Publication): Promise<number> {
  const { storage } = store;
  const { model, runId, step, file, evaluation } = publication;
  const { description } = await viewModelFile(file);
  // The versions are listed before the files: a number taken after this is looked at by `claimNumber`.
  const taken = await versionNumbers(store, model);
  const removed = await storage.list(`${folderOf(model)}/removed`);
  if (await mayBePublished(store, publication, removed)) {
    const version = await findVersion(store, publication, taken, numbersIn(removed));
    if (version !== undefined) return version;
  }
  await storage.put(publishedFileKey(model, runId, step), file);
  if (evaluation) await storage.put(evaluationKey(model, runId, step), encodeEvaluation(evaluation));
  const first = nextNumber(taken, numbersIn(removed));
  return claimNumber(store, publication, contentOf(publication, description), first);
}

export async function remove(
  store: RegistryStore,
  name: string,
  version: number,
  isNeeded: () => Promise<boolean>,
): Promise<boolean> {
  const { storage } = store;
  const keys = { key: versionKey(name, version), removedKey: removedKey(name, version) };
  const outcome = await removeNumbered(storage, keys, isNeeded);
  if (outcome === null || outcome === 'needed') return false;
  const removed = await tryManifest(store, name, version, removedKey(name, version));
  if (removed === null) return true;
  // Before the file goes: until then the file says that this was published.
  await storage.create(removedPublicationKey(name, removed.run_id, removed.step), Buffer.from(''));
  if (!(await isFileShared(store, removed))) await storage.remove(removed.file.key);
  if (removed.evaluation) await storage.remove(removed.evaluation.key);
  if (removed.held !== undefined) await storage.remove(heldKey(name, version));
  return true;
}

export async function isUnloaded({ storage }: RegistryStore, name: string): Promise<boolean> {
  return (await storage.read(unloadedKey(name))) !== null;
}

export async function setUnloaded(store: RegistryStore, name: string, unloaded: boolean): Promise<void> {
  await requireModel(store, name);
  if (unloaded) await store.storage.create(unloadedKey(name), Buffer.from('{"format_version":1}'));
  else await store.storage.remove(unloadedKey(name));
}

export async function promote({ storage }: RegistryStore, name: string, version: number): Promise<void> {
  await storage.remove(heldKey(name, version));
}

/** What the manifest says, whatever number the version gets. */
function contentOf(
  { model, runId, step, spec, file, metrics, evaluation, held, imported, now }: Publication,
  { network, head, preprocessing, image, ensemble }: ModelDescription,
): Omit<VersionManifest, 'version'> {
  return {
    format_version: 2,
    model,
    run_id: runId,
    step,
    ...(spec !== undefined && { spec }),
    metrics,
    network,
    head,
    ...(preprocessing && { table: signatureOf(preprocessing) }),
    ...(image && { image }),
    ...(ensemble !== undefined && { ensemble }),
    parameters: parameterCount(network) * (ensemble ?? 1),
    file: { key: publishedFileKey(model, runId, step), ...digestOf(file) },
    ...(evaluation && {
      evaluation: {
        key: evaluationKey(model, runId, step),
        ...digestOf(encodeEvaluation(evaluation)),
        summary: summaryOf(evaluation),
      },
    }),
    ...(imported && { imported }),
    ...(held && { held }),
    created_at: now.toISOString(),
  };
}

function encodeEvaluation(evaluation: Evaluation): Buffer {
  return Buffer.from(JSON.stringify(evaluation));
}

/**
 * Whether the publication may have been published before. Reading all manifests to find out is worthwhile only then: when its
 * file is there, when a note says that it was removed, or when versions were removed before such notes were written.
 * `removed` lists the folder of removed versions and of these notes.
 */
async function mayBePublished(
  { storage }: RegistryStore,
  { model, runId, step }: Publication,
  removed: readonly string[],
): Promise<boolean> {
  const lastName = (key: string): string => key.slice(key.lastIndexOf('/') + 1);
  const files = await storage.list(`${folderOf(model)}/files`);
  if (files.includes(lastName(publishedFileKey(model, runId, step)))) return true;
  if (removed.includes(lastName(removedPublicationKey(model, runId, step)))) return true;
  return numbersIn(removed).length > removed.length / 2;
}

/** The number that the publication has or had, if any. */
async function findVersion(
  store: RegistryStore,
  publication: Publication,
  taken: readonly number[],
  removed: readonly number[],
): Promise<number | undefined> {
  const { model } = publication;
  for (const version of taken.toReversed()) {
    if (isOf(publication, await tryManifest(store, model, version))) return version;
  }
  for (const version of removed.toReversed()) {
    if (isOf(publication, await tryManifest(store, model, version, removedKey(model, version))))
      return version;
  }
  return undefined;
}

/** Takes the first free number from `first`. Another process may have published the same under one on the way. */
async function claimNumber(
  store: RegistryStore,
  publication: Publication,
  content: Omit<VersionManifest, 'version'>,
  first: number,
): Promise<number> {
  const { model } = publication;
  for (let version = first; ; version++) {
    const manifest = encodeVersionManifest({ ...content, version });
    // Before the manifest: whoever sees the version must see that it is held.
    if (content.held !== undefined) await store.storage.create(heldKey(model, version), heldMarker);
    if (await store.storage.create(versionKey(model, version), manifest)) {
      await noteLastPublished(store, model);
      return version;
    }
    if (isOf(publication, await tryManifest(store, model, version))) return version;
  }
}

const heldMarker = Buffer.from('{"format_version":1}');

function isOf({ runId, step }: Publication, manifest: VersionManifest | null): boolean {
  return manifest?.run_id === runId && manifest.step === step;
}

/** Only a hint: it must not fail the publication. */
async function noteLastPublished({ storage }: RegistryStore, model: string): Promise<void> {
  await storage.put(lastPublishedKey, Buffer.from(JSON.stringify({ model }))).catch(() => undefined);
}

/** Whether another version has the same file. A file named for its publication has one version only; older files may not be. */
async function isFileShared(
  store: RegistryStore,
  { model, run_id, step, file }: VersionManifest,
): Promise<boolean> {
  if (file.key === publishedFileKey(model, run_id, step)) return false;
  for (const version of await versionNumbers(store, model)) {
    if ((await tryManifest(store, model, version))?.file.key === file.key) return true;
  }
  return false;
}
