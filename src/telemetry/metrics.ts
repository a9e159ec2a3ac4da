/**
 * Every metric of a process, each defined once, and the text in which Prometheus reads them. Labels are bounded: routes
 * are patterns, models are published names, and what is labelled with a job goes when the job stops training here.
 * The label is `job_id`, as `job` is Prometheus' own. docs/observability.md lists them.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { withTimeout } from '../lib/timeout.js';

export interface Metrics {
  readonly http: {
    /** A request is over. `route`: its pattern, or `unmatchedRoute`. */
    observe(request: { method: string; route: string; status: number }, seconds: number): void;
  };
  readonly predictions: {
    /** A request that a version was chosen for is over; `queueMs` is null when nothing was predicted. */
    answered(
      prediction: { model: string; version: number; queueMs: number | null },
      status: number,
      seconds: number,
    ): void;
    /** There was no room for one, so that it came to no route. */
    refused(): void;
    /** The engine has answered so many samples in one call. */
    batch(model: string, samples: number, ms: number): void;
    /** Another version answers as the latest. */
    reload(model: string): void;
    /** How many requests wait or are being worked on; asked at each scrape. */
    readWaiting(read: () => number): void;
    /** What answers as the latest; asked at each scrape. */
    readServed(read: () => Served[]): void;
    /** What the loaded versions hold, in bytes; asked at each scrape. */
    readMemory(read: () => number): void;
  };
  readonly jobs: {
    /** A job is trained for the first time, that long after it was taken in. */
    waited(seconds: number): void;
    ended(status: string): void;
    /** How many runs are left out because they are damaged; asked at each scrape. */
    readDamaged(read: () => number): void;
  };
  readonly training: {
    /** A process of this one's trains the job from now on. */
    start(of: { job_id: string; model: string }): TrainingMetrics;
  };
  /** In Prometheus' text format. Answers soon, whatever the queue does. */
  render(): Promise<{ contentType: string; text: string }>;
}

export interface TrainingMetrics {
  pace(samplesPerSecond: number): void;
  loss(split: 'train' | 'test', loss: number): void;
  checkpoint(seconds: number): void;
  /** Nothing more is shown of the job. */
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
  /** null: nobody knows. */
  workers: number | null;
}

/** For requests that no route is there for: their paths are anybody's to choose. */
export const unmatchedRoute = 'unmatched';

/** Of a model at most so many versions have labels, those that were asked last for the first time. */
const versionsKept = 20;
const outcomes = ['answered', 'refused', 'client_gone', 'timed_out', 'failed'];

const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** A small network takes less than a millisecond. */
const predictionBuckets = [0.0001, 0.00025, 0.0005, ...requestBuckets, 30];
const batchBuckets = [1, 2, 4, 8, 16, 32, 64];
const checkpointBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const jobWaitBuckets = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400];

