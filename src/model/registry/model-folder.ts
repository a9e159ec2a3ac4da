/** Where a model's blobs lie in the storage, and what models and their aliases may be called. */
import { TrainyardError } from '../../errors.js';

/** What a model may be called. */
export const modelNamePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** What an alias may be called: a name that no version's number can be taken for. */
export const aliasPattern = /^(?!\d+$)[a-z0-9][a-z0-9._-]{0,63}$/;

/** The alias that follows publication, unless it is set. */
export const latestAlias = 'latest';

/** @throws TrainyardError INVALID_REQUEST */
export function folderOf(name: string): string {
  if (!modelNamePattern.test(name)) {
    throw new TrainyardError('INVALID_REQUEST', whyNoModelName(name), { pointer: '/model' });
  }
  return `models/${name}`;
}

/** For who asked for a name that `modelNamePattern` refuses: the rule, its reason, and the nearest valid name. */
export function whyNoModelName(name: string): string {
  const reasons = [
    /[A-Z]/.test(name) &&
      'Capitals are refused because two names that differ only in case would share a folder on some file systems.',
    /[/\\]/.test(name) && 'Slashes are refused because they separate the parts of a URL and of a path.',
  ].filter((reason) => reason !== false);
  const nearest = nearestModelName(name);
  const advice = nearest === '' ? [] : [`The nearest valid name is ${JSON.stringify(nearest)}.`];
  const shown = JSON.stringify(name.slice(0, 100));
  return [`${shown} is not a valid model name: use ${rule}.`, ...reasons, ...advice].join(' ');
}

/** '' where nothing of the name can be kept. */
function nearestModelName(name: string): string {
  return name
    .slice(0, 200)
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, 64);
}

/** Padded so that a listing sorts by version. */
export function versionKey(name: string, version: number): string {
  return `${folderOf(name)}/versions/${padded(version)}.json`;
}

/** Where the manifest of a version goes that has been removed, so that its number is not given again. */
export function removedKey(name: string, version: number): string {
  return `${folderOf(name)}/removed/${padded(version)}.json`;
}

/** The file that the checkpoint of a run at a step becomes. */
export function publishedFileKey(name: string, runId: string, step: number): string {
  return `${folderOf(name)}/files/${runId}-${step}.safetensors`;
}

/** Says that what the run made at this step was published and removed: see `Registry.publish`. */
export function removedPublicationKey(name: string, runId: string, step: number): string {
  return `${folderOf(name)}/removed/${runId}-${step}`;
}

/**
 * Names the model that was published last, so that other processes find it without looking at all models. It is a hint:
 * without it they find the publication too, only later.
 */
export const lastPublishedKey = 'last-published.json';

/** @throws TrainyardError INVALID_REQUEST */
export function aliasKey(name: string, alias: string): string {
  if (!aliasPattern.test(alias)) {
    const message = `${JSON.stringify(alias)} is no name for an alias: use ${rule}, and not digits alone.`;
    throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/alias' });
  }
  return `${folderOf(name)}/aliases/${alias}.json`;
}

/** There only while the model is not to be served. */
export function unloadedKey(name: string): string {
  return `${folderOf(name)}/unloaded.json`;
}

/** The numbers in a listing of versions, ascending. */
export function numbersIn(files: readonly string[]): number[] {
  return files
    .flatMap((file) => /^(\d{6,})\.json$/.exec(file)?.slice(1).map(Number) ?? [])
    .sort((a, b) => a - b);
}

const rule = "1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or a digit";

function padded(version: number): string {
  return String(version).padStart(6, '0');
}
