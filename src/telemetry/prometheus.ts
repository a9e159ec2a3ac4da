/**
 * All Prometheus metrics of a process, and the text that Prometheus scrapes. Labels are bounded: a route is its
 * pattern, a model is a published name, and the series of a job are removed when it stops training here. The label of a
 * job is `job_id`, because Prometheus itself uses `job`. docs/observability.md lists all metrics.
 */
import { collectDefaultMetrics, Registry } from 'prom-client';
import { withTimeout } from '../lib/timeout.js';
import { metricsIn, requestBuckets, type Define } from './define-metrics.js';
import type { MetricsSnapshot } from './joined-metrics.js';
import { predictionMetrics, type PredictionMetrics } from './prediction-metrics.js';

export interface PrometheusMetrics {
  readonly http: HttpMetrics;
  readonly predictions: PredictionMetrics;
  readonly jobs: JobMetrics;
  readonly datasets: DatasetMetrics;
  readonly training: {
    /** A child process starts to train the job. */
    start(labels: { job_id: string; model: string }): JobTrainingMetrics;
  };
  /** All metrics in Prometheus' text format. Answers in time even when the queue does not. */
  render(): Promise<{ contentType: string; text: string }>;
  /** All metrics, to be joined with those of other processes. */
  snapshot(): Promise<MetricsSnapshot>;
}

interface HttpMetrics {
  /** A request has ended. `route` is its pattern, or `unmatchedRoute`. */
  observe(request: { method: string; route: string; status: number }, seconds: number): void;
}

interface JobMetrics {
  /** A job starts to train for the first time, this long after it was created. */
  waited(seconds: number): void;
  ended(status: string): void;
  /** Sets what is called at each scrape for the number of damaged runs that are left out. */
  readDamaged(read: () => number): void;
}

interface DatasetMetrics {
  /** An upload of so many bytes has become a version. */
  uploaded: (sizeBytes: number) => void;
  /** An upload was read; `rows` is 0 when it failed. */
  read: (end: { status: 'ready' | 'failed'; seconds: number; rows: number }) => void;
}

/** The metrics of one job while a process trains it. */
export interface JobTrainingMetrics {
  pace(samplesPerSecond: number): void;
  loss(split: 'train' | 'validation' | 'test', loss: number): void;
  checkpoint(seconds: number): void;
  /** Removes the series of the job. */
  end(): void;
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

/** Buckets in seconds. */
const checkpointBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const intakeBuckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
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
  const datasets = datasetMetrics(define);
  const training = trainingMetrics(define);
  collectDefaultMetrics({ register: registry });

  const lookAtQueues = async (): Promise<void> => {
    showQueues(await withTimeout(queueTimeoutMs, queueCounts()).catch(() => null));
  };

  return {
    http,
    predictions,
    jobs,
    datasets,
    training,
    async snapshot() {
      await lookAtQueues();
      return registry.getMetricsAsJSON();
    },
    async render() {
      await lookAtQueues();
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
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

/** @returns shows the counts of the queues; null: the queue does not answer */
function queueMetrics({ gauge }: Define): (counts: QueueCounts[] | null) => void {
  const up = gauge('trainyard_queue_up', 'Whether the queue answers: 1 or 0.', [], { joinedBy: 'min' });
  const entries = gauge(
    'trainyard_queue_jobs',
    'Entries of a queue that wait or are in progress in any process; absent while the queue is down.',
    ['queue', 'state'],
    { joinedBy: 'max' },
  );
  const connected = gauge(
    'trainyard_queue_workers',
    'Workers that are connected to a queue, busy or not; absent while the queue is down.',
    ['queue'],
    { joinedBy: 'max' },
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
    { collect: (damaged) => damaged.set(readDamaged()), joinedBy: 'max' },
  );
  return {
    waited: (seconds) => wait.observe(seconds),
    ended: (status) => ended.inc({ status }),
    readDamaged(read) {
      readDamaged = read;
    },
  };
}

function datasetMetrics({ counter, histogram }: Define): DatasetMetrics {
  const uploadedBytes = counter(
    'trainyard_dataset_uploaded_bytes_total',
    'Bytes of uploads that became versions.',
  );
  const intake = counter(
    'trainyard_datasets_total',
    'Versions of datasets read in this process, by status.',
    ['status'],
  );
  for (const status of ['ready', 'failed']) intake.inc({ status }, 0);
  const duration = histogram(
    'trainyard_dataset_read_seconds',
    'Time to read an upload: its rows, their types and their profile.',
    intakeBuckets,
  );
  const rowCount = counter('trainyard_dataset_rows_total', 'Rows of uploads that were read in this process.');
  return {
    uploaded: (sizeBytes) => uploadedBytes.inc(sizeBytes),
    read({ status, seconds, rows }) {
      intake.inc({ status });
      duration.observe(seconds);
      rowCount.inc(rows);
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
