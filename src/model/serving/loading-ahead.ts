/**
 * Loads the versions that aliases answer with before they are asked for: one after the other, the most wanted model first,
 * as long as no other version would have to make room.
 */
import type { AliasSwitch } from './alias-switch.js';
import { hasFailed, isMoreWanted, type FollowedModel, type FollowedModels } from './followed-models.js';
import type { LoadedVersions } from './loaded-versions.js';

export interface LoadingAheadOptions {
  models: FollowedModels;
  versions: LoadedVersions;
  switches: AliasSwitch;
  stopping: AbortSignal;
}

export class LoadingAhead {
  readonly #options: LoadingAheadOptions;
  /** Names of models that may have something to load. */
  readonly #pending = new Set<string>();
  #loading: Promise<void> | undefined;
  #isPaused = false;

  constructor(options: LoadingAheadOptions) {
    this.#options = options;
  }

  /** Loads what the model's aliases answer with, in the background. */
  add(name: string): void {
    this.#pending.add(name);
    if (this.#isPaused) return;
    this.#loading ??= this.#loadPending().finally(() => (this.#loading = undefined));
  }

  /** Loads nothing new until `resume`. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Adds all models. */
  resume(): void {
    this.#isPaused = false;
    for (const name of this.#options.models.names()) this.add(name);
  }

  /** Resolves when nothing is being loaded in the background. */
  async finish(): Promise<void> {
    await this.#loading;
  }

  async #loadPending(): Promise<void> {
    // A caller with many models adds all of them before the first is chosen.
    await Promise.resolve();
    for (let model = this.#takeMostWanted(); model !== undefined; model = this.#takeMostWanted()) {
      await this.#options.switches.settle(model);
      for (const version of new Set(model.current.values())) await this.#loadIfThereIsRoom(model, version);
    }
  }

  async #loadIfThereIsRoom(model: FollowedModel, version: number): Promise<void> {
    const { versions, switches } = this.#options;
    const sizeBytes = model.manifests.get(version)?.file.size_bytes ?? Infinity;
    const isToBeLoaded = versions.stateOf(model.name, version) === 'not_loaded' && !hasFailed(model, version);
    if (!isToBeLoaded || !versions.hasRoomFor(sizeBytes)) return;
    // If it cannot be loaded, another version takes over the alias.
    if (!(await switches.load(model, version, { isAhead: true }))) this.#pending.add(model.name);
  }

  #takeMostWanted(): FollowedModel | undefined {
    const { models, stopping } = this.#options;
    if (stopping.aborted) return undefined;
    let wanted: FollowedModel | undefined;
    for (const name of this.#pending) {
      const model = models.get(name);
      if (model === undefined) this.#pending.delete(name);
      else if (wanted === undefined || isMoreWanted(model, wanted)) wanted = model;
    }
    if (wanted !== undefined) this.#pending.delete(wanted.name);
    return wanted;
  }
}
