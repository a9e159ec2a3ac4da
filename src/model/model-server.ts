/**
 * What predictions are answered from: of every model the versions that a name stands for (`latest` and the aliases), kept
 * loaded and up to date by polling the registry, and a few others that were asked for by number. A version is loaded
 * first and swapped in after, so that a request is answered whole by one version and none fails because of a change.
 */
import type { Logger } from 'pino';
import { TrainyardError } from '../errors.js';
import type { Alias, Aliases } from './aliases.js';
import type { Engine } from './engines/engine.js';
import { loadModel, type LoadedModel, type ServedModel } from './loaded-model.js';
import { createLoadedVersions } from './loaded-versions.js';
import { latestAlias } from './model-folder.js';
import type { PublishedModel, Registry } from './registry.js';

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
  /** unavailable: none of its versions can be loaded. */
  state: 'ready' | 'unloaded' | 'unavailable';
  /** The version that answers as `latest`; null while none does. */
  version: number | null;
  /** All that are loaded for a name, ascending. */
  versions: number[];
  /** Those that a name was to stand for and that cannot be loaded, ascending. */
  failed: FailedVersion[];
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
  /** Loads what every model's names stand for and follows changes from then on. */
  start(): Promise<void>;
  /**
   * Has `work` use the version chosen, which stays loaded until what it makes of it has settled.
   * @throws TrainyardError MODEL_NOT_READY, MODEL_NOT_FOUND, VERSION_NOT_FOUND, ALIAS_NOT_FOUND, CHECKPOINT_CORRUPT,
   * SHUTTING_DOWN, and whatever `work` rejects with
   */
  use<T>(choice: ModelChoice, work: (model: ServedModel) => Promise<T>): Promise<T>;
  /** Looks at the registry now: all that was changed before the call is so after it, unless it is damaged. */
  refresh(): Promise<void>;
  /** The published models, sorted by name. */
  status(): ModelStatus[];
  /** Frees the models as their last predictions end. */
  stop(): Promise<void>;
}

interface Loaded {
  version: number;
  createdAt: string;
  model: LoadedModel;
}

/** A published model. */
interface Followed {
  unloaded: boolean;
  /** By alias, `latest` among them. Two may share one version. */
  named: Map<string, Loaded>;
}

