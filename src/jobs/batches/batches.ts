/**
 * Batches as the API takes them in, shows and cancels them. It also makes sure that the queue knows every batch that has
 * not ended. A batch is accepted once its spec is stored.
 */
import type { Logger } from 'pino';
import type { DatasetStore } from '../../data/store.js';
import { TrainyardError } from '../../errors.js';
import { PeriodicWork } from '../../lib/periodic-work.js';
import type { ModelServer } from '../../model/serving/model-server.js';
import { RowPredictor } from '../../model/serving/row-predictor.js';
import type { IdQueue } from '../queue/queues.js';
import type { JobError } from '../runs/run-events.js';
import { chunksOf, withoutResult, type BatchResult, type BatchSpec, type BatchStore } from './batch-store.js';

/** What a client asks for. */
export interface BatchRequest {
  dataset: string | { name: string; version?: number };
  model: string;
  /** At most one of these; by default the alias `latest`. */
  version?: number;
  alias?: string;
  output?: { dataset: string };
  probabilities?: boolean;
  abstain_below?: number;
  warnings?: boolean;
}

export type BatchStatus = 'queued' | 'running' | BatchResult['status'];

/** What the API shows of a batch; derived from its documents, stored nowhere. */
export interface Batch {
  id: string;
  object: 'batch';
  status: BatchStatus;
  dataset: { name: string; version: number };
  model: { name: string; version: number };
  probabilities: boolean;
  abstain_below?: number;
  warnings?: boolean;
  output: { dataset: string } | null;
  progress: { rows_done: number; rows: number; fraction: number };
  attempts: number;
  /** null: the batch has not succeeded. */
  result: {
    rows: number;
    /** Rows without a prediction. */
    failed_rows: number;
    size_bytes: number;
    /** null: no `output` was asked for. */
    dataset: { name: string; version: number } | null;
  } | null;
  error: JobError | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
}

/** A page of batches, newest first. */
export interface BatchList {
  object: 'list';
  data: Batch[];
  has_more: boolean;
}

export interface Batches {
  /**
   * @throws TrainyardError DATASET_NOT_FOUND, DATASET_NOT_A_TABLE, INPUT_UNSUPPORTED, INVALID_REQUEST when a column is
   * missing, and what `ModelServer.use` throws; nothing is stored then
   */
  submit(request: BatchRequest): Promise<Batch>;
  /** @throws TrainyardError BATCH_NOT_FOUND, BATCH_CORRUPT */
  get(id: string): Promise<Batch>;
  /** Newest first. `after` is the id of the last batch on the page before. Damaged batches are left out. */
  list(page: { after?: string | undefined; limit: number }): Promise<BatchList>;
  /** @throws TrainyardError BATCH_NOT_FOUND, BATCH_ENDED, BATCH_FINISHING, BATCH_CORRUPT */
  cancel(id: string): Promise<Batch>;
  /** @throws TrainyardError BATCH_NOT_FOUND, BATCH_NOT_ENDED */
  remove(id: string): Promise<void>;
  /** The rows with their predictions, as a CSV file. @throws TrainyardError BATCH_NOT_FOUND, BATCH_WITHOUT_RESULT */
  openResult(id: string): Promise<{ sizeBytes: number; content: AsyncIterable<Uint8Array> }>;
  /** The id of a batch that has not ended and reads the version; null: there is none. */
  batchOn(dataset: string, version: number): Promise<string | null>;
  /** Enqueues what the queue has lost: once before it resolves, and from time to time. */
  start(): Promise<void>;
  /** Resolves when no search is under way. */
  stop(): Promise<void>;
}

export interface BatchesOptions {
  store: BatchStore;
  queue: Pick<IdQueue, 'add' | 'placeOf'>;
  datasets: Pick<DatasetStore, 'info'>;
  models: Pick<ModelServer, 'use'>;
  log: Logger;
  /** About how many cells a chunk holds; by default some megabytes and a second of work. */
  chunkCells?: number;
  recoverEveryMs?: number;
  now?: () => Date;
}

