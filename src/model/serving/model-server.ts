/**
 * The models that predictions come from. The server follows the registry and loads versions as far as there is memory.
 * Versions that an alias answers with, `latest` included, are loaded ahead of time, the newest first. All others are loaded
 * when a request asks for them. One version answers the whole of a request, and a change of versions fails no request.
 */
import type { Logger } from 'pino';
import { withTimeout } from '../../lib/timeout.js';
import type { Engine } from '../engines/engine.js';
import type { Held } from '../evaluation/publish-gate.js';
import type { Aliases, DamagedAlias } from '../registry/aliases.js';
import { latestAlias } from '../registry/model-folder.js';
import type { Registry } from '../registry/registry.js';
import { AliasSwitch } from './alias-switch.js';
import { aliasChanges, FollowedModels, type FollowedModel } from './followed-models.js';
import type { ServedModel } from './loaded-model.js';
import { LoadedVersions } from './loaded-versions.js';
import { LoadingAhead } from './loading-ahead.js';
import { RegistryWatch } from './registry-watch.js';
import { VersionChooser, type ModelChoice } from './version-choice.js';

export type { ModelChoice } from './version-choice.js';

/** How long a client that follows a job waits for the version that it published. */
const catchUpTimeoutMs = 5_000;

/** The state of a published model in this process. */
export interface ModelStatus {
  model: string;
  /**
   * ready: `latest` is loaded. loading: it is being loaded. not_loaded: it is loaded when it is asked for. unloaded: the
   * model must not be served. held: all its versions are held. unavailable: no version can answer as `latest`.
   */
  state: 'ready' | 'loading' | 'not_loaded' | 'unloaded' | 'held' | 'unavailable';
  /** The version that answers as `latest`, now or once it is loaded; null while none does. */
  version: number | null;
  /** The versions that are loaded and that an alias answers with, ascending. */
  versions: number[];
  /** The versions that an alias should answer with and that cannot be loaded, ascending. */
  failed: FailedVersion[];
  /** The versions that do not answer as `latest` unless it is set to them, and why. */
  held: ReadonlyMap<number, Held>;
  /** Aliases that cannot be read. `version` is what each still answers with, if that is known. */
  damaged: (DamagedAlias & { version: number | null })[];
}

export interface FailedVersion {
  version: number;
  reason: string;
}

/** Is told of the work as it is done. */
export interface ModelServerObserver {
  batch?(model: string, samples: number, ms: number, version: number): void;
  /** Another version answers as `latest`. */
  reload?(model: string, version: number): void;
}

export interface ModelServer {
  /**
   * Follows changes from now on, and loads what the aliases answer with as far as there is memory. Resolves when that is
   * done; until then `use` loads what it is asked for.
   */
  start(): Promise<void>;
  /** What a start waits for before the service can answer; null: nothing. */
  starting(): string | null;
  /**
   * Calls `work` with the chosen version, which stays loaded until the promise of `work` settles.
   * @throws TrainyardError MODEL_NOT_READY, MODEL_TOO_LARGE, MODEL_NOT_FOUND, VERSION_NOT_FOUND, ALIAS_NOT_FOUND,
   * CHECKPOINT_CORRUPT, SHUTTING_DOWN, and whatever `work` rejects with
   */
  use<T>(choice: ModelChoice, work: (model: ServedModel) => Promise<T>): Promise<T>;
  /** Checks one model or all. Changes made before the call take effect before it resolves, unless a version cannot be loaded. */
  refresh(model?: string): Promise<void>;
  /**
   * Resolves when `latest` is no older than the version, which is published. A version that cannot be checked or loaded within
   * seconds is not waited for.
   */
  catchUp(model: string, version: number): Promise<void>;
  /** The published models, sorted by name. */
  status(): ModelStatus[];
  statusOf(model: string): ModelStatus | undefined;
  /** The memory of the loaded versions. */
  sizeBytes(): number;
  /** Frees each model when its last prediction ends. */
  stop(): Promise<void>;
}

export interface ModelServerOptions {
  registry: Registry;
  aliases: Aliases;
  engine: Engine;
  /** For all loaded versions together. */
  memoryBytes?: number;
  log: Pick<Logger, 'info' | 'warn'>;
  observe?: ModelServerObserver;
  lookEveryMs?: number;
}

