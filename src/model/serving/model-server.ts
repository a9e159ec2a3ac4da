/**
 * What predictions are answered from. The server follows the registry and has versions loaded as far as there is memory for
 * them: those that a name stands for (`latest` and the aliases) ahead of time, the newest first; all others when they are
 * asked for. A version that takes over a name is loaded first and swapped in after, so that a request is answered whole by
 * one version and none fails because of a change.
 *
 * A model is looked at twice a second while it is in use, when it is asked for after a while, and else in turn with the
 * others, so that what this costs does not depend on how many models there are.
 */
import type { Logger } from 'pino';
import { withTimeout } from '../../lib/timeout.js';
import { TrainyardError } from '../../errors.js';
import { damagedAliasError, type Aliases, type DamagedAlias } from '../registry/aliases.js';
import type { Engine } from '../engines/engine.js';
import {
  changesOf,
  isNamed,
  isPassedOver,
  newFollowedModel,
  targetsOf,
  update,
  type FollowedModel,
} from './followed-model.js';
import type { LoadedModel, ServedModel } from './loaded-model.js';
import { createLoadedVersions, type LoadOptions } from './loaded-versions.js';
import { latestAlias, modelNamePattern } from '../registry/model-folder.js';
import type { Registry } from '../registry/registry.js';

/** Which version is to answer. At most one of `version` and `alias`; without either, `latest`. */
export interface ModelChoice {
  /** Without it, the model whose latest version was published last. */
  model?: string | undefined;
  version?: number | undefined;
  alias?: string | undefined;
}

/** How a published model stands in this process. */
export interface ModelStatus {
  model: string;
  /**
   * ready: `latest` is loaded. loading: it is being loaded. not_loaded: it is loaded when it is asked for. unloaded: the
   * model is not to be served. unavailable: no version can answer as `latest`.
   */
  state: 'ready' | 'loading' | 'not_loaded' | 'unloaded' | 'unavailable';
  /** The version that answers as `latest`, now or once it is loaded; null while none does. */
  version: number | null;
  /** All that are loaded for a name, ascending. */
  versions: number[];
  /** Those that a name was to stand for and that cannot be loaded, ascending. */
  failed: FailedVersion[];
  /** Aliases that cannot be read, each with the version that it goes on standing for, if that is known. */
  damaged: (DamagedAlias & { version: number | null })[];
}

export interface FailedVersion {
  version: number;
  reason: string;
}

/** Hears of the work as it is done. */
export interface ModelServerObserver {
  batch?(model: string, samples: number, ms: number, version: number): void;
  /** Another version answers as `latest`. */
  reload?(model: string, version: number): void;
}

export interface ModelServer {
  /**
   * Follows changes from now on, and loads what the models' names stand for as far as there is memory for it. Resolves when
   * that is done; until then `use` loads what it is asked for.
   */
  start(): Promise<void>;
  /** What a start waits for before the service can answer as it should; null: nothing. */
  starting(): string | null;
  /**
   * Has `work` use the version chosen, which stays loaded until what it makes of it has settled.
   * @throws TrainyardError MODEL_NOT_READY, MODEL_TOO_LARGE, MODEL_NOT_FOUND, VERSION_NOT_FOUND, ALIAS_NOT_FOUND,
   * CHECKPOINT_CORRUPT, SHUTTING_DOWN, and whatever `work` rejects with
   */
  use<T>(choice: ModelChoice, work: (model: ServedModel) => Promise<T>): Promise<T>;
  /** Looks at one model or all now: what was changed before the call is so after it, unless it cannot be loaded. */
  refresh(model?: string): Promise<void>;
  /** The published models, sorted by name. */
  status(): ModelStatus[];
  statusOf(model: string): ModelStatus | undefined;
  /** What the loaded versions hold in memory. */
  sizeBytes(): number;
  /** Frees the models as their last predictions end. */
  stop(): Promise<void>;
}

/** A model that was asked for so long ago is no longer in use, and is looked at before it answers again. */
const inUseMs = 30_000;
/** A look that takes longer is not waited for where the model is known. */
const lookWithinMs = 1_000;
/** Models that are not in use, of which so many are looked at in one poll. */
const looksInTurn = 50;
const looksAtOnce = 16;
/** In a message. */
const namesShown = 20;

/** A model and its work that must not run twice at a time. */
interface Followed extends FollowedModel {
  /** Loads what is to take over a name, and swaps it in. */
  settle: () => Promise<void>;
}