export function createBatches(options: BatchesOptions): Batches {
  const { store, queue, datasets, models, log } = options;
  const { chunkCells = 250_000, recoverEveryMs = 15_000, now = () => new Date() } = options;
  /** Batches that have ended; they stay so. */
  const ended = new Set<string>();

  async function specOf(id: string): Promise<BatchSpec> {
    const spec = await store.readSpec(id);
    if (spec !== null) return spec;
    throw new TrainyardError('BATCH_NOT_FOUND', `There is no batch ${JSON.stringify(id.slice(0, 100))}.`);
  }

  async function get(id: string): Promise<Batch> {
    return batchOf(store, id, await specOf(id));
  }

  async function resolve(request: BatchRequest): Promise<BatchSpec> {
    const { model, version, alias, output, probabilities = false, abstain_below, warnings } = request;
    const added = { probabilities, abstainBelow: abstain_below, warnings };
    const asked = typeof request.dataset === 'string' ? { name: request.dataset } : request.dataset;
    if (version !== undefined && alias !== undefined) {
      throw new TrainyardError('INVALID_REQUEST', 'version and alias cannot be given together.');
    }
    const info = await datasets.info(asked.name, asked.version);
    if (info.kind !== 'table') {
      const message = `${info.name} has no columns to predict from.`;
      throw new TrainyardError('DATASET_NOT_A_TABLE', message, { pointer: '/dataset' });
    }
    const columns = info.schema.columns.map(({ name }) => name);
    return models.use({ model, version, alias }, (served) => {
      const { manifest } = served;
      const predictor = new RowPredictor(served, { names: columns, ...added });
      return Promise.resolve<BatchSpec>({
        format_version: 1,
        dataset: { name: info.name, version: info.version, sha256: info.sha256 },
        model: { name: manifest.model, version: manifest.version, sha256: manifest.file.sha256 },
        probabilities,
        ...(abstain_below !== undefined && { abstain_below }),
        ...(warnings !== undefined && { warnings }),
        output: output?.dataset ?? null,
        rows: info.schema.rows,
        chunk_rows: Math.max(1, Math.floor(chunkCells / columns.length)),
        columns,
        prediction_columns: [...predictor.columns.names],
        created_at: now().toISOString(),
      });
    });
  }

  async function enqueue(id: string): Promise<void> {
    try {
      await queue.add(id);
    } catch (err) {
      // A stored batch is accepted: the search for forgotten ones enqueues it when the queue is back.
      log.warn({ err, batch: id }, 'the batch is stored but could not be enqueued yet');
    }
  }

  async function recoverForgotten(): Promise<void> {
    try {
      for (const id of await store.ids()) if (!ended.has(id)) await lookAfter(id);
    } catch (err) {
      log.warn({ err }, 'cannot look for batches that the queue has lost; trying again later');
    }
  }

  async function lookAfter(id: string): Promise<void> {
    try {
      if ((await store.readResult(id)) !== null) ended.add(id);
      else if ((await store.readSpec(id)) !== null && (await queue.placeOf(id)) === null) {
        // It may have ended meanwhile; the worker sees that too.
        await queue.add(id);
        log.info({ batch: id }, 'the queue did not know the batch; it is enqueued again');
      }
    } catch (err) {
      if (!isCorrupt(err)) throw err;
      ended.add(id);
      log.error({ err, batch: id }, 'a batch is damaged');
    }
  }

  const searches = new PeriodicWork(recoverForgotten, recoverEveryMs);

  return {
    get,

    async submit(request) {
      const spec = await resolve(request);
      const id = await store.create(spec);
      await enqueue(id);
      return batchOf(store, id, spec);
    },

    async list({ after, limit }) {
      const ids = (await store.ids()).reverse();
      const rest = after === undefined ? ids : ids.filter((id) => id < after);
      const data = await Promise.all(rest.slice(0, limit).map((id) => get(id).catch(nullIfNotShown)));
      return {
        object: 'list',
        data: data.filter((batch) => batch !== null),
        has_more: rest.length > limit,
      };
    },

    async cancel(id) {
      const spec = await specOf(id);
      const result = await store.readResult(id);
      if (result !== null && result.status !== 'cancelled') {
        throw new TrainyardError(
          'BATCH_ENDED',
          `The batch ${id} has ${result.status} and cannot be cancelled.`,
        );
      }
      if ((await store.decideEnding(id, 'cancelled')) === 'succeeded') {
        const message = `All rows of the batch ${id} are predicted, and its result is being stored.`;
        throw new TrainyardError('BATCH_FINISHING', message);
      }
      await store.writeResult(id, { ...withoutResult, status: 'cancelled', error: null });
      return batchOf(store, id, spec);
    },

    async remove(id) {
      const spec = await store.readSpec(id).catch(asDamaged);
      if (spec !== 'damaged') {
        await specOf(id);
        const result = await store.readResult(id).catch(asDamaged);
        if (result === null) {
          const message = `The batch ${id} has not ended. Cancel it first, or wait for its end.`;
          throw new TrainyardError('BATCH_NOT_ENDED', message);
        }
      }
      await store.remove(id);
    },

    async openResult(id) {
      const spec = await specOf(id);
      const result = await store.readResult(id);
      if (result?.status !== 'succeeded' || result.size_bytes === null) {
        const status = result?.status ?? 'not ended';
        throw new TrainyardError(
          'BATCH_WITHOUT_RESULT',
          `The batch ${id} has ${status}, so it has no result.`,
        );
      }
      return { sizeBytes: result.size_bytes, content: store.resultFile(id, spec) };
    },

    async batchOn(dataset, version) {
      for (const id of await store.ids()) {
        if (ended.has(id)) continue;
        const spec = await store.readSpec(id).catch(asDamaged);
        if (spec === null || spec === 'damaged') continue;
        if (spec.dataset.name !== dataset || spec.dataset.version !== version) continue;
        if ((await store.readResult(id)) === null) return id;
      }
      return null;
    },

    start: () => searches.start(),
    stop: () => searches.stop(),
  };
}