/** `queueCounts`: asked at each scrape; what takes longer than `queueWithinMs` counts as a failure. */
export function createMetrics({
  queueCounts,
  queueWithinMs = 1_000,
}: {
  queueCounts: () => Promise<QueueCounts[]>;
  queueWithinMs?: number;
}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name, help, labelNames, registers });
  const histogram = <Label extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: Label[] = [],
  ) => new Histogram({ name, help, labelNames, buckets, registers });

  const httpDuration = histogram(
    'http_request_duration_seconds',
    'Time from a request to the end of its answer, by the pattern of its route.',
    requestBuckets,
    ['method', 'route', 'status'],
  );

  const predictions = counter(
    'trainyard_predictions_total',
    `Requests that a version was chosen for, by what came of them: ${outcomes.join(', ')}.`,
    ['model', 'version', 'outcome'],
  );
  const predictionDuration = histogram(
    'trainyard_prediction_duration_seconds',
    'Time from a request for predictions to the end of its answer.',
    predictionBuckets,
    ['model'],
  );
  const predictionQueue = histogram(
    'trainyard_prediction_queue_seconds',
    'Time that a request waited for the engine.',
    predictionBuckets,
    ['model'],
  );
  const predictionsRefused = counter(
    'trainyard_predictions_refused_total',
    'Requests for predictions that there was no room for; no other metric counts them.',
  );
  const batchSize = histogram(
    'trainyard_prediction_batch_size',
    'Samples that the engine answered in one call.',
    batchBuckets,
    ['model'],
  );
  const batchDuration = histogram(
    'trainyard_prediction_batch_duration_seconds',
    'Time that the engine took for one call.',
    predictionBuckets,
    ['model'],
  );
  const predictionsWaiting = gauge(
    'trainyard_predictions_waiting',
    'Requests for predictions that wait or are being worked on.',
  );
  const modelVersion = gauge(
    'trainyard_model_version',
    'The version that answers as the latest of a model.',
    ['model'],
  );
  const modelMemory = gauge(
    'trainyard_model_memory_bytes',
    'Memory that the loaded versions of all models hold together.',
  );
  const reloads = counter(
    'trainyard_model_reloads_total',
    'How often another version came to answer as the latest of a model.',
    ['model'],
  );

  const queueUp = gauge('trainyard_queue_up', 'Whether the queue answers: 1 or 0.');
  const queueJobs = gauge(
    'trainyard_queue_jobs',
    'Entries of a queue that wait or are being worked on, by whichever process; absent while the queue is down.',
    ['queue', 'state'],
  );
  const queueWorkers = gauge(
    'trainyard_queue_workers',
    'Workers that are connected to a queue, busy or not; absent while the queue is down.',
    ['queue'],
  );
  const jobWait = histogram(
    'trainyard_job_queue_wait_seconds',
    'Time from the creation of a job to its first training.',
    jobWaitBuckets,
  );
  const jobs = counter('trainyard_jobs_total', 'Jobs that were ended here, by how they ended.', ['status']);

  const damagedRuns = gauge(
    'trainyard_damaged_runs',
    'Runs that are left out of lists and of the queue because one of their files is damaged or cannot be read.',
  );

  const processes = gauge('trainyard_training_processes', 'Training processes that run under this one.');
  const samplesPerSecond = gauge(
    'trainyard_training_samples_per_second',
    'Samples trained on a second, of late; only of jobs that train under this process.',
    ['job_id', 'model'],
  );
  const loss = gauge(
    'trainyard_training_loss',
    'Mean loss: train over the epoch so far, test after the last epoch; only of jobs that train under this process.',
    ['job_id', 'model', 'split'],
  );
  const checkpointDuration = histogram(
    'trainyard_checkpoint_duration_seconds',
    'Time that a checkpoint kept a job from training.',
    checkpointBuckets,
  );

  collectDefaultMetrics({ register: registry });
  // There from the first scrape on, so that the first one of them is seen as an increase.
  for (const status of ['succeeded', 'failed', 'cancelled']) jobs.inc({ status }, 0);

  let readWaiting = (): number => 0;
  let readServed = (): Served[] => [];
  let readDamaged = (): number => 0;
  let readMemory = (): number => 0;
  /** By model, the one seen last at the end. */
  const versions = new Map<string, Set<number>>();

  function remember(model: string, version: number): void {
    const known = versions.get(model) ?? new Set();
    if (known.has(version)) return;
    versions.set(model, known.add(version));
    for (const oldest of [...known].slice(0, -versionsKept)) {
      known.delete(oldest);
      for (const outcome of outcomes) predictions.remove({ model, version: oldest, outcome });
    }
  }

  async function readQueue(): Promise<void> {
    // Whoever needs the queue says why it does not answer.
    const counts = await withTimeout(queueWithinMs, queueCounts()).catch(() => null);
    queueUp.set(counts === null ? 0 : 1);
    queueJobs.reset();
    queueWorkers.reset();
    for (const { queue, waiting, active, workers } of counts ?? []) {
      if (workers !== null) queueWorkers.set({ queue }, workers);
      queueJobs.set({ queue, state: 'waiting' }, waiting);
      queueJobs.set({ queue, state: 'active' }, active);
    }
  }

  return {
    http: {
      observe(request, seconds) {
        httpDuration.observe(request, seconds);
      },
    },

    predictions: {
      answered({ model, version, queueMs }, status, seconds) {
        remember(model, version);
        predictions.inc({ model, version, outcome: outcomeOf(status) });
        predictionDuration.observe({ model }, seconds);
        if (queueMs !== null) predictionQueue.observe({ model }, queueMs / 1_000);
      },
      refused() {
        predictionsRefused.inc();
      },
      batch(model, samples, ms) {
        batchSize.observe({ model }, samples);
        batchDuration.observe({ model }, ms / 1_000);
      },
      reload(model) {
        reloads.inc({ model });
      },
      readWaiting(read) {
        readWaiting = read;
      },
      readServed(read) {
        readServed = read;
      },
      readMemory(read) {
        readMemory = read;
      },
    },

    jobs: {
      waited(seconds) {
        jobWait.observe(seconds);
      },
      ended(status) {
        jobs.inc({ status });
      },
      readDamaged(read) {
        readDamaged = read;
      },
    },

    training: {
      start(of) {
        processes.inc();
        return {
          pace: (value) => samplesPerSecond.set(of, value),
          loss: (split, value) => loss.set({ ...of, split }, value),
          checkpoint: (seconds) => checkpointDuration.observe(seconds),
          end() {
            processes.dec();
            samplesPerSecond.remove(of);
            for (const split of ['train', 'test']) loss.remove({ ...of, split });
          },
        };
      },
    },

    async render() {
      await readQueue();
      predictionsWaiting.set(readWaiting());
      damagedRuns.set(readDamaged());
      modelMemory.set(readMemory());
      modelVersion.reset();
      for (const { model, version } of readServed())
        if (version !== null) modelVersion.set({ model }, version);
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

function outcomeOf(status: number): string {
  if (status < 400) return 'answered';
  if (status === 499) return 'client_gone';
  if (status === 504) return 'timed_out';
  return status < 500 ? 'refused' : 'failed';
}
