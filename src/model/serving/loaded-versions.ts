/**
 * The versions in memory, of all models together. There is room for so many bytes: those used longest ago make room for
 * one that is asked for. One version is loaded at a time, as loading it takes its file's size beside what stays.
 */
import { TrainyardError } from '../../errors.js';
import type { Engine } from '../engines/engine.js';
import { loadModel, type LoadedContent, type LoadedModel } from './loaded-model.js';
import { megabytes } from '../engines/training-memory.js';
import type { Registry, VersionManifest } from '../registry/registry.js';

/** Versions that no name stands for are few, so that asking for all of them by number does not fill the memory. */
const unnamedKept = 4;

export interface LoadedVersions {
  /** The version if it is loaded. It counts as used now. */
  find(model: string, version: number): LoadedModel | undefined;
  stateOf(model: string, version: number): 'ready' | 'loading' | 'not_loaded';
  /**
   * Loads the version unless it is loaded or being loaded. `ready` may reject with MODEL_TOO_LARGE, VERSION_NOT_FOUND,
   * CHECKPOINT_CORRUPT and what the engine throws.
   */
  load(model: string, version: number, options?: LoadOptions): LoadedModel;
  /** Whether so many bytes fit without another version being retired. */
  hasRoomFor(sizeBytes: number): boolean;
  /** @throws TrainyardError MODEL_TOO_LARGE for a version that can never be loaded here */
  refuseTooLarge(manifest: VersionManifest): void;
  drop(model: string, version: number): void;
  /** Lets go of the model's other versions. */
  keepOnly(model: string, versions: readonly number[]): void;
  /** Lets go of all. */
  clear(): void;
  /** What all of them hold. */
  sizeBytes(): number;
}

export interface LoadOptions {
  /** A version of the same model that stays until this one is loaded and is retired then: its memory is not counted. */
  replacing?: number | undefined;
  /** Nobody has asked for it: it counts as used before all that was used or loaded until now. */
  isAhead?: boolean;
}

interface Entry {
  model: string;
  version: number;
  loaded: LoadedModel;
  isReady: boolean;
  /** What is reserved for it while it is loaded, and then what it holds. */
  sizeBytes: number;
  /** By a clock that ticks with every use, and backwards for what is loaded ahead. */
  used: number;
}

export function createLoadedVersions(options: {
  registry: Pick<Registry, 'manifest' | 'read'>;
  engine: Engine;
  memoryBytes: number;
  /** Whether a name stands for the version. */
  isNamed: (model: string, version: number) => boolean;
  observe?: ((model: string, samples: number, ms: number, version: number) => void) | undefined;
}): LoadedVersions {
  const { registry, engine, memoryBytes, isNamed, observe } = options;
  /** By `model@version`. */
  const entries = new Map<string, Entry>();
  let clock = 0;
  let clockAhead = 0;
  /** Resolves when the last of those that wait to be loaded is. */
  let turn: Promise<unknown> = Promise.resolve();

  function begin(key: string, model: string, version: number, { replacing, isAhead }: LoadOptions): Entry {
    const mine = turn.then(() => load(entry, replacing));
    turn = mine.catch(() => undefined);
    const loaded = loadModel(
      () => mine,
      (samples, ms) => observe?.(model, samples, ms, version),
    );
    const entry: Entry = {
      model,
      version,
      loaded,
      isReady: false,
      sizeBytes: 0,
      used: isAhead === true ? --clockAhead : ++clock,
    };
    entries.set(key, entry);
    loaded.ready.then(
      () => {
        entry.isReady = true;
        dropUnnamed();
        // It may hold more than its file's size.
        makeRoom(entry.sizeBytes, [entry, entries.get(keyOf(model, replacing))]);
      },
      () => {
        if (entries.get(key) === entry) entries.delete(key);
      },
    );
    return entry;
  }

  async function load(entry: Entry, replacing?: number): Promise<LoadedContent> {
    const manifest = await registry.manifest(entry.model, entry.version);
    refuseTooLarge(manifest);
    makeRoom(manifest.file.size_bytes, [entries.get(keyOf(entry.model, replacing))]);
    // An engine holds a model's numbers once, as its file does.
    entry.sizeBytes = manifest.file.size_bytes;
    const { description, parameters } = await registry.read(manifest);
    const predictor = await engine.predictor(description, parameters);
    entry.sizeBytes = predictor.sizeBytes;
    return { manifest, description, predictor };
  }

  /** Retires what was used longest ago until so many bytes fit; never what is spared, whose bytes are not counted. */
  function makeRoom(neededBytes: number, spared: readonly (Entry | undefined)[]): void {
    const retirable = [...entries.values()].filter((each) => each.isReady && !spared.includes(each));
    let heldBytes = retirable.reduce((sum, each) => sum + each.sizeBytes, neededBytes);
    for (const each of retirable.sort((a, b) => a.used - b.used)) {
      if (heldBytes <= memoryBytes) return;
      heldBytes -= each.sizeBytes;
      retire(each);
    }
  }

  function dropUnnamed(): void {
    const unnamed = [...entries.values()].filter(
      (each) => each.isReady && !isNamed(each.model, each.version),
    );
    for (const each of unnamed.sort((a, b) => a.used - b.used).slice(0, -unnamedKept)) retire(each);
  }

  function retire(entry: Entry): void {
    entry.loaded.retire();
    entries.delete(keyOf(entry.model, entry.version));
  }

  function sizeBytes(): number {
    return [...entries.values()].reduce((sum, each) => sum + each.sizeBytes, 0);
  }

  function refuseTooLarge({ model, version, file }: VersionManifest): void {
    if (file.size_bytes <= memoryBytes) return;
    throw new TrainyardError(
      'MODEL_TOO_LARGE',
      `Version ${version} of ${model} takes ${megabytes(file.size_bytes)} of memory, and this service has ` +
        `${megabytes(memoryBytes)} for models. Set MODEL_MEMORY_MB to more.`,
    );
  }

  return {
    find(model, version) {
      const entry = entries.get(keyOf(model, version));
      if (entry?.isReady !== true) return undefined;
      entry.used = ++clock;
      return entry.loaded;
    },

    stateOf(model, version) {
      const entry = entries.get(keyOf(model, version));
      return entry === undefined ? 'not_loaded' : entry.isReady ? 'ready' : 'loading';
    },

    load(model, version, options = {}) {
      const key = keyOf(model, version);
      const entry = entries.get(key) ?? begin(key, model, version, options);
      if (options.isAhead !== true) entry.used = ++clock;
      return entry.loaded;
    },

    hasRoomFor: (neededBytes) => sizeBytes() + neededBytes <= memoryBytes,
    refuseTooLarge,

    drop(model, version) {
      const entry = entries.get(keyOf(model, version));
      if (entry !== undefined) retire(entry);
    },

    keepOnly(model, versions) {
      for (const entry of entries.values()) {
        if (entry.model === model && !versions.includes(entry.version)) retire(entry);
      }
    },

    clear() {
      for (const entry of entries.values()) retire(entry);
    },

    sizeBytes,
  };
}

function keyOf(model: string, version: number | undefined): string {
  return `${model}@${version ?? ''}`;
}
