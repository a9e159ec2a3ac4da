/** Makes a run visible while a process trains it: in the worker's metrics and in a trace. */
import type { PrometheusMetrics, JobTrainingMetrics } from '../../telemetry/prometheus.js';
import type { Train } from './run-processor.js';
import type { Observation } from '../training/messages.js';
import type { TrainingOutcome } from './training-processes.js';
import { startTrainingSpan } from './training-span.js';

/** Trains, and reports each observation with its time in milliseconds. */
type TrainAndObserve = (
  ...args: [...Parameters<Train>, observe: (observation: Observation, at: number) => void]
) => Promise<TrainingOutcome>;

export function observedTraining(
  metrics: Pick<PrometheusMetrics, 'jobs' | 'training'>,
  train: TrainAndObserve,
): Train {
  return async (run, signals) => {
    const { runId, spec, attempt } = run;
    const waitedSeconds = Math.max(0, (Date.now() - Date.parse(spec.created_at)) / 1_000);
    if (attempt === 1) metrics.jobs.waited(waitedSeconds);
    const ofJob = metrics.training.start({ job_id: runId, model: spec.model });
    const span = startTrainingSpan(run, waitedSeconds);
    try {
      const outcome = await train(run, signals, (observation, at) => {
        if (observation.kind === 'end') metrics.jobs.ended(observation.status);
        else measure(observation, ofJob);
        span.add(observation, at);
      });
      span.end(outcome);
      return outcome;
    } finally {
      ofJob.end();
    }
  };
}

function measure(observation: Exclude<Observation, { kind: 'end' }>, ofJob: JobTrainingMetrics): void {
  switch (observation.kind) {
    case 'progress': {
      const { samplesPerSecond, trainLoss } = observation;
      if (samplesPerSecond !== null) ofJob.pace(samplesPerSecond);
      if (trainLoss !== null) ofJob.loss('train', trainLoss);
      return;
    }
    case 'epoch': {
      const { train_loss, validation_loss, test_loss } = observation.metrics;
      ofJob.loss('train', train_loss);
      if (validation_loss !== undefined) ofJob.loss('validation', validation_loss);
      if (test_loss !== undefined) ofJob.loss('test', test_loss);
      return;
    }
    case 'checkpoint':
      ofJob.checkpoint(observation.tookMs / 1_000);
      return;
    case 'evaluation':
    case 'publication':
  }
}
