/**
 * Makes the aliases of models answer with the versions that they should. A version takes over an alias once it is loaded, so
 * that no request fails because of the change.
 */
import type { Logger } from 'pino';
import { TrainyardError } from '../../errors.js';
import { oneAtATime } from '../../lib/one-at-a-time.js';
import type { Registry } from '../registry/registry.js';
import {
  aliasChanges,
  hasFailed,
  isCurrent,
  wantedVersions,
  type FollowedModel,
  type FollowedModels,
} from './followed-models.js';
import type { LoadedModel } from './loaded-model.js';
import type { LoadedVersions, LoadOptions } from './loaded-versions.js';

export interface AliasSwitchOptions {
  registry: Pick<Registry, 'manifest'>;
  models: FollowedModels;
  versions: LoadedVersions;
  log: Pick<Logger, 'warn'>;
  stopping: AbortSignal;
  /** Called when an alias answers with another version. */
  onSwitch: (model: string, alias: string, version: number) => void;
}

export class AliasSwitch {
  readonly #options: AliasSwitchOptions;
  /** The failures that are in the log, as `name@version`. */
  readonly #logged = new Set<string>();

  /**
   * Loads the versions that are to take over aliases of the model, and switches to them. An alias whose version cannot be
   * loaded keeps the version that it answers with.
   */
  readonly settle = oneAtATime((model: FollowedModel) => this.#settle(model));

  constructor(options: AliasSwitchOptions) {
    this.#options = options;
  }

  /** Reads the manifests of the wanted versions: how old and how large they are, and whether they can be read. */
  async readManifests(model: FollowedModel): Promise<void> {
    const { registry, versions } = this.#options;
    for (;;) {
      const unknown = [...wantedVersions(model).values()].find(
        (version) => !model.manifests.has(version) && !hasFailed(model, version),
      );
      if (unknown === undefined) break;
      try {
        const manifest = await registry.manifest(model.name, unknown);
        versions.refuseTooLarge(manifest);
        model.manifests.set(unknown, { created_at: manifest.created_at, file: manifest.file });
      } catch (error) {
        this.#noteFailure(model, unknown, error);
      }
    }
    const kept = new Set([...wantedVersions(model).values(), ...model.current.values()]);
    for (const version of model.manifests.keys()) if (!kept.has(version)) model.manifests.delete(version);
  }

  /**
   * Drops the aliases that are gone, and switches at once those whose current version is not loaded: a request has to wait for
   * a version in any case.
   */
  switchUnloaded(model: FollowedModel): void {
    const { models, versions } = this.#options;
    const wanted = wantedVersions(model);
    for (const [alias, version] of model.current) {
      if (wanted.has(alias)) continue;
      model.current.delete(alias);
      this.#dropUnlessCurrent(model, version);
    }
    for (const { alias, from, to } of aliasChanges(model)) {
      if (from === undefined || versions.stateOf(model.name, from) !== 'ready') {
        this.#switch(model, alias, to);
      }
    }
    models.newestMayHaveChanged();
  }

  /** Loads the version. Returns whether that worked; a failure is noted. */
  load(model: FollowedModel, version: number, options: LoadOptions): Promise<boolean> {
    const loaded = this.#options.versions.load(model.name, version, options);
    return this.waitUntilLoaded(model, version, loaded);
  }

  /** As `load`, for a version whose loading has begun. */
  async waitUntilLoaded(model: FollowedModel, version: number, loaded: LoadedModel): Promise<boolean> {
    try {
      await loaded.ready;
      model.failures.delete(version);
      this.#logged.delete(`${model.name}@${version}`);
      return true;
    } catch (error) {
      this.#noteFailure(model, version, error);
      // Another version is wanted in its place.
      await this.readManifests(model);
      return false;
    }
  }

  async #settle(model: FollowedModel): Promise<void> {
    for (;;) {
      this.switchUnloaded(model);
      const change = aliasChanges(model).at(0);
      if (change === undefined || this.#options.stopping.aborted) return;
      const { alias, from, to } = change;
      if (!(await this.load(model, to, { replacing: from }))) continue;
      const isStillWanted = aliasChanges(model).some((each) => each.alias === alias && each.to === to);
      if (isStillWanted) this.#switch(model, alias, to);
    }
  }

  #switch(model: FollowedModel, alias: string, to: number): void {
    const from = model.current.get(alias);
    model.current.set(alias, to);
    this.#options.models.newestMayHaveChanged();
    this.#options.onSwitch(model.name, alias, to);
    if (from !== undefined) this.#dropUnlessCurrent(model, from);
  }

  #dropUnlessCurrent(model: FollowedModel, version: number): void {
    if (!isCurrent(model, version)) this.#options.versions.drop(model.name, version);
  }

  #noteFailure(model: FollowedModel, version: number, cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    const isFinal =
      error instanceof TrainyardError && ['CHECKPOINT_CORRUPT', 'MODEL_TOO_LARGE'].includes(error.code);
    model.failures.set(version, { error, isFinal, check: model.checks });
    this.#options.models.newestMayHaveChanged();
    const key = `${model.name}@${version}`;
    if (this.#logged.has(key)) return;
    this.#logged.add(key);
    this.#options.log.warn({ err: error, model: model.name, version }, 'a model version cannot be loaded');
  }
}
