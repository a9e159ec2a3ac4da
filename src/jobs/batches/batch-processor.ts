/**
 * What a worker does with a batch that the queue delivers: it predicts the rows of the dataset chunk by chunk, stores each
 * chunk once, and at the end makes the result a dataset. A batch that was interrupted goes on behind its last chunk.
 */
import type { Logger } from 'pino';
import { csvLine } from '../../data/formats/write-rows.js';
import type { DatasetStore } from '../../data/store.js';
import { TrainyardError } from '../../errors.js';
import type { Engine } from '../../model/engines/engine.js';
import { modelPredictor } from '../../model/engines/model-predictor.js';
import type { Registry } from '../../model/registry/registry.js';
import { loadModel, type ServedModel } from '../../model/serving/loaded-model.js';
import { RowPredictor, sliceRows, type Row } from '../../model/serving/row-predictor.js';
import { isStorageFailure } from '../../storage/storage.js';
import type { Delivery, EntryProcessor } from '../queue/entry-queue.js';
import type { JobError } from '../runs/run-events.js';
import {
  chunksOf,
  delimiter,
  withoutResult,
  type BatchSpec,
  type BatchStore,
  type Chunk,
} from './batch-store.js';

/** Attempts without a further chunk, after which a batch is given up. */
const mostAttempts = 5;
const retryDelayMs = 5_000;

export interface BatchProcessorOptions {
  store: BatchStore;
  datasets: Pick<DatasetStore, 'info' | 'openTable'>;
  registry: Pick<Registry, 'manifest' | 'read'>;
  /** Loaded when a batch first needs it. */
  engine: () => Promise<Engine>;
  /** Makes a CSV file the next version of the dataset, or finds the version that it is already. */
  storeDataset: (name: string, file: AsyncIterable<Uint8Array>) => Promise<number>;
  log: Logger;
}

export function createBatchProcessor(options: BatchProcessorOptions): EntryProcessor<string> {
  const { store } = options;
  return async (id, release) => {
    const log = options.log.child({ batch: id });
    if (release.aborted) return { outcome: 'hand_back' };
    try {
      const spec = await store.readSpec(id);
      if (spec === null || (await store.readResult(id)) !== null) return { outcome: 'done' };
      return await new RunningBatch(options, { id, spec, log }).process(release);
    } catch (err) {
      log.error({ err }, 'the batch could not be processed');
      const isDamaged = err instanceof TrainyardError && err.code === 'BATCH_CORRUPT';
      return isDamaged ? { outcome: 'done' } : { outcome: 'retry', delayMs: retryDelayMs };
    }
  };
}

/** Why the rows were not all predicted. */
type Interruption = 'released' | 'cancelled';

class RunningBatch {
  readonly #options: BatchProcessorOptions;
  readonly #id: string;
  readonly #spec: BatchSpec;
  readonly #log: Logger;

  constructor(
    options: BatchProcessorOptions,
    { id, spec, log }: { id: string; spec: BatchSpec; log: Logger },
  ) {
    this.#options = options;
    this.#id = id;
    this.#spec = spec;
    this.#log = log;
  }

  async process(release: AbortSignal): Promise<Delivery> {
    const { store } = this.#options;
    const id = this.#id;
    const { withoutProgress } = await store.attempts(id);
    if (withoutProgress >= mostAttempts) {
      const message = `A worker died ${mostAttempts} times while it predicted the same rows; the service’s log says how.`;
      return this.#fail({ code: 'BATCH_CRASHED', message });
    }
    const attempt = await store.beginAttempt(id);
    try {
      const interruption = await this.#predict(release);
      if (interruption === 'released') {
        await store.releaseAttempt(id, attempt);
        return { outcome: 'hand_back' };
      }
      return await this.#end();
    } catch (error) {
      return await this.#afterFailure(error, attempt);
    }
  }

