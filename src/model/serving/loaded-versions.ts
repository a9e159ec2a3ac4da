/**
 * The versions in memory, of all models together. When one is loaded that does not fit, those used longest ago make room.
 * Versions are loaded one at a time, since loading takes the size of the file in addition to what is kept.
 */
import { TrainyardError } from '../../errors.js';
import type { Engine } from '../engines/engine.js';
import { modelPredictor } from '../engines/model-predictor.js';
import { megabytes } from '../engines/training-memory.js';
import type { Registry, VersionManifest } from '../registry/registry.js';
import { loadModel, type LoadedContent, type LoadedModel } from './loaded-model.js';

/** Few, so that requests for every version by its number do not fill the memory. */
const versionsKeptWithoutAlias = 4;

export interface LoadedVersionsOptions {
  registry: Pick<Registry, 'manifest' | 'read'>;
  engine: Engine;
  memoryBytes: number;
  /** Whether an alias answers with the version, or should. */
  isAliased: (model: string, version: number) => boolean;
  /** Called after each batch of predictions. */
  onBatch: (model: string, samples: number, ms: number, version: number) => void;
}

export interface LoadOptions {
  /** A version of the same model that is retired once this one is loaded: its memory is not counted. */
  replacing?: number | undefined;
  /** No request waits for it: it counts as used before everything used or loaded so far. */
  isAhead?: boolean;
}

interface Entry {
  model: string;
  version: number;
  loaded: LoadedModel;
  isReady: boolean;
  /** What is reserved for it while it is loaded, and afterwards what it holds. */
  sizeBytes: number;
  /** On a clock that ticks with every use, and runs backwards for what is loaded ahead. */
  usedAt: number;
}

export class LoadedVersions {
  readonly #options: LoadedVersionsOptions;
  /** By `model@version`. */
  readonly #entries = new Map<string, Entry>();
  #clock = 0;
  #clockAhead = 0;
  /** Resolves when everything that waits to be loaded is loaded. */
  #loading: Promise<unknown> = Promise.resolve();

  constructor(options: LoadedVersionsOptions) {
    this.#options = options;
  }

  /** The version if it is loaded. It counts as used now. */
  find(model: string, version: number): LoadedModel | undefined {
    const entry = this.#entries.get(keyOf(model, version));
    if (entry?.isReady !== true) return undefined;
    entry.usedAt = ++this.#clock;
    return entry.loaded;
  }

  stateOf(model: string, version: number): 'ready' | 'loading' | 'not_loaded' {
    const entry = this.#entries.get(keyOf(model, version));
    if (entry === undefined) return 'not_loaded';
    return entry.isReady ? 'ready' : 'loading';
  }

  /**
   * Loads the version, unless it is loaded or being loaded. `ready` may reject with MODEL_TOO_LARGE, VERSION_NOT_FOUND,
   * CHECKPOINT_CORRUPT and whatever the engine throws.
   */
  load(model: string, version: number, options: LoadOptions = {}): LoadedModel {
    const entry = this.#entries.get(keyOf(model, version)) ?? this.#begin(model, version, options);
    if (options.isAhead !== true) entry.usedAt = ++this.#clock;
    return entry.loaded;
  }

  /** Whether so many bytes fit without retiring another version. */
  hasRoomFor(neededBytes: number): boolean {
    return this.sizeBytes() + neededBytes <= this.#options.memoryBytes;
  }

  /** @throws TrainyardError MODEL_TOO_LARGE for a version that can never be loaded here */
  refuseTooLarge({ model, version, file }: VersionManifest): void {
    const { memoryBytes } = this.#options;
    if (file.size_bytes <= memoryBytes) return;
    throw new TrainyardError(
      'MODEL_TOO_LARGE',
      `Version ${version} of ${model} takes ${megabytes(file.size_bytes)} of memory, and this service has ` +
        `${megabytes(memoryBytes)} for models. Set MODEL_MEMORY_MB to more.`,
    );
  }

