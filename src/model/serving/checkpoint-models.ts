/**
 * Models that answer from the checkpoints of jobs. The few that were used last stay loaded, so that a page which follows a
 * job loads each checkpoint once.
 */
import { TrainyardError } from '../../errors.js';
import type { Engine } from '../engines/engine.js';
import { modelPredictor } from '../engines/model-predictor.js';
import { megabytes } from '../engines/training-memory.js';
import { viewModelFile } from '../files/model-file.js';
import { loadModel, type LoadedModel, type ServedModel } from './loaded-model.js';

/** A model file that is not a version. */
export interface UnpublishedModel {
  /** For messages. */
  model: string;
  /** Lower-case hexadecimal: the same file is loaded once. */
  sha256: string;
  size_bytes: number;
  read(): Promise<Buffer>;
}

/** Many more than a page looks at, and little memory even where networks are large. */
const mostKept = 8;
const mostKeptBytes = 256 * 2 ** 20;

interface Entry {
  loaded: LoadedModel<UnpublishedModel>;
  sizeBytes: number;
}

export class CheckpointModels {
  readonly #engine: Engine;
  readonly #memoryBytes: number;
  /** By digest, used longest ago first. */
  readonly #entries = new Map<string, Entry>();
  /** Resolves when everything that waits to be loaded is loaded: one at a time, as loading takes the size of the file again. */
  #loading: Promise<unknown> = Promise.resolve();

  constructor({ engine, memoryBytes = Infinity }: { engine: Engine; memoryBytes?: number | undefined }) {
    this.#engine = engine;
    this.#memoryBytes = memoryBytes;
  }

  /**
   * Calls `work` with the model, which stays loaded until the promise of `work` settles.
   * @throws TrainyardError MODEL_TOO_LARGE, CHECKPOINT_CORRUPT, and whatever `read` or `work` rejects with
   */
  use<T>(file: UnpublishedModel, work: (model: ServedModel<UnpublishedModel>) => Promise<T>): Promise<T> {
    this.#refuseTooLarge(file);
    const entry = this.#entries.get(file.sha256) ?? this.#begin(file);
    this.#entries.delete(file.sha256);
    this.#entries.set(file.sha256, entry);
    const answer = entry.loaded.use(work);
    // Its holder is counted by now, so that it is not freed under it.
    this.#retireOldest();
    return answer;
  }

  /** Frees each model when its last prediction ends. */
  clear(): void {
    for (const { loaded } of this.#entries.values()) loaded.retire();
    this.#entries.clear();
  }

  #begin(file: UnpublishedModel): Entry {
    const content = this.#loading.then(async () => {
      const { description, parameters } = await viewModelFile(await file.read());
      return {
        manifest: file,
        description,
        predictor: await modelPredictor(this.#engine, description, parameters),
      };
    });
    this.#loading = content.catch(() => undefined);
    const entry: Entry = { loaded: loadModel(() => content), sizeBytes: file.size_bytes };
    entry.loaded.ready.catch(() => {
      if (this.#entries.get(file.sha256) === entry) this.#entries.delete(file.sha256);
    });
    return entry;
  }

  #refuseTooLarge({ model, size_bytes: sizeBytes }: UnpublishedModel): void {
    if (sizeBytes <= this.#memoryBytes) return;
    throw new TrainyardError(
      'MODEL_TOO_LARGE',
      `The checkpoint of ${model} takes ${megabytes(sizeBytes)} of memory, and this service has ` +
        `${megabytes(this.#memoryBytes)} for models. Set MODEL_MEMORY_MB to more.`,
    );
  }

  #retireOldest(): void {
    let bytes = [...this.#entries.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    for (const [digest, { loaded, sizeBytes }] of this.#entries) {
      if (this.#entries.size === 1 || (this.#entries.size <= mostKept && bytes <= mostKeptBytes)) return;
      this.#entries.delete(digest);
      loaded.retire();
      bytes -= sizeBytes;
    }
  }
}
