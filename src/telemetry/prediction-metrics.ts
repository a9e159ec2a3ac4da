/** The Prometheus metrics of predictions and of the models that answer them. */
import { requestBuckets, type Define } from './define-metrics.js';

export interface PredictionMetrics {
  /** A request for which a version was chosen has ended. `queueMs` is null when nothing was predicted. */
  answered(
    prediction: { model: string; version: number; queueMs: number | null },
    status: number,
    seconds: number,
  ): void;
  /** A request was refused before routing, because too many are in progress. */
  refused(): void;
  /** The engine has answered this many samples in one call. */
  batch(model: string, samples: number, ms: number): void;
  /** Another version became the latest. */
  reload(model: string): void;
  /** Sets what is called at each scrape for the number of requests that wait or are in progress. */
  readWaiting(read: () => number): void;
  /** Sets what is called at each scrape for the latest version of each model. */
  readServed(read: () => Served[]): void;
  /** Sets what is called at each scrape for the memory of the loaded versions, in bytes. */
  readMemory(read: () => number): void;
}

interface Served {
  model: string;
  version: number | null;
}

/** A model keeps series for this many versions, those that were first requested most recently. */
const labelledVersions = 20;
const outcomes = ['answered', 'refused', 'client_gone', 'timed_out', 'failed'];

/** A small network takes less than a millisecond. */
const predictionBuckets = [0.0001, 0.00025, 0.0005, ...requestBuckets, 30];
const batchSizeBuckets = [1, 2, 4, 8, 16, 32, 64];

export function predictionMetrics(define: Define): PredictionMetrics {
  return { ...predictionRequestMetrics(define), ...batchMetrics(define), ...modelMetrics(define) };
}

function predictionRequestMetrics({
  counter,
  gauge,
  histogram,
}: Define): Pick<PredictionMetrics, 'answered' | 'refused' | 'readWaiting'> {
  const total = counter(
    'trainyard_predictions_total',
    `Requests for which a version was chosen, by outcome: ${outcomes.join(', ')}.`,
    ['model', 'version', 'outcome'],
  );
  const duration = histogram(
    'trainyard_prediction_duration_seconds',
    'Time from a request for predictions to the end of its answer.',
    predictionBuckets,
    ['model'],
  );
  const queueTime = histogram(
    'trainyard_prediction_queue_seconds',
    'Time that a request waited for the engine.',
    predictionBuckets,
    ['model'],
  );
  const refusedTotal = counter(
    'trainyard_predictions_refused_total',
    'Requests for predictions that were refused because too many were in progress. No other metric counts them.',
  );
  let readWaiting = (): number => 0;
  gauge('trainyard_predictions_waiting', 'Requests for predictions that wait or are in progress.', [], {
    collect: (waiting) => waiting.set(readWaiting()),
  });
  const limitVersions = versionLimit((model, version) => {
    for (const outcome of outcomes) total.remove({ model, version, outcome });
  });

  return {
    answered({ model, version, queueMs }, status, seconds) {
      limitVersions(model, version);
      total.inc({ model, version, outcome: outcomeOf(status) });
      duration.observe({ model }, seconds);
      if (queueMs !== null) queueTime.observe({ model }, queueMs / 1_000);
    },
    refused: () => refusedTotal.inc(),
    readWaiting(read) {
      readWaiting = read;
    },
  };
}

/** Calls `remove` for the oldest versions of a model when it has more than `labelledVersions`. */
function versionLimit(
  remove: (model: string, version: number) => void,
): (model: string, version: number) => void {
  /** By model, the most recent version last. */
  const known = new Map<string, Set<number>>();
  return (model, version) => {
    const versions = known.get(model) ?? new Set();
    if (versions.has(version)) return;
    known.set(model, versions.add(version));
    for (const oldest of [...versions].slice(0, -labelledVersions)) {
      versions.delete(oldest);
      remove(model, oldest);
    }
  };
}

function outcomeOf(status: number): string {
  if (status < 400) return 'answered';
  if (status === 499) return 'client_gone';
  if (status === 504) return 'timed_out';
  return status < 500 ? 'refused' : 'failed';
}

function batchMetrics({ histogram }: Define): Pick<PredictionMetrics, 'batch'> {
  const size = histogram(
    'trainyard_prediction_batch_size',
    'Samples that the engine answered in one call.',
    batchSizeBuckets,
    ['model'],
  );
  const duration = histogram(
    'trainyard_prediction_batch_duration_seconds',
    'Time that the engine took for one call.',
    predictionBuckets,
    ['model'],
  );
  return {
    batch(model, samples, ms) {
      size.observe({ model }, samples);
      duration.observe({ model }, ms / 1_000);
    },
  };
}

function modelMetrics({
  counter,
  gauge,
}: Define): Pick<PredictionMetrics, 'reload' | 'readServed' | 'readMemory'> {
  let readServed = (): Served[] => [];
  let readMemory = (): number => 0;
  gauge('trainyard_model_version', 'The latest version of a model.', ['model'], {
    joinedBy: 'max',
    collect(version) {
      version.reset();
      for (const served of readServed()) {
        if (served.version !== null) version.set({ model: served.model }, served.version);
      }
    },
  });
  gauge('trainyard_model_memory_bytes', 'Memory that the loaded versions of all models hold together.', [], {
    collect: (memory) => memory.set(readMemory()),
  });
  const reloads = counter(
    'trainyard_model_reloads_total',
    'How often another version became the latest version of a model.',
    ['model'],
  );
  return {
    reload: (model) => reloads.inc({ model }),
    readServed(read) {
      readServed = read;
    },
    readMemory(read) {
      readMemory = read;
    },
  };
}
