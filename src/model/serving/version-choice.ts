/** Finds the version that a request chooses, loads it where it is not loaded, and explains why none can answer. */
import { TrainyardError } from '../../errors.js';
import { withTimeout } from '../../lib/timeout.js';
import type { Held } from '../evaluation/publish-gate.js';
import { damagedAliasError } from '../registry/aliases.js';
import { latestAlias, modelNamePattern } from '../registry/model-folder.js';
import type { AliasSwitch } from './alias-switch.js';
import { hasFailed, type FollowedModel, type FollowedModels } from './followed-models.js';
import type { LoadedModel, ServedModel } from './loaded-model.js';
import type { LoadedVersions } from './loaded-versions.js';
import type { RegistryWatch } from './registry-watch.js';

/** The version that is to answer. At most one of `version` and `alias`; without either, `latest`. */
export interface ModelChoice {
  /** Without it, the model whose latest version was published last. */
  model?: string | undefined;
  version?: number | undefined;
  alias?: string | undefined;
}

/** How long a request for a known model waits for its check. */
const checkTimeoutMs = 1_000;
/** Names of models in an error message. */
const namesShown = 20;

export interface VersionChooserOptions {
  models: FollowedModels;
  versions: LoadedVersions;
  switches: AliasSwitch;
  watch: RegistryWatch;
  stopping: AbortSignal;
}

export class VersionChooser {
  readonly #options: VersionChooserOptions;

  constructor(options: VersionChooserOptions) {
    this.#options = options;
  }

  /** See `ModelServer.use`. */
  async use<T>(choice: ModelChoice, work: (model: ServedModel) => Promise<T>): Promise<T> {
    if (this.#options.stopping.aborted) throw shuttingDown();
    return this.#findLoaded(choice)?.use(work) ?? this.#loadAndUse(choice, work);
  }

  /** The version if it is loaded. It must be used before anything is awaited, or it could be retired. */
  #findLoaded(choice: ModelChoice): LoadedModel | undefined {
    const nowMs = performance.now();
    const model = this.#freshModel(choice, nowMs);
    if (model === undefined || model.unloaded) return undefined;
    const version = choice.version ?? model.current.get(choice.alias ?? latestAlias);
    if (version === undefined) return undefined;
    model.usedAtMs = nowMs;
    return this.#options.versions.find(model.name, version);
  }

  /**
   * If the version of an alias cannot be loaded, the alias may get another one, which is then tried.
   * @throws TrainyardError why none can answer, and whatever `work` rejects with
   */
  async #loadAndUse<T>(choice: ModelChoice, work: (model: ServedModel) => Promise<T>): Promise<T> {
    const { versions, switches, stopping } = this.#options;
    const { alias = latestAlias } = choice;
    for (;;) {
      const model = this.#knownModel(choice) ?? (await this.#checkModel(choice));
      if (stopping.aborted) throw shuttingDown();
      if (model === undefined) throw notPublished(this.#options.models, choice.model);
      if (model.unloaded) throw notReady(`The model ${model.name} is unloaded.`);
      model.usedAtMs = performance.now();
      const version = choice.version ?? model.current.get(alias);
      if (version === undefined) throw withoutVersion(model, alias);
      if (choice.version !== undefined) return versions.load(model.name, version).use(work);
      if (hasFailed(model, version)) throw notLoadable(model, alias, version);

      const loaded = versions.load(model.name, version);
      const answer = loaded.use(work);
      // If it rejects, that is dealt with below.
      answer.catch(() => undefined);
      if (await switches.waitUntilLoaded(model, version, loaded)) return answer;
      switches.switchUnloaded(model);
      if (model.current.get(alias) === version) throw notLoadable(model, alias, version);
    }
  }