  /** Retires the version if it is there. */
  drop(model: string, version: number): void {
    const entry = this.#entries.get(keyOf(model, version));
    if (entry !== undefined) this.#retire(entry);
  }

  /** Retires the other versions of the model. */
  keepOnly(model: string, versions: readonly number[]): void {
    for (const entry of this.#entries.values()) {
      if (entry.model === model && !versions.includes(entry.version)) this.#retire(entry);
    }
  }

  /** Retires all. */
  clear(): void {
    for (const entry of this.#entries.values()) this.#retire(entry);
  }

  /** The memory of all. */
  sizeBytes(): number {
    return this.#all().reduce((sum, each) => sum + each.sizeBytes, 0);
  }

  #begin(model: string, version: number, { replacing, isAhead }: LoadOptions): Entry {
    const { onBatch } = this.#options;
    const content = this.#loading.then(() => this.#load(entry, replacing));
    this.#loading = content.catch(() => undefined);
    const loaded = loadModel(
      () => content,
      (samples, ms) => onBatch(model, samples, ms, version),
    );
    const usedAt = isAhead === true ? --this.#clockAhead : ++this.#clock;
    const entry: Entry = { model, version, loaded, isReady: false, sizeBytes: 0, usedAt };
    const key = keyOf(model, version);
    this.#entries.set(key, entry);
    loaded.ready.then(
      () => {
        entry.isReady = true;
        this.#retireWithoutAlias();
        // It may hold more than the size of its file.
        this.#makeRoom(entry.sizeBytes, [entry, this.#replaced(model, replacing)]);
      },
      () => {
        if (this.#entries.get(key) === entry) this.#entries.delete(key);
      },
    );
    return entry;
  }

  async #load(entry: Entry, replacing: number | undefined): Promise<LoadedContent> {
    const { registry, engine } = this.#options;
    const manifest = await registry.manifest(entry.model, entry.version);
    this.refuseTooLarge(manifest);
    this.#makeRoom(manifest.file.size_bytes, [this.#replaced(entry.model, replacing)]);
    // An engine holds the numbers of a model once, as the file does.
    entry.sizeBytes = manifest.file.size_bytes;
    const { description, parameters } = await registry.read(manifest);
    const predictor = await modelPredictor(engine, description, parameters);
    entry.sizeBytes = predictor.sizeBytes;
    return { manifest, description, predictor };
  }

  /** Retires what was used longest ago until so many bytes fit. What is spared is neither retired nor counted. */
  #makeRoom(neededBytes: number, spared: readonly (Entry | undefined)[]): void {
    const retirable = this.#all().filter((each) => each.isReady && !spared.includes(each));
    let heldBytes = retirable.reduce((sum, each) => sum + each.sizeBytes, neededBytes);
    for (const each of retirable.sort(byUse)) {
      if (heldBytes <= this.#options.memoryBytes) return;
      heldBytes -= each.sizeBytes;
      this.#retire(each);
    }
  }

  #retireWithoutAlias(): void {
    const { isAliased } = this.#options;
    const withoutAlias = this.#all().filter((each) => each.isReady && !isAliased(each.model, each.version));
    for (const each of withoutAlias.sort(byUse).slice(0, -versionsKeptWithoutAlias)) this.#retire(each);
  }

  #retire(entry: Entry): void {
    entry.loaded.retire();
    this.#entries.delete(keyOf(entry.model, entry.version));
  }

  #replaced(model: string, version: number | undefined): Entry | undefined {
    return version === undefined ? undefined : this.#entries.get(keyOf(model, version));
  }

  #all(): Entry[] {
    return [...this.#entries.values()];
  }
}

function keyOf(model: string, version: number): string {
  return `${model}@${version}`;
}

/** Used longest ago first. */
function byUse(a: Entry, b: Entry): number {
  return a.usedAt - b.usedAt;
}
