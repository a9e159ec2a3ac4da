/**
 * The training of a run as a span of the trace that began with its request, with one below it for each epoch, checkpoint,
 * evaluation and publication. The worker makes them all, from what the training process reports. So nothing that was reported is lost
 * when that process is killed, and it need not load and run a client for traces.
 */
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Attributes } from '@opentelemetry/api';
import { contextOf } from '../../telemetry/trace-context.js';
import type { Attempt } from './run-processor.js';
import type { Observation } from '../training/messages.js';
import type { TrainingOutcome } from './training-processes.js';

export interface TrainingSpan {
  /** `at`: in milliseconds. */
  add(observation: Observation, at: number): void;
  end(outcome: TrainingOutcome): void;
}

const tracer = trace.getTracer('trainyard');

/** `waitedSeconds`: since the job was taken in. */
export function startTrainingSpan({ runId, spec, attempt }: Attempt, waitedSeconds: number): TrainingSpan {
  const span = tracer.startSpan(
    `train ${spec.model}`,
    {
      kind: SpanKind.CONSUMER,
      attributes: {
        'messaging.system': 'bullmq',
        'messaging.operation.type': 'process',
        'messaging.operation.name': 'train',
        'messaging.destination.name': 'training',
        'messaging.message.id': runId,
        'trainyard.model': spec.model,
        'trainyard.attempt': attempt,
        'trainyard.seconds_since_creation': waitedSeconds,
      },
    },
    contextOf(spec.trace_context),
  );
  const below = trace.setSpan(ROOT_CONTEXT, span);

  function addChild(name: string, tookMs: number, endedAt: number, attributes: Attributes): void {
    tracer.startSpan(name, { startTime: endedAt - tookMs, attributes }, below).end(endedAt);
  }

  function fail(type: string, message: string): void {
    span.setAttribute('error.type', type);
    span.setStatus({ code: SpanStatusCode.ERROR, message });
  }

  return {
    add(observation, at) {
      switch (observation.kind) {
        case 'progress':
          return;
        case 'epoch': {
          const { epoch, step, train_loss, validation_loss, test_loss, test_accuracy, test_rmse } =
            observation.metrics;
          // Those that are undefined are left out.
          addChild('epoch', observation.tookMs, at, {
            'trainyard.epoch': epoch,
            'trainyard.step': step,
            'trainyard.train_loss': train_loss,
            'trainyard.validation_loss': validation_loss,
            'trainyard.test_loss': test_loss,
            'trainyard.test_accuracy': test_accuracy,
            'trainyard.test_rmse': test_rmse,
          });
          return;
        }
        case 'checkpoint':
          addChild('checkpoint', observation.tookMs, at, { 'trainyard.step': observation.step });
          return;
        case 'evaluation':
          addChild('evaluate', observation.tookMs, at, { 'trainyard.step': observation.step });
          return;
        case 'publication': {
          const { tookMs, step, version } = observation;
          addChild('publish', tookMs, at, { 'trainyard.step': step, 'trainyard.version': version });
          return;
        }
        case 'end': {
          const { status, error } = observation;
          span.setAttribute('trainyard.job_status', status);
          if (error) fail(error.code, error.message);
        }
      }
    },

    end(outcome) {
      span.setAttribute('trainyard.outcome', outcome.kind);
      if (outcome.kind === 'crashed') fail('TRAINING_CRASHED', outcome.reason);
      if (outcome.kind === 'storage_failed') fail(outcome.error.code, outcome.error.message);
      span.end();
    },
  };
}
