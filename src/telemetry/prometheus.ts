/**
 * Every Prometheus metric of a process, each defined once, and the text that Prometheus scrapes. Labels are bounded: a
 * route is its pattern, a model is a published name, and the series of a job are removed when it stops training here.
 * The label of a job is `job_id`, because Prometheus itself uses `job`. docs/observability.md lists all metrics.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { withTimeout } from '../lib/timeout.js';

export interface PrometheusMetrics {
  readonly http: HttpMetrics;
  readonly predictions: PredictionMetrics;
  readonly jobs: JobMetrics;
  readonly training: {
    /** A child process starts to train the job. */
    start(labels: { job_id: string; model: string }): JobTrainingMetrics;
  };
  /** All metrics in Prometheus' text format. Answers in time even when the queue does not. */
  render(): Promise<{ contentType: string; text: string }>;
}

interface HttpMetrics {
  /** A request has ended. `route` is its pattern, or `unmatchedRoute`. */
  observe(request: { method: string; route: string; status: number }, seconds: number): void;
}

interface PredictionMetrics {
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

interface JobMetrics {
  /** A job starts to train for the first time, this long after it was created. */
  waited(seconds: number): void;
  ended(status: string): void;
  /** Sets what is called at each scrape for the number of damaged runs that are left out. */
  readDamaged(read: () => number): void;
}

/** The metrics of one job while a process trains it. */
export interface JobTrainingMetrics {
  pace(samplesPerSecond: number): void;
  loss(split: 'train' | 'validation' | 'test', loss: number): void;
  checkpoint(seconds: number): void;
  /** Removes the series of the job. */
  end(): void;
}

interface Served {
  model: string;
  version: number | null;
}

interface QueueCounts {
  queue: string;
  waiting: number;
  active: number;
  /** null: unknown. */
  workers: number | null;
}

/** The route of requests that match no route. Clients choose those paths freely, so they cannot be labels. */
export const unmatchedRoute = 'unmatched';

/** A model keeps series for this many versions, those that were first requested most recently. */
const labelledVersions = 20;
const outcomes = ['answered', 'refused', 'client_gone', 'timed_out', 'failed'];

/** Buckets in seconds, unless their name says otherwise. */
const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** A small network takes less than a millisecond. */
const predictionBuckets = [0.0001, 0.00025, 0.0005, ...requestBuckets, 30];
const batchSizeBuckets = [1, 2, 4, 8, 16, 32, 64];
const checkpointBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const jobWaitBuckets = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400];