  /** Predicts the chunks that are missing; null: all are there. */
  async #predict(release: AbortSignal): Promise<Interruption | null> {
    const { store, datasets } = this.#options;
    const { dataset } = this.#spec;
    const there = new Set(await store.chunks(this.#id));
    const all = Array.from({ length: chunksOf(this.#spec) }, (_, chunk) => chunk);
    const missing = all.filter((chunk) => !there.has(chunk));
    if (missing.length === 0) return null;
    const { sha256 } = await datasets.info(dataset.name, dataset.version);
    if (sha256 !== dataset.sha256) throw changed('dataset', dataset);
    const table = await datasets.openTable(dataset.name, dataset.version);
    return this.#withModel(async (model) => {
      const { columns: names, probabilities, abstain_below: abstainBelow, warnings } = this.#spec;
      const predictor = new RowPredictor(model, { names, probabilities, abstainBelow, warnings });
      for (const chunk of missing) {
        if (release.aborted) return 'released';
        if ((await store.readEnding(this.#id)) === 'cancelled') return 'cancelled';
        const first = chunk * this.#spec.chunk_rows;
        const count = Math.min(this.#spec.chunk_rows, this.#spec.rows - first);
        const rows = await table.rows(first, count);
        if (rows.length !== count) throw changed('dataset', dataset);
        await store.writeChunk(this.#id, chunk, await predictChunk(predictor, rows, names));
      }
      return null;
    });
  }

  /** The pinned version in memory, for as long as `work` takes. */
  async #withModel<T>(work: (model: ServedModel) => Promise<T>): Promise<T> {
    const { registry, engine } = this.#options;
    const { model: pinned } = this.#spec;
    const loaded = loadModel(async () => {
      const manifest = await registry.manifest(pinned.name, pinned.version);
      if (manifest.file.sha256 !== pinned.sha256) throw changed('model', pinned);
      const { description, parameters } = await registry.read(manifest);
      const predictor = await modelPredictor(await engine(), description, parameters);
      return { manifest, description, predictor };
    });
    // `use` reports it too.
    loaded.ready.catch(() => undefined);
    try {
      return await loaded.use(work);
    } finally {
      loaded.retire();
    }
  }

  /** Once all rows are predicted, or the batch is cancelled. */
  async #end(): Promise<Delivery> {
    const { store, storeDataset } = this.#options;
    const id = this.#id;
    const spec = this.#spec;
    if ((await store.decideEnding(id, 'succeeded')) === 'cancelled') {
      await store.writeResult(id, { ...withoutResult, status: 'cancelled', error: null });
      return { outcome: 'done' };
    }
    const { failedRows, sizeBytes } = await store.totals(id, spec);
    const version = spec.output === null ? null : await storeDataset(spec.output, store.resultFile(id, spec));
    await store.writeResult(id, {
      status: 'succeeded',
      error: null,
      failed_rows: failedRows,
      size_bytes: sizeBytes,
      dataset_version: version,
    });
    this.#log.info({ rows: spec.rows, failed: failedRows }, 'batch succeeded');
    return { outcome: 'done' };
  }

  async #afterFailure(error: unknown, attempt: number): Promise<Delivery> {
    const { store } = this.#options;
    if (isStorageFailure(error)) {
      this.#log.warn({ err: error }, 'the storage failed during a batch; trying again later');
      // It is not the fault of the batch. Where this cannot be written either, it counts as one of its attempts.
      await store.releaseAttempt(this.#id, attempt).catch(() => undefined);
      return { outcome: 'retry', delayMs: retryDelayMs };
    }
    if (error instanceof TrainyardError) return this.#fail({ code: error.code, message: error.message });
    throw error;
  }

  async #fail(error: JobError): Promise<Delivery> {
    await this.#options.store.writeResult(this.#id, { ...withoutResult, status: 'failed', error });
    this.#log.error({ code: error.code }, error.message);
    return { outcome: 'done' };
  }
}

async function predictChunk(
  predictor: RowPredictor,
  rows: readonly Row[],
  names: readonly string[],
): Promise<Chunk> {
  let failedRows = 0;
  const parts: Buffer[] = [];
  for (let start = 0; start < rows.length; start += sliceRows) {
    const slice = rows.slice(start, start + sliceRows);
    const predictions = await predictor.predict(slice, names);
    let text = '';
    predictions.forEach((prediction, index) => {
      if (prediction.at(-1) !== null) failedRows++;
      text += csvLine([...(slice[index] ?? []), ...prediction], delimiter);
    });
    parts.push(Buffer.from(text));
  }
  return { failedRows, rows: Buffer.concat(parts) };
}

function changed(
  what: 'dataset' | 'model',
  { name, version }: { name: string; version: number },
): TrainyardError {
  const code = what === 'dataset' ? 'DATASET_CHANGED' : 'CHECKPOINT_CORRUPT';
  return new TrainyardError(
    code,
    `Version ${version} of the ${what} ${name} is not what it was when the batch was submitted.`,
  );
}
