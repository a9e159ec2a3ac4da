/** The storage keys of a model's blobs, and the names that models and aliases may have. */
import { TrainyardError } from '../../errors.js';
import { nearestStoredName, storedNamePattern } from '../../lib/stored-name.js';
import { numberedName } from '../../storage/numbered-blobs.js';

/** Valid names of models. */
export const modelNamePattern = storedNamePattern;

/** Valid names of aliases. Digits alone are not valid, since they would be taken for the number of a version. */
export const aliasPattern = /^(?!\d+$)[a-z0-9][a-z0-9._-]{0,63}$/;

/** The alias that stands for the newest version, unless it is set. */
export const latestAlias = 'latest';

/** @throws TrainyardError INVALID_REQUEST */
export function folderOf(name: string): string {
  if (!modelNamePattern.test(name)) {
    throw new TrainyardError('INVALID_REQUEST', whyNoModelName(name), { pointer: '/model' });
  }
  return `models/${name}`;
}

/** An error text for a name that `modelNamePattern` refuses: the rule, its reason, and the nearest valid name. */
export function whyNoModelName(name: string): string {
  const reasons = [
    /[A-Z]/.test(name) &&
      'Capitals are refused because two names that differ only in case would share a folder on some file systems.',
    /[/\\]/.test(name) && 'Slashes are refused because they separate the parts of a URL and of a path.',
  ].filter((reason) => reason !== false);
  const nearest = nearestStoredName(name);
  const advice = nearest === '' ? [] : [`The nearest valid name is ${JSON.stringify(nearest)}.`];
  const shown = JSON.stringify(name.slice(0, 100));
  return [`${shown} is not a valid model name: use ${rule}.`, ...reasons, ...advice].join(' ');
}

export function versionKey(name: string, version: number): string {
  return `${folderOf(name)}/versions/${numberedName(version)}.json`;
}

/** The manifest of a removed version is kept here, so that its number is not given again. */
export function removedKey(name: string, version: number): string {
  return `${folderOf(name)}/removed/${numberedName(version)}.json`;
}

/**
 * Exists while the version is held, if its manifest says so too. It is written before the manifest, and by a publisher that may
 * not get the number: alone it means nothing.
 */
export function heldKey(name: string, version: number): string {
  return `${folderOf(name)}/held/${numberedName(version)}.json`;
}

/** The file that the checkpoint of a run at a step becomes. */
export function publishedFileKey(name: string, runId: string, step: number): string {
  return `${folderOf(name)}/files/${runId}-${step}.safetensors`;
}

/** What the evaluation of this run and step found. */
export function evaluationKey(name: string, runId: string, step: number): string {
  return `${folderOf(name)}/evaluations/${runId}-${step}.json`;
}

/** Notes that the publication of this run and step was removed: see `publish` in publication.ts. */
export function removedPublicationKey(name: string, runId: string, step: number): string {
  return `${folderOf(name)}/removed/${runId}-${step}`;
}

/**
 * Names the model that was published last, so that other processes find it without checking all models. It is only a hint:
 * without it they find the publication later.
 */
export const lastPublishedKey = 'last-published.json';

/** @throws TrainyardError INVALID_REQUEST */
export function aliasKey(name: string, alias: string): string {
  if (!aliasPattern.test(alias)) {
    const message = `${JSON.stringify(alias)} is not a valid alias: use ${rule}, but not digits alone.`;
    throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/alias' });
  }
  return `${folderOf(name)}/aliases/${alias}.json`;
}

/** Exists while the model must not be served. */
export function unloadedKey(name: string): string {
  return `${folderOf(name)}/unloaded.json`;
}

const rule = "1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or a digit";