/** `queueCounts` is called at each scrape. If it takes longer than `queueTimeoutMs`, the queue counts as down. */
export function createPrometheusMetrics({
  queueCounts,
  queueTimeoutMs = 1_000,
}: {
  queueCounts: () => Promise<QueueCounts[]>;
  queueTimeoutMs?: number;
}): PrometheusMetrics {
  const registry = new Registry();
  const define = metricsIn(registry);
  const http = httpMetrics(define);
  const predictions = predictionMetrics(define);
  const showQueues = queueMetrics(define);
  const jobs = jobMetrics(define);
  const training = trainingMetrics(define);
  collectDefaultMetrics({ register: registry });

  return {
    http,
    predictions,
    jobs,
    training,
    async render() {
      showQueues(await withTimeout(queueTimeoutMs, queueCounts()).catch(() => null));
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

type Define = ReturnType<typeof metricsIn>;

function metricsIn(registry: Registry) {
  const registers = [registry];
  return {
    counter: <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
      new Counter({ name, help, labelNames, registers }),
    /** `collect` sets the gauge at each scrape. */
    gauge: <Label extends string>(
      name: string,
      help: string,
      labelNames: Label[] = [],
      collect?: (gauge: Gauge<Label>) => void,
    ) =>
      new Gauge<Label>({
        ...{ name, help, labelNames, registers },
        ...(collect && {
          collect() {
            collect(this);
          },
        }),
      }),
    histogram: <Label extends string>(
      name: string,
      help: string,
      buckets: number[],
      labelNames: Label[] = [],
    ) => new Histogram({ name, help, labelNames, buckets, registers }),
  };
}

function httpMetrics({ histogram }: Define): HttpMetrics {
  const duration = histogram(
    'http_request_duration_seconds',
    'Time from a request to the end of its answer, by the pattern of its route.',
    requestBuckets,
    ['method', 'route', 'status'],
  );
  return { observe: (request, seconds) => duration.observe(request, seconds) };
}

function predictionMetrics(define: Define): PredictionMetrics {
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
  gauge(
    'trainyard_predictions_waiting',
    'Requests for predictions that wait or are in progress.',
    [],
    (waiting) => waiting.set(readWaiting()),
  );
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
  gauge('trainyard_model_version', 'The latest version of a model.', ['model'], (version) => {
    version.reset();
    for (const served of readServed()) {
      if (served.version !== null) version.set({ model: served.model }, served.version);
    }
  });
  gauge(
    'trainyard_model_memory_bytes',
    'Memory that the loaded versions of all models hold together.',
    [],
    (memory) => memory.set(readMemory()),
  );
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

/** @returns shows the counts of the queues; null: the queue does not answer */
function queueMetrics({ gauge }: Define): (counts: QueueCounts[] | null) => void {
  const up = gauge('trainyard_queue_up', 'Whether the queue answers: 1 or 0.');
  const entries = gauge(
    'trainyard_queue_jobs',
    'Entries of a queue that wait or are in progress in any process; absent while the queue is down.',
    ['queue', 'state'],
  );
  const connected = gauge(
    'trainyard_queue_workers',
    'Workers that are connected to a queue, busy or not; absent while the queue is down.',
    ['queue'],
  );
  return (counts) => {
    up.set(counts === null ? 0 : 1);
    entries.reset();
    connected.reset();
    for (const { queue, waiting, active, workers } of counts ?? []) {
      if (workers !== null) connected.set({ queue }, workers);
      entries.set({ queue, state: 'waiting' }, waiting);
      entries.set({ queue, state: 'active' }, active);
    }
  };
}

function jobMetrics({ counter, gauge, histogram }: Define): JobMetrics {
  const wait = histogram(
    'trainyard_job_queue_wait_seconds',
    'Time from the creation of a job to its first training.',
    jobWaitBuckets,
  );
  const ended = counter('trainyard_jobs_total', 'Jobs that ended in this process, by status.', ['status']);
  // With a series from the first scrape on, Prometheus sees the first job as an increase.
  for (const status of ['succeeded', 'failed', 'cancelled']) ended.inc({ status }, 0);
  let readDamaged = (): number => 0;
  gauge(
    'trainyard_damaged_runs',
    'Runs that are left out of lists and of the queue because one of their files is damaged or cannot be read.',
    [],
    (damaged) => damaged.set(readDamaged()),
  );
  return {
    waited: (seconds) => wait.observe(seconds),
    ended: (status) => ended.inc({ status }),
    readDamaged(read) {
      readDamaged = read;
    },
  };
}

function trainingMetrics({ gauge, histogram }: Define): PrometheusMetrics['training'] {
  const processes = gauge(
    'trainyard_training_processes',
    'Training processes that this process has started.',
  );
  const samplesPerSecond = gauge(
    'trainyard_training_samples_per_second',
    'Samples trained per second, lately; only of jobs that train under this process.',
    ['job_id', 'model'],
  );
  const loss = gauge(
    'trainyard_training_loss',
    'Mean loss: train over the epoch so far, validation and test after the last epoch; only of jobs that train under this process.',
    ['job_id', 'model', 'split'],
  );
  const checkpointDuration = histogram(
    'trainyard_checkpoint_duration_seconds',
    'Time for which training stopped to make a checkpoint.',
    checkpointBuckets,
  );
  return {
    start(labels) {
      processes.inc();
      return {
        pace: (value) => samplesPerSecond.set(labels, value),
        loss: (split, value) => loss.set({ ...labels, split }, value),
        checkpoint: (seconds) => checkpointDuration.observe(seconds),
        end() {
          processes.dec();
          samplesPerSecond.remove(labels);
          for (const split of ['train', 'validation', 'test']) loss.remove({ ...labels, split });
        },
      };
    },
  };
}