export function createModelServer(options: {
  registry: Registry;
  aliases: Aliases;
  engine: Engine;
  /** For the loaded versions together. */
  memoryBytes?: number;
  log: Pick<Logger, 'info' | 'warn'>;
  observe?: ModelServerObserver;
  lookEveryMs?: number;
}): ModelServer {
  const { registry, aliases, engine, log, observe = {} } = options;
  const { memoryBytes = Infinity, lookEveryMs = 500 } = options;
  const models = new Map<string, Followed>();
  const lookers = new Map<string, () => Promise<void>>();
  const versions = createLoadedVersions({
    registry,
    engine,
    memoryBytes,
    isNamed(name, version) {
      const model = models.get(name);
      return (
        model !== undefined && (isNamed(model, version) || [...targetsOf(model).values()].includes(version))
      );
    },
    observe: (...batch) => observe.batch?.(...batch),
  });
  /** Versions whose failure is in the log, by `name@version`. */
  const logged = new Set<string>();
  /** Models that are looked at next because their turn has come. */
  const inTurn: string[] = [];
  /** Models of which something may have to be loaded. */
  const pending = new Set<string>();
  let background: Promise<void> | undefined;
  /** Not while a start looks for the model that is wanted most. */
  let loadsAhead = true;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let pollFailed = false;
  let waitsFor: string | null = null;
  /** The model whose latest version was published last; undefined: it is to be found. */
  let newest: { name: string | undefined } | undefined;

  const poll = oneAtATime(async () => {
    if (inTurn.length === 0) inTurn.push(...new Set([...(await registry.folders()), ...models.keys()]));
    const inUse = [...models.values()].filter(({ usedMs }) => usedMs > performance.now() - inUseMs);
    const published = await registry.lastPublished();
    await lookAtAll([
      ...inUse.map(({ name }) => name),
      ...(published === null ? [] : [published]),
      ...inTurn.splice(0, looksInTurn),
    ]);
  });

  const refreshAll = oneAtATime(async () => {
    const names = [...(await registry.folders()), ...models.keys()];
    // One that cannot be looked at keeps no other from its change.
    await lookAtAll(names).finally(() => Promise.all([...models.values()].map((model) => model.settle())));
  });

  /** What fails is tried again, as there is a next poll. */
  async function unlessAway(look: () => Promise<void>): Promise<void> {
    if (stopped) return;
    try {
      await look();
      pollFailed = false;
    } catch (err) {
      if (!pollFailed)
        log.warn({ err }, 'cannot look for changes of the models; trying again until it works');
      pollFailed = true;
    }
  }

  /** @throws what looking at one of them throws, after the others */
  async function lookAtAll(names: readonly string[]): Promise<void> {
    const waiting = [...new Set(names)];
    const errors: unknown[] = [];
    async function lookAtNext(): Promise<void> {
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
        await lookAt(name).catch((error: unknown) => errors.push(error));
      }
    }
    await Promise.all(Array.from({ length: looksAtOnce }, lookAtNext));
    if (errors.length > 0) throw errors[0];
  }

  function lookAt(name: string): Promise<void> {
    const look = lookers.get(name) ?? oneAtATime(() => lookNow(name));
    lookers.set(name, look);
    return look();
  }

  async function lookNow(name: string): Promise<void> {
    const published = await registry.look(name);
    if (published === null) {
      forget(name);
      return;
    }
    const isAsked = published.hasAliases && !published.unloaded;
    const found = isAsked ? await aliases.list(name) : { set: [], damaged: [] };
    if (stopped) return;
    const model = models.get(name) ?? follow(name);
    tellDamage(model, found.damaged);
    if (published.unloaded && !model.unloaded) log.info({ model: name }, 'the model is unloaded');
    update(model, published, found);
    await readManifests(model);
    if (models.get(name) !== model) return;
    versions.keepOnly(name, model.unloaded ? [] : model.versions);
    nameAtOnce(model);
    loadInBackground(name);
  }

  function follow(name: string): Followed {
    const model: Followed = { ...newFollowedModel(name), settle: oneAtATime(() => settle(model)) };
    models.set(name, model);
    return model;
  }

  function forget(name: string): void {
    versions.keepOnly(name, []);
    models.delete(name);
    lookers.delete(name);
    newest = undefined;
  }

  function tellDamage(model: Followed, damaged: readonly DamagedAlias[]): void {
    for (const { alias, reason } of damaged) {
      if (model.damaged.some((known) => known.alias === alias)) continue;
      const version = model.named.get(alias);
      const message =
        version === undefined
          ? 'an alias cannot be read and answers nothing until it is set again'
          : 'an alias cannot be read and stays with its version until it is set again';
      log.warn({ model: model.name, alias, version, reason }, message);
    }
  }

  /** Of what the names are to stand for. It says how old a version is and how large, and whether it can be read. */
  async function readManifests(model: Followed): Promise<void> {
    for (;;) {
      const unknown = [...targetsOf(model).values()].find(
        (version) => !model.manifests.has(version) && !isPassedOver(model, version),
      );
      if (unknown === undefined) break;
      try {
        const manifest = await registry.manifest(model.name, unknown);
        versions.refuseTooLarge(manifest);
        model.manifests.set(unknown, { created_at: manifest.created_at, file: manifest.file });
      } catch (error) {
        noteFailure(model, unknown, error);
      }
    }
    const kept = new Set([...targetsOf(model).values(), ...model.named.values()]);
    for (const version of model.manifests.keys()) if (!kept.has(version)) model.manifests.delete(version);
  }

  /** Changes the names that no request waits for: nothing is loaded that they stood for. */
  function nameAtOnce(model: Followed): void {
    const targets = targetsOf(model);
    for (const [alias, version] of model.named) {
      if (targets.has(alias)) continue;
      model.named.delete(alias);
      dropUnlessNamed(model, version);
    }
    for (const { alias, from, to } of changesOf(model)) {
      if (from === undefined || versions.stateOf(model.name, from) !== 'ready') rename(model, alias, to);
    }
    newest = undefined;
  }

  function rename(model: Followed, alias: string, to: number): void {
    const from = model.named.get(alias);
    model.named.set(alias, to);
    newest = undefined;
    if (loadsAhead) log.info({ model: model.name, alias, version: to }, 'serving another version');
    if (alias === latestAlias) observe.reload?.(model.name, to);
    if (from !== undefined) dropUnlessNamed(model, from);
  }

  function dropUnlessNamed(model: Followed, version: number): void {
    if (!isNamed(model, version)) versions.drop(model.name, version);
  }

  /** A name whose version does not load goes on standing for the one before. */
  async function settle(model: Followed): Promise<void> {
    for (;;) {
      nameAtOnce(model);
      const change = changesOf(model).at(0);
      if (change === undefined || stopped) return;
      const { alias, from, to } = change;
      if (!(await tryLoad(model, to, { replacing: from }))) continue;
      // What is to be may have changed meanwhile.
      if (changesOf(model).some((each) => each.alias === alias && each.to === to)) rename(model, alias, to);
    }
  }

  function tryLoad(model: Followed, version: number, options: LoadOptions): Promise<boolean> {
    return isLoaded(model, version, versions.load(model.name, version, options));
  }

  async function isLoaded(model: Followed, version: number, loaded: LoadedModel): Promise<boolean> {
    try {
      await loaded.ready;
      model.failures.delete(version);
      logged.delete(`${model.name}@${version}`);
      return true;
    } catch (error) {
      noteFailure(model, version, error);
      // Another one is wanted in its place.
      await readManifests(model);
      return false;
    }
  }

  function noteFailure(model: Followed, version: number, cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    const isFinal =
      error instanceof TrainyardError && ['CHECKPOINT_CORRUPT', 'MODEL_TOO_LARGE'].includes(error.code);
    model.failures.set(version, { error, isFinal, look: model.looks });
    newest = undefined;
    const key = `${model.name}@${version}`;
    if (!logged.has(key))
      log.warn({ err: error, model: model.name, version }, 'a model version cannot be loaded');
    logged.add(key);
  }

  /** One version after the other, and none that another would have to make room for. */
  function loadInBackground(name: string): void {
    pending.add(name);
    if (loadsAhead) background ??= loadPending().finally(() => (background = undefined));
  }

  async function loadPending(): Promise<void> {
    // Those who look at many models at once add them all first.
    await Promise.resolve();
    for (let model = takeMostWanted(); model !== undefined; model = takeMostWanted()) {
      await model.settle();
      for (const version of new Set(model.named.values())) await loadIfThereIsRoom(model, version);
    }
  }

  async function loadIfThereIsRoom(model: Followed, version: number): Promise<void> {
    const sizeBytes = model.manifests.get(version)?.file.size_bytes ?? Infinity;
    const isToBeLoaded =
      versions.stateOf(model.name, version) === 'not_loaded' && !isPassedOver(model, version);
    if (!isToBeLoaded || !versions.hasRoomFor(sizeBytes)) return;
    // Another version takes over the name of one that cannot be loaded.
    if (!(await tryLoad(model, version, { isAhead: true }))) pending.add(model.name);
  }

  /** Of the pending models, the one that was used last, else the one that was published last. */
  function takeMostWanted(): Followed | undefined {
    let wanted: Followed | undefined;
    for (const name of stopped ? [] : pending) {
      const model = models.get(name);
      if (model === undefined) pending.delete(name);
      else if (wanted === undefined || isMoreWanted(model, wanted)) wanted = model;
    }
    if (wanted !== undefined) pending.delete(wanted.name);
    return wanted;
  }

  function newestModel(): string | undefined {
    newest ??= { name: newestOf(models) };
    return newest.name;
  }

  /** The version chosen, if it is loaded. Nothing may be awaited between this and its use, or it could be retired. */
  function ready({ model: asked, version, alias = latestAlias }: ModelChoice): LoadedModel | undefined {
    const name = asked ?? newestModel();
    const model = name === undefined ? undefined : models.get(name);
    const nowMs = performance.now();
    if (model === undefined || model.unloaded || isStale(model, nowMs)) return undefined;
    const number = version ?? model.named.get(alias);
    if (number === undefined) return undefined;
    model.usedMs = nowMs;
    return versions.find(model.name, number);
  }

  /** Whether it may have changed. A model in use is looked at all the time, or cannot be looked at. */
  function isStale({ lookedMs, usedMs }: FollowedModel, nowMs: number): boolean {
    return nowMs - lookedMs > 2 * lookEveryMs && nowMs - usedMs > inUseMs;
  }

  /**
   * Loads the version chosen and has `work` use it. Where it cannot be loaded, another may be the one chosen.
   * @throws TrainyardError why none can answer, and whatever `work` rejects with
   */
  async function useLoading<T>(choice: ModelChoice, work: (model: ServedModel) => Promise<T>): Promise<T> {
    for (;;) {
      const model = known(choice) ?? (await lookFor(choice));
      if (stopped) throw shuttingDown();
      if (model === undefined) throw notServed(choice.model);
      if (model.unloaded) throw notReady(`The model ${model.name} is unloaded.`);
      model.usedMs = performance.now();
      const { alias = latestAlias } = choice;
      const version = choice.version ?? model.named.get(alias);
      if (version === undefined) throw notNamed(model, alias);
      if (choice.version !== undefined) return versions.load(model.name, version).use(work);
      if (isPassedOver(model, version)) throw notLoaded(model, alias, version);

      const loaded = versions.load(model.name, version);
      const answer = loaded.use(work);
      // Whether the version or the work failed is told below.
      answer.catch(() => undefined);
      if (await isLoaded(model, version, loaded)) return answer;
      nameAtOnce(model);
      if (model.named.get(alias) === version) throw notLoaded(model, alias, version);
    }
  }

  /** The model chosen, where what is known of it is enough to answer. */
  function known({ model: asked, version, alias = latestAlias }: ModelChoice): Followed | undefined {
    const name = asked ?? newestModel();
    const model = name === undefined ? undefined : models.get(name);
    if (model === undefined || isStale(model, performance.now())) return undefined;
    return version !== undefined || model.named.has(alias) ? model : undefined;
  }

  /** What was published or named a moment ago is found. */
  async function lookFor({ model: asked }: ModelChoice): Promise<Followed | undefined> {
    const name = asked ?? newestModel();
    if (name === undefined) {
      await unlessAway(refreshAll);
      const found = newestModel();
      return found === undefined ? undefined : models.get(found);
    }
    if (!modelNamePattern.test(name)) return undefined;
    const look = lookAt(name);
    // What is loaded answers also while the store is away.
    if (models.has(name)) await withTimeout(lookWithinMs, look).catch(() => undefined);
    else await look;
    return models.get(name);
  }

  function notServed(name: string | undefined): TrainyardError {
    if (models.size === 0) {
      return notReady(
        'No model has been trained yet: POST /v1/jobs, wait for the job to succeed, and ask again.',
      );
    }
    const names = [...models.keys()].sort();
    const known = names.slice(0, namesShown).join(', ') + (names.length > namesShown ? ', …' : '');
    if (name === undefined) {
      return notReady(`None of the models can answer: ${known}. GET /v2/repository/index says why.`);
    }
    const message = `There is no model ${JSON.stringify(name)}; published are: ${known}.`;
    return new TrainyardError('MODEL_NOT_FOUND', message, { pointer: '/model' });
  }

  /** Nothing answers to the name. */
  function notNamed(model: Followed, alias: string): TrainyardError {
    const damaged = model.damaged.find((each) => each.alias === alias);
    if (damaged !== undefined) return damagedAliasError(model.name, damaged);
    if (alias === latestAlias || model.set.has(alias)) {
      return notLoaded(model, alias, model.set.get(alias) ?? Math.max(...model.failures.keys()));
    }
    const names = [...model.named.keys()].join(', ');
    const message = `The model ${model.name} has no alias ${JSON.stringify(alias)}; there are: ${names}.`;
    return new TrainyardError('ALIAS_NOT_FOUND', message, { pointer: '/alias' });
  }

  function statusNow(model: Followed): ModelStatus {
    const { name, unloaded, named, failures, damaged } = model;
    const version = named.get(latestAlias);
    const loaded = [...new Set(named.values())].filter((each) => versions.stateOf(name, each) === 'ready');
    const failed = [...failures].map(([each, { error }]) => ({ version: each, reason: error.message }));
    const isOut = version === undefined || failures.has(version);
    return {
      model: name,
      state: unloaded ? 'unloaded' : isOut ? 'unavailable' : versions.stateOf(name, version),
      version: isOut ? null : version,
      versions: loaded.sort((a, b) => a - b),
      failed: failed.sort((a, b) => a.version - b.version),
      damaged: damaged.map((each) => ({ ...each, version: named.get(each.alias) ?? null })),
    };
  }

  return {
    async start() {
      waitsFor = 'The models are being looked at.';
      loadsAhead = false;
      timer = setInterval(() => void unlessAway(poll), lookEveryMs).unref();
      await unlessAway(refreshAll);
      for (let name = newestModel(); name !== undefined && !stopped;) {
        waitsFor = `The model ${name} is being loaded.`;
        await useLoading({ model: name }, () => Promise.resolve()).catch(() => undefined);
        // Another one is the newest that can answer, if this one cannot.
        name = newestModel() === name ? undefined : newestModel();
      }
      waitsFor = null;
      loadsAhead = true;
      for (const name of models.keys()) loadInBackground(name);
      await background;
    },

    starting: () => waitsFor,

    async use(choice, work) {
      if (stopped) throw shuttingDown();
      return ready(choice)?.use(work) ?? useLoading(choice, work);
    },

    async refresh(name) {
      if (name === undefined) return unlessAway(refreshAll);
      await unlessAway(async () => {
        await lookAt(name);
        await models.get(name)?.settle();
      });
    },

    status: () => [...models.values()].map(statusNow).sort((a, b) => (a.model < b.model ? -1 : 1)),

    statusOf(name) {
      const model = models.get(name);
      return model && statusNow(model);
    },

    sizeBytes: () => versions.sizeBytes(),

    async stop() {
      stopped = true;
      clearInterval(timer);
      versions.clear();
      models.clear();
      await background;
    },
  };
}

