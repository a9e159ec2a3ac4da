/** What a run's batches have added up to: where it is, the sums over the epoch under way, the metrics of those done. */
import { TrainyardError } from '../../errors.js';
import type { TrainingPosition } from '../../model/files/checkpoint.js';
import { evaluationBatchSize, type BatchReport, type TrainingData } from '../../model/engines/engine.js';
import { countCorrect } from '../../model/metrics/classification.js';
import type { EpochMetrics, JobProgress, RunSpec } from '../runs/documents.js';
import { progressAt } from '../runs/summarize-events.js';
import type { Pace } from './pace.js';

/** Where a tally goes on from. */
export interface TallyState {
  /** Steps done. */
  step: number;
  position: TrainingPosition;
  /** Of the epochs done. An epoch is done when its steps are and it has been evaluated. */
  metrics: EpochMetrics[];
}

export interface Tally {
  readonly state: TallyState;
  /** Whether all epochs are done. */
  isDone(): boolean;
  /** Of the epoch under way; 0 when it is time to evaluate. */
  stepsLeft(): number;
  /** Of the evaluation of the epoch under way: the batch that it goes on from, and how many are left. */
  evaluationLeft(): { first: number; batches: number };
  /** @throws TrainyardError TRAINING_DIVERGED when a loss is not finite */
  addSteps(report: BatchReport): void;
  /** @throws TrainyardError TRAINING_DIVERGED when a loss is not finite */
  addEvaluation(report: BatchReport): void;
  /** Ends the epoch whose last batch has been evaluated. */
  endEpoch(): EpochMetrics;
  progress(training: Pace, evaluation: Pace): JobProgress;
}

const emptyPosition: TrainingPosition = { epoch_samples: 0, epoch_loss_sum: 0, epoch_correct: 0 };
/** An evaluation is not part of the state: who resumes in the middle of one begins it anew. */
const nothingEvaluated = { batches: 0, samples: 0, lossSum: 0, correct: 0 };

export function createTally(
  spec: RunSpec,
  data: Pick<TrainingData, 'train' | 'test'>,
  start: TallyState | null,
): Tally {
  const testCount = data.test.count;
  const stepsPerEpoch = spec.steps / spec.epochs;
  const batchesPerEvaluation = Math.ceil(testCount / evaluationBatchSize);
  const state: TallyState = start ?? { step: 0, position: emptyPosition, metrics: [] };
  let evaluated = nothingEvaluated;
  const epoch = (): number => Math.ceil(state.step / stepsPerEpoch);

  /** One by one and in order, so that the sum has the same bits however the batches were divided into calls. */
  function addLosses(sum: number, losses: Float64Array, stepOf: (batch: number) => number): number {
    return losses.reduce((sumSoFar, loss, batch) => {
      refuseIfNotFinite(loss, stepOf(batch));
      return sumSoFar + loss;
    }, sum);
  }

  function refuseIfNotFinite(loss: number, step: number): void {
    if (Number.isFinite(loss)) return;
    throw new TrainyardError(
      'TRAINING_DIVERGED',
      `The loss became ${loss} at step ${step} of ${spec.steps}. ` +
        `Try a learning rate lower than ${spec.optimizer.learning_rate}.`,
    );
  }

  return {
    state,

    isDone: () => state.metrics.length === spec.epochs,

    stepsLeft: () => (state.metrics.length + 1) * stepsPerEpoch - state.step,

    evaluationLeft: () => ({ first: evaluated.batches, batches: batchesPerEvaluation - evaluated.batches }),

    addSteps(report) {
      const { lossSums, rows } = report;
      const { epoch_samples, epoch_loss_sum, epoch_correct } = state.position;
      state.position = {
        epoch_samples: epoch_samples + rows.length,
        epoch_loss_sum: addLosses(epoch_loss_sum, lossSums, (batch) => state.step + batch + 1),
        epoch_correct: epoch_correct + countCorrect(report, data.train.targets),
      };
      state.step += lossSums.length;
    },

    addEvaluation(report) {
      const { lossSums, rows } = report;
      evaluated = {
        batches: evaluated.batches + lossSums.length,
        samples: evaluated.samples + rows.length,
        lossSum: addLosses(evaluated.lossSum, lossSums, () => state.step),
        correct: evaluated.correct + countCorrect(report, data.test.targets),
      };
    },

    endEpoch() {
      const { epoch_samples, epoch_loss_sum, epoch_correct } = state.position;
      const metrics: EpochMetrics = {
        epoch: epoch(),
        step: state.step,
        train_loss: epoch_loss_sum / epoch_samples,
        train_accuracy: epoch_correct / epoch_samples,
        test_loss: evaluated.lossSum / evaluated.samples,
        test_accuracy: evaluated.correct / evaluated.samples,
      };
      state.metrics = [...state.metrics, metrics];
      state.position = emptyPosition;
      evaluated = nothingEvaluated;
      return metrics;
    },

    progress(training, evaluation) {
      const { epoch_samples, epoch_loss_sum, epoch_correct } = state.position;
      const { train_loss, train_accuracy } =
        epoch_samples > 0
          ? { train_loss: epoch_loss_sum / epoch_samples, train_accuracy: epoch_correct / epoch_samples }
          : (state.metrics.at(-1) ?? { train_loss: null, train_accuracy: null });
      const toTrain = (spec.steps - state.step) * spec.batch_size;
      const toEvaluate = (spec.epochs - state.metrics.length) * testCount - evaluated.samples;
      return {
        ...progressAt(spec, { step: state.step, epoch: epoch() }),
        samples_per_second: training.samplesPerSecond(),
        eta_seconds: tenths(training.secondsLeft(toTrain), evaluation.secondsLeft(toEvaluate)),
        train_loss,
        train_accuracy,
      };
    },
  };
}

/** Their sum in tenths of a second; null while nothing is known of training. */
function tenths(trainingSeconds: number | null, evaluationSeconds: number | null): number | null {
  return trainingSeconds === null ? null : Math.round(10 * (trainingSeconds + (evaluationSeconds ?? 0))) / 10;
}