  /** The model, unless it must be checked before it answers. */
  #freshModel({ model: name }: ModelChoice, nowMs: number): FollowedModel | undefined {
    const { models, watch } = this.#options;
    const model = name === undefined ? models.newest() : models.get(name);
    return model === undefined || watch.isStale(model, nowMs) ? undefined : model;
  }

  /** The model, where what is known of it is enough to find the version. */
  #knownModel(choice: ModelChoice): FollowedModel | undefined {
    const model = this.#freshModel(choice, performance.now());
    const isKnown = choice.version !== undefined || model?.current.has(choice.alias ?? latestAlias) === true;
    return isKnown ? model : undefined;
  }

  /** Asks the registry, so that a model or an alias that is a moment old is found. */
  async #checkModel({ model: asked }: ModelChoice): Promise<FollowedModel | undefined> {
    const { models, watch } = this.#options;
    const name = asked ?? models.newest()?.name;
    if (name === undefined) {
      await watch.refreshAll();
      return models.newest();
    }
    if (!modelNamePattern.test(name)) return undefined;
    const check = watch.check(name);
    // What is loaded answers even while the store cannot be reached.
    if (models.get(name) !== undefined) await withTimeout(checkTimeoutMs, check).catch(() => undefined);
    else await check;
    return models.get(name);
  }
}

function notPublished(models: FollowedModels, name: string | undefined): TrainyardError {
  if (models.size === 0) {
    return notReady(
      'No model has been trained yet: POST /v1/jobs, wait for the job to succeed, and ask again.',
    );
  }
  const names = models.names().sort();
  const known = names.slice(0, namesShown).join(', ') + (names.length > namesShown ? ', …' : '');
  const heldOnly = models.all().filter(({ held, unloaded }) => held.size > 0 && !unloaded);
  if (name === undefined && models.size === 1) {
    for (const model of heldOnly) return withoutVersion(model, latestAlias);
  }
  if (name === undefined) {
    return notReady(`None of the models can answer: ${known}. GET /v2/repository/index says why.`);
  }
  const message = `There is no model ${JSON.stringify(name)}; published are: ${known}.`;
  return new TrainyardError('MODEL_NOT_FOUND', message, { pointer: '/model' });
}

/** The alias answers with no version. */
function withoutVersion(model: FollowedModel, alias: string): TrainyardError {
  const damaged = model.damaged.find((each) => each.alias === alias);
  if (damaged !== undefined) return damagedAliasError(model.name, damaged);
  if (alias === latestAlias && model.failures.size === 0 && model.held.size > 0) return allHeld(model);
  if (alias === latestAlias || model.aliases.has(alias)) {
    return notLoadable(model, alias, model.aliases.get(alias) ?? Math.max(...model.failures.keys()));
  }
  const names = [...model.current.keys()].join(', ');
  const message = `The model ${model.name} has no alias ${JSON.stringify(alias)}; there are: ${names}.`;
  return new TrainyardError('ALIAS_NOT_FOUND', message, { pointer: '/alias' });
}

/** The version of the alias has failed to load. */
function notLoadable(model: FollowedModel, alias: string, version: number): TrainyardError {
  const error = model.failures.get(version)?.error;
  if (error instanceof TrainyardError && error.code === 'MODEL_TOO_LARGE') return error;
  const reason = error?.message ?? 'the log says why';
  if (alias === latestAlias) return notReady(`No version of ${model.name} can be loaded: ${reason}`);
  const message = `Version ${version} of ${model.name}, which ${alias} stands for, cannot be loaded: ${reason}`;
  return new TrainyardError('CHECKPOINT_CORRUPT', message);
}

/** The message says why the newest one is held, and how it can answer all the same. */
export function whyAllHeld(name: string, held: ReadonlyMap<number, Held>): string {
  const newest = Math.max(...held.keys());
  return (
    `No version of ${name} is served as latest. Version ${newest} is held: ${held.get(newest)?.reasons.join(' ') ?? ''} ` +
    `A request can name its number. To serve it all the same: PUT /v1/models/${name}/aliases/latest with {"version": ${newest}}.`
  );
}

function allHeld({ name, held }: FollowedModel): TrainyardError {
  return notReady(whyAllHeld(name, held));
}

function notReady(message: string): TrainyardError {
  return new TrainyardError('MODEL_NOT_READY', message);
}

function shuttingDown(): TrainyardError {
  return new TrainyardError('SHUTTING_DOWN', 'The service is stopping.');
}