/** One run at a time. All who ask while one runs share the next, as it sees what the running one may have missed. */
function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        running = work();
        return running;
      });
    return next;
  };
}

function isMoreWanted(model: FollowedModel, other: FollowedModel): boolean {
  if (model.usedMs !== other.usedMs) return model.usedMs > other.usedMs;
  return (createdAtOf(model) ?? '') > (createdAtOf(other) ?? '');
}

/** Of the version that answers as `latest`. */
function createdAtOf(model: FollowedModel): string | undefined {
  const version = model.named.get(latestAlias);
  if (version === undefined || isPassedOver(model, version)) return undefined;
  return model.manifests.get(version)?.created_at;
}

function newestOf(models: ReadonlyMap<string, FollowedModel>): string | undefined {
  let newest: { name: string; createdAt: string } | undefined;
  for (const [name, model] of models) {
    const createdAt = createdAtOf(model);
    if (createdAt !== undefined && !(newest && newest.createdAt > createdAt)) newest = { name, createdAt };
  }
  return newest?.name;
}

function notLoaded(model: FollowedModel, alias: string, version: number): TrainyardError {
  const error = model.failures.get(version)?.error;
  if (error instanceof TrainyardError && error.code === 'MODEL_TOO_LARGE') return error;
  const reason = error?.message ?? 'the log says why';
  if (alias !== latestAlias) {
    const message = `Version ${version} of ${model.name}, which ${alias} stands for, cannot be loaded: ${reason}`;
    return new TrainyardError('CHECKPOINT_CORRUPT', message);
  }
  return notReady(`No version of ${model.name} can be loaded: ${reason}`);
}

function shuttingDown(): TrainyardError {
  return new TrainyardError('SHUTTING_DOWN', 'The service is stopping.');
}

function notReady(message: string): TrainyardError {
  return new TrainyardError('MODEL_NOT_READY', message);
}
