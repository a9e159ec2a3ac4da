/**
 * The published models as this process knows them: for each model what the registry says of it, which version each alias
 * should answer with, and which one it answers with now. The two differ while a version is being loaded, and where one
 * cannot be loaded.
 */
import type { Held } from '../evaluation/publish-gate.js';
import type { DamagedAlias, ModelAliases } from '../registry/aliases.js';
import { latestAlias } from '../registry/model-folder.js';
import type { PublishedModel, VersionManifest } from '../registry/registry.js';

/** Why a version cannot be loaded. */
export interface LoadFailure {
  error: Error;
  /** The version is damaged or too large, so that trying again in this process is useless. */
  isFinal: boolean;
  /** The check before it. Any other failure is tried again after the next check. */
  check: number;
}

export interface FollowedModel {
  readonly name: string;
  /** Ascending. */
  versions: readonly number[];
  /** Those that are not to answer as `latest`, and why. */
  held: ReadonlyMap<number, Held>;
  unloaded: boolean;
  /** The aliases that are set in the registry. */
  aliases: ReadonlyMap<string, number>;
  damaged: readonly DamagedAlias[];
  /** The version that each alias, `latest` included, answers with now. Several may share a version. */
  readonly current: Map<string, number>;
  readonly failures: Map<number, LoadFailure>;
  /** Of the versions that aliases answer with, or should. */
  readonly manifests: Map<number, Pick<VersionManifest, 'created_at' | 'file'>>;
  /** How often the registry was asked about the model. */
  checks: number;
  /** When that was last, and when a client last asked for the model; on the clock of `performance.now`. */
  checkedAtMs: number;
  usedAtMs: number;
}

/** Takes over what the registry says now. */
export function update(
  model: FollowedModel,
  { versions, held, unloaded }: PublishedModel,
  { set, damaged }: ModelAliases,
): void {
  model.versions = versions;
  model.held = held;
  model.unloaded = unloaded;
  model.aliases = new Map(set.map(({ alias, version }) => [alias, version]));
  model.damaged = damaged;
  model.checks++;
  model.checkedAtMs = performance.now();
  for (const version of model.failures.keys()) {
    if (!versions.includes(version)) model.failures.delete(version);
  }
}

/** Whether the version failed to load, and is not to be tried again yet. */
export function hasFailed(model: FollowedModel, version: number): boolean {
  const failure = model.failures.get(version);
  return failure !== undefined && (failure.isFinal || failure.check === model.checks);
}

/**
 * The version that each alias should answer with. For `latest` it is the newest version that is not held and can be loaded,
 * unless the alias is set. A damaged alias keeps the version that it answers with, if there is one.
 */
export function wantedVersions(model: FollowedModel): Map<string, number> {
  if (model.unloaded) return new Map();
  const wanted = new Map(model.aliases);
  for (const { alias } of model.damaged) {
    const version = model.current.get(alias);
    if (version !== undefined) wanted.set(alias, version);
  }
  if (!wanted.has(latestAlias) && !model.damaged.some(({ alias }) => alias === latestAlias)) {
    const newest = model.versions.findLast(
      (version) => !model.held.has(version) && !hasFailed(model, version),
    );
    if (newest !== undefined) wanted.set(latestAlias, newest);
  }
  return wanted;
}

/** An alias that another version is to take over. */
export interface AliasChange {
  alias: string;
  from: number | undefined;
  to: number;
}

/** Without those whose version has failed to load. */
export function aliasChanges(model: FollowedModel): AliasChange[] {
  return [...wantedVersions(model)].flatMap(([alias, to]) => {
    const from = model.current.get(alias);
    return from === to || hasFailed(model, to) ? [] : [{ alias, from, to }];
  });
}

/** Whether an alias answers with the version. */
export function isCurrent(model: FollowedModel, version: number): boolean {
  return [...model.current.values()].includes(version);
}

export class FollowedModels {
  readonly #models = new Map<string, FollowedModel>();
  /** A cached answer; undefined: it must be found again. */
  #newest: { model: FollowedModel | undefined } | undefined;

  get size(): number {
    return this.#models.size;
  }

  get(name: string): FollowedModel | undefined {
    return this.#models.get(name);
  }

  names(): string[] {
    return [...this.#models.keys()];
  }

  all(): FollowedModel[] {
    return [...this.#models.values()];
  }

  add(name: string): FollowedModel {
    const model: FollowedModel = {
      name,
      versions: [],
      held: new Map(),
      unloaded: false,
      aliases: new Map(),
      damaged: [],
      current: new Map(),
      failures: new Map(),
      manifests: new Map(),
      checks: 0,
      checkedAtMs: -Infinity,
      usedAtMs: -Infinity,
    };
    this.#models.set(name, model);
    return model;
  }

  delete(name: string): void {
    this.#models.delete(name);
    this.#newest = undefined;
  }

  clear(): void {
    this.#models.clear();
    this.#newest = undefined;
  }

  /** The model whose latest version was published last, of those that can answer. */
  newest(): FollowedModel | undefined {
    this.#newest ??= { model: this.#findNewest() };
    return this.#newest.model;
  }

  /** To be called after a change of what aliases answer with, or of failures. */
  newestMayHaveChanged(): void {
    this.#newest = undefined;
  }

  /** Whether an alias answers with the version, or should. */
  isAliased(name: string, version: number): boolean {
    const model = this.#models.get(name);
    if (model === undefined) return false;
    return isCurrent(model, version) || [...wantedVersions(model).values()].includes(version);
  }

  #findNewest(): FollowedModel | undefined {
    let newest: { model: FollowedModel; createdAt: string } | undefined;
    for (const model of this.#models.values()) {
      const createdAt = createdAtOf(model);
      if (createdAt !== undefined && !(newest && newest.createdAt > createdAt)) newest = { model, createdAt };
    }
    return newest?.model;
  }
}

/** Whether it was used later or, where neither was used, was published later. */
export function isMoreWanted(model: FollowedModel, other: FollowedModel): boolean {
  if (model.usedAtMs !== other.usedAtMs) return model.usedAtMs > other.usedAtMs;
  return (createdAtOf(model) ?? '') > (createdAtOf(other) ?? '');
}

/** When the version that answers as `latest` was created; undefined while none can. */
function createdAtOf(model: FollowedModel): string | undefined {
  const version = model.current.get(latestAlias);
  if (version === undefined || hasFailed(model, version)) return undefined;
  return model.manifests.get(version)?.created_at;
}