export function createModelServer(options: {
  registry: Registry;
  aliases: Aliases;
  engine: Engine;
  log: Pick<Logger, 'info' | 'warn'>;
  observe?: ModelServerObserver;
  lookEveryMs?: number;
}): ModelServer {
  const { registry, aliases, engine, log, observe = {}, lookEveryMs = 500 } = options;
  const models = new Map<string, Followed>();
  const others = createLoadedVersions(load);
  /** Versions that did not load, by `name@version`: each is logged once, and a damaged one is not tried again. */
  const failed = new Map<string, { isDamaged: boolean; reason: string }>();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let polling = Promise.resolve();
  let nextPoll: Promise<void> | undefined;
  let pollFailed = false;
  /** The model whose latest version was published last. */
  let newest: string | undefined;

  /** One poll at a time; all who ask while one runs share the next, as it sees what the running one may have missed. */
  function refresh(): Promise<void> {
    nextPoll ??= polling.then(() => {
      nextPoll = undefined;
      polling = poll();
      return polling;
    });
    return nextPoll;
  }

  async function poll(): Promise<void> {
    if (stopped) return;
    try {
      for (const model of await registry.look()) await follow(model);
      newest = newestOf(models);
      pollFailed = false;
    } catch (err) {
      if (!pollFailed)
        log.warn({ err }, 'cannot look for changes of the models; trying again until it works');
      pollFailed = true;
    }
  }

  async function follow({ name, versions: numbers, unloaded, hasAliases }: PublishedModel): Promise<void> {
    const before = models.get(name) ?? { unloaded: false, named: new Map<string, Loaded>() };
    others.keepOnly(name, numbers);
    const set = hasAliases && !unloaded ? await aliases.list(name) : [];
    const named = unloaded ? new Map<string, Loaded>() : await loadNamed(name, numbers, set, before.named);
    models.set(name, { unloaded, named });
    tellChange(name, before, { unloaded, named });
    const kept = new Set(named.values());
    for (const loaded of new Set(before.named.values())) if (!kept.has(loaded)) loaded.model.retire();
  }

  /** What the names are to stand for. A name whose version does not load goes on standing for the one before. */
  async function loadNamed(
    name: string,
    numbers: number[],
    set: Alias[],
    before: ReadonlyMap<string, Loaded>,
  ): Promise<Map<string, Loaded>> {
    const loaded = new Map([...before.values()].map((each) => [each.version, each]));
    async function firstOf(versions: number[]): Promise<Loaded | undefined> {
      for (const version of versions) {
        const found = loaded.get(version) ?? (await tryLoad(name, version));
        if (found === undefined) continue;
        loaded.set(version, found);
        return found;
      }
      return undefined;
    }
    const named = new Map<string, Loaded>();
    for (const { alias, version } of set) {
      const found = (await firstOf([version])) ?? before.get(alias);
      if (found !== undefined) named.set(alias, found);
    }
    if (!set.some(({ alias }) => alias === latestAlias)) {
      const newest = await firstOf(numbers.toReversed());
      if (newest !== undefined) named.set(latestAlias, newest);
    }
    return named;
  }

  async function tryLoad(name: string, version: number): Promise<Loaded | undefined> {
    const key = `${name}@${version}`;
    if (failed.get(key)?.isDamaged) return undefined;
    const model = load(name, version);
    try {
      const { created_at: createdAt } = await model.ready;
      failed.delete(key);
      return { version, createdAt, model };
    } catch (err) {
      const isDamaged = err instanceof TrainyardError && err.code === 'CHECKPOINT_CORRUPT';
      if (!failed.has(key)) log.warn({ err, model: name, version }, 'a model version cannot be loaded');
      failed.set(key, { isDamaged, reason: err instanceof Error ? err.message : String(err) });
      return undefined;
    }
  }

  function load(name: string, version: number): LoadedModel {
    return loadModel(
      () => registry.load(name, version),
      engine,
      (samples, ms) => observe.batch?.(name, samples, ms, version),
    );
  }

  function tellChange(model: string, before: Followed, after: Followed): void {
    if (after.unloaded && !before.unloaded) log.info({ model }, 'the model is unloaded');
    for (const [alias, { version }] of after.named) {
      if (before.named.get(alias)?.version === version) continue;
      log.info({ model, alias, version }, 'serving another version');
      if (alias === latestAlias) observe.reload?.(model, version);
    }
  }

  /** Nothing may be awaited between this and its use, or the version could be retired in between. */
  function choose({ model: asked, version, alias = latestAlias }: ModelChoice): LoadedModel {
    const name = asked ?? newest;
    const found = name === undefined ? undefined : models.get(name);
    if (name === undefined || found === undefined) throw notServed(asked);
    const { unloaded, named } = found;
    if (unloaded) throw notReady(`The model ${name} is unloaded.`);
    if (version !== undefined) {
      const known = [...named.values()].find((loaded) => loaded.version === version);
      return known?.model ?? others.get(name, version);
    }
    const loaded = named.get(alias);
    if (loaded !== undefined) return loaded.model;
    if (alias === latestAlias)
      throw notReady(`No version of ${name} can be loaded; the service's log says why.`);
    const names = [...named.keys()].join(', ');
    const message = `The model ${name} has no alias ${JSON.stringify(alias)}; there are: ${names}.`;
    throw new TrainyardError('ALIAS_NOT_FOUND', message, { pointer: '/alias' });
  }

  function notServed(name: string | undefined): TrainyardError {
    if (models.size === 0) {
      return notReady(
        'No model has been trained yet: POST /v1/jobs, wait for the job to succeed, and ask again.',
      );
    }
    const known = [...models.keys()].join(', ');
    if (name === undefined) {
      return notReady(`None of the models can answer: ${known}. GET /v2/repository/index says why.`);
    }
    const message = `There is no model ${JSON.stringify(name)}; published are: ${known}.`;
    return new TrainyardError('MODEL_NOT_FOUND', message, { pointer: '/model' });
  }

  function failedOf(name: string): FailedVersion[] {
    const found = [...failed].flatMap(([key, { reason }]) => {
      const [model, version] = key.split('@');
      return model === name ? [{ version: Number(version), reason }] : [];
    });
    return found.sort((a, b) => a.version - b.version);
  }

  return {
    async start() {
      await refresh();
      timer = setInterval(() => void refresh(), lookEveryMs).unref();
    },

    async use(choice, work) {
      // What was published a moment ago is found.
      const { model = newest, alias = latestAlias } = choice;
      if (model === undefined || models.get(model)?.named.has(alias) !== true) await refresh();
      if (stopped) throw new TrainyardError('SHUTTING_DOWN', 'The service is stopping.');
      return choose(choice).use(work);
    },

    refresh,

    status() {
      const statuses = [...models].map(([model, { unloaded, named }]): ModelStatus => {
        const version = named.get(latestAlias)?.version ?? null;
        const versions = [...new Set([...named.values()].map((loaded) => loaded.version))];
        const state = unloaded ? 'unloaded' : version === null ? 'unavailable' : 'ready';
        return { model, state, version, versions: versions.sort((a, b) => a - b), failed: failedOf(model) };
      });
      return statuses.sort((a, b) => (a.model < b.model ? -1 : 1));
    },

    async stop() {
      stopped = true;
      clearInterval(timer);
      await refresh();
      for (const { named } of models.values()) {
        for (const { model } of new Set(named.values())) model.retire();
      }
      others.clear();
      models.clear();
    },
  };
}

function newestOf(models: ReadonlyMap<string, Followed>): string | undefined {
  let newest: { name: string; createdAt: string } | undefined;
  for (const [name, { named }] of models) {
    const createdAt = named.get(latestAlias)?.createdAt;
    if (createdAt !== undefined && !(newest && newest.createdAt > createdAt)) newest = { name, createdAt };
  }
  return newest?.name;
}

function notReady(message: string): TrainyardError {
  return new TrainyardError('MODEL_NOT_READY', message);
}