export function createModelServer(options: ModelServerOptions): ModelServer {
  const parts = createParts(options);
  const { models, versions, watch, ahead, chooser, stopping } = parts;
  /** By model: the newest version that clients waited for. It is not looked for again where it was removed. */
  const lookedFor = new Map<string, number>();
  return {
    start: () => start(parts),
    starting: () => parts.starting,
    use: (choice, work) => chooser.use(choice, work),
    async refresh(model) {
      await (model === undefined ? watch.refreshAll() : watch.refresh(model));
    },
    async catchUp(name, version) {
      const model = models.get(name);
      const newest = Math.max(model?.versions.at(-1) ?? 0, lookedFor.get(name) ?? 0);
      if (newest >= version && (model === undefined || aliasChanges(model).length === 0)) return;
      const hasLooked = await withTimeout(catchUpTimeoutMs, watch.refresh(name)).catch(() => false);
      // It is there now, or it was removed.
      if (hasLooked) lookedFor.set(name, Math.max(version, newest));
    },
    status() {
      const all = models.all().map((model) => statusOf(model, versions));
      return all.sort((a, b) => (a.model < b.model ? -1 : 1));
    },
    statusOf(name) {
      const model = models.get(name);
      return model && statusOf(model, versions);
    },
    sizeBytes: () => versions.sizeBytes(),
    async stop() {
      stopping.abort();
      watch.stop();
      versions.clear();
      models.clear();
      lookedFor.clear();
      await ahead.finish();
    },
  };
}

interface Parts {
  models: FollowedModels;
  versions: LoadedVersions;
  watch: RegistryWatch;
  ahead: LoadingAhead;
  chooser: VersionChooser;
  stopping: AbortController;
  /** See `ModelServer.starting`. */
  starting: string | null;
}

function createParts({ registry, aliases, engine, log, ...options }: ModelServerOptions): Parts {
  const { memoryBytes = Infinity, observe = {}, lookEveryMs = 500 } = options;
  const models = new FollowedModels();
  const stopping = new AbortController();
  const shared = { registry, aliases, log, models, stopping: stopping.signal };
  const versions = new LoadedVersions({
    registry,
    engine,
    memoryBytes,
    isAliased: (model, version) => models.isAliased(model, version),
    onBatch: (...batch) => observe.batch?.(...batch),
  });
  const switches = new AliasSwitch({
    ...shared,
    versions,
    onSwitch: (model, alias, version) => {
      if (parts.starting === null) log.info({ model, alias, version }, 'serving another version');
      if (alias === latestAlias) observe.reload?.(model, version);
    },
  });
  const ahead = new LoadingAhead({ ...shared, versions, switches });
  const onChecked = (name: string): void => ahead.add(name);
  const watch = new RegistryWatch({ ...shared, versions, switches, lookEveryMs, onChecked });
  const chooser = new VersionChooser({ ...shared, versions, switches, watch });
  const parts: Parts = { models, versions, watch, ahead, chooser, stopping, starting: null };
  return parts;
}

async function start(parts: Parts): Promise<void> {
  const { watch, ahead } = parts;
  parts.starting = 'The models are being looked at.';
  ahead.pause();
  watch.start();
  await watch.refreshAll();
  await loadNewest(parts);
  parts.starting = null;
  ahead.resume();
  await ahead.finish();
}

/** Loads the model that answers where a request names none. Where it cannot be loaded, the next newest takes its place. */
async function loadNewest(parts: Parts): Promise<void> {
  const { models, chooser, stopping } = parts;
  let tried: string | undefined;
  for (;;) {
    const name = models.newest()?.name;
    if (name === undefined || name === tried || stopping.signal.aborted) return;
    parts.starting = `The model ${name} is being loaded.`;
    await chooser.use({ model: name }, () => Promise.resolve()).catch(() => undefined);
    tried = name;
  }
}

function statusOf(
  { name, unloaded, current, failures, held, damaged }: FollowedModel,
  versions: LoadedVersions,
): ModelStatus {
  const stateOf = (version: number) => versions.stateOf(name, version);
  const version = current.get(latestAlias);
  const isUnavailable = version === undefined || failures.has(version);
  const isHeld = version === undefined && failures.size === 0 && held.size > 0;
  const loaded = [...new Set(current.values())].filter((each) => stateOf(each) === 'ready');
  const failed = [...failures].map(([each, { error }]) => ({ version: each, reason: error.message }));
  return {
    model: name,
    state: unloaded ? 'unloaded' : isHeld ? 'held' : isUnavailable ? 'unavailable' : stateOf(version),
    version: isUnavailable ? null : version,
    versions: loaded.sort((a, b) => a - b),
    failed: failed.sort((a, b) => a.version - b.version),
    held,
    damaged: damaged.map((each) => ({ ...each, version: current.get(each.alias) ?? null })),
  };
}
