/**
 * One published model as a process follows it: what the registry says of it, which version each name is to stand for, and
 * which one it stands for now. The two differ while a version is being loaded, and when one cannot be.
 */
import type { DamagedAlias, ModelAliases } from '../registry/aliases.js';
import { latestAlias } from '../registry/model-folder.js';
import type { PublishedModel, VersionManifest } from '../registry/registry.js';

/** Why a version cannot be loaded. */
export interface LoadFailure {
  error: Error;
  /** It will fail as long as this process runs, as it is damaged or too large. */
  isFinal: boolean;
  /** The look after which it was tried; any other failure is tried again after the next one. */
  look: number;
}

export interface FollowedModel {
  readonly name: string;
  /** Ascending. */
  versions: readonly number[];
  unloaded: boolean;
  /** By alias, as they are set. */
  set: ReadonlyMap<string, number>;
  damaged: readonly DamagedAlias[];
  /** By alias, `latest` among them: what answers now. Two may share one version. */
  readonly named: Map<string, number>;
  readonly failures: Map<number, LoadFailure>;
  /** Of the versions that names stand for or are to stand for. */
  readonly manifests: Map<number, Pick<VersionManifest, 'created_at' | 'file'>>;
  /** How often the registry was asked about it. */
  looks: number;
  /** When that was last, and when somebody last asked for a prediction; on the clock of `performance.now`. */
  lookedMs: number;
  usedMs: number;
}

export function newFollowedModel(name: string): FollowedModel {
  return {
    name,
    versions: [],
    unloaded: false,
    set: new Map(),
    damaged: [],
    named: new Map(),
    failures: new Map(),
    manifests: new Map(),
    looks: 0,
    lookedMs: -Infinity,
    usedMs: -Infinity,
  };
}

/** Takes in what the registry says now. */
export function update(
  model: FollowedModel,
  { versions, unloaded }: PublishedModel,
  { set, damaged }: ModelAliases,
): void {
  model.versions = versions;
  model.unloaded = unloaded;
  model.set = new Map(set.map(({ alias, version }) => [alias, version]));
  model.damaged = damaged;
  model.looks++;
  model.lookedMs = performance.now();
  for (const version of model.failures.keys())
    if (!versions.includes(version)) model.failures.delete(version);
}

export function isPassedOver(model: FollowedModel, version: number): boolean {
  const failure = model.failures.get(version);
  return failure !== undefined && (failure.isFinal || failure.look === model.looks);
}

/**
 * By alias what it is to stand for. `latest` is the newest version that can be loaded, unless it is set. A damaged alias
 * goes on standing for what it stood for, if that is known.
 */
export function targetsOf(model: FollowedModel): Map<string, number> {
  const targets = new Map(model.set);
  if (model.unloaded) return new Map();
  for (const { alias } of model.damaged) {
    const known = model.named.get(alias);
    if (known !== undefined) targets.set(alias, known);
  }
  if (!targets.has(latestAlias) && !model.damaged.some(({ alias }) => alias === latestAlias)) {
    const newest = model.versions.findLast((version) => !isPassedOver(model, version));
    if (newest !== undefined) targets.set(latestAlias, newest);
  }
  return targets;
}

/** A name that another version is to take over, whose loading has not failed. */
export interface NameChange {
  alias: string;
  from: number | undefined;
  to: number;
}

export function changesOf(model: FollowedModel): NameChange[] {
  return [...targetsOf(model)].flatMap(([alias, to]) => {
    const from = model.named.get(alias);
    return from === to || isPassedOver(model, to) ? [] : [{ alias, from, to }];
  });
}

export function isNamed(model: FollowedModel, version: number): boolean {
  return [...model.named.values()].includes(version);
}