async function batchOf(store: BatchStore, id: string, spec: BatchSpec): Promise<Batch> {
  const result = await store.readResult(id);
  const [{ count, startedAt }, chunks] = await Promise.all([store.attempts(id), store.chunks(id)]);
  const { rows, chunk_rows: chunkRows, output } = spec;
  const isWhole = chunks.length === chunksOf(spec);
  const done = isWhole ? rows : chunks.length * chunkRows;
  return {
    id,
    object: 'batch',
    status: result?.status ?? (count > 0 ? 'running' : 'queued'),
    dataset: { name: spec.dataset.name, version: spec.dataset.version },
    model: { name: spec.model.name, version: spec.model.version },
    probabilities: spec.probabilities,
    ...(spec.abstain_below !== undefined && { abstain_below: spec.abstain_below }),
    ...(spec.warnings !== undefined && { warnings: spec.warnings }),
    output: output === null ? null : { dataset: output },
    progress: { rows_done: done, rows, fraction: rows === 0 ? 1 : done / rows },
    attempts: count,
    result: result?.status === 'succeeded' ? resultOf(result, spec) : null,
    error: result?.error ?? null,
    created_at: spec.created_at,
    started_at: startedAt,
    finished_at: result?.finished_at ?? null,
  };
}

function resultOf(result: BatchResult, { rows, output }: BatchSpec): NonNullable<Batch['result']> {
  const { failed_rows, size_bytes, dataset_version: version } = result;
  return {
    rows,
    failed_rows: failed_rows ?? 0,
    size_bytes: size_bytes ?? 0,
    dataset: output === null || version === null ? null : { name: output, version },
  };
}

function isCorrupt(error: unknown): boolean {
  return error instanceof TrainyardError && error.code === 'BATCH_CORRUPT';
}

function asDamaged(error: unknown): 'damaged' {
  if (isCorrupt(error)) return 'damaged';
  throw error;
}

/** A damaged batch, or one that was removed meanwhile. */
function nullIfNotShown(error: unknown): null {
  if (isCorrupt(error) || (error instanceof TrainyardError && error.code === 'BATCH_NOT_FOUND')) return null;
  throw error;
}
