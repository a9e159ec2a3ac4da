/** What a run's steps have added up to: where it is, the sums over the epoch under way, the metrics of those done. */
import { TrainyardError } from '../../errors.js';
import type { TrainingPosition } from '../../model/checkpoint.js';
import type { Evaluation, StepReport } from '../../model/engines/engine.js';
import type { EpochMetrics, JobProgress, RunSpec } from '../contracts.js';
import { progressAt } from '../run-summary.js';
import type { Pace } from './pace.js';

/** Where a tally goes on from. */
export interface TallyState {
  /** Steps done. */
  step: number;
  position: TrainingPosition;
  metrics: EpochMetrics[];
}

export interface Tally {
  readonly state: TallyState;
  /** 1 or more. */
  stepsLeftInEpoch(): number;
  /** Whether the last step was an epoch's last. */
  atEpochEnd(): boolean;
  /** @throws TrainyardError TRAINING_DIVERGED when a loss is not finite */
  add(report: StepReport): void;
  /**
   * Closes the epoch whose last step was added.
   * @throws TrainyardError TRAINING_DIVERGED when the test loss is not finite
   */
  endEpoch(test: Evaluation): EpochMetrics;
  progress(pace: Pace): JobProgress;
}

const emptyPosition: TrainingPosition = { epoch_samples: 0, epoch_loss_sum: 0, epoch_correct: 0 };

export function createTally(spec: RunSpec, start: TallyState | null): Tally {
  const stepsPerEpoch = spec.steps / spec.epochs;
  const state: TallyState = start ?? { step: 0, position: emptyPosition, metrics: [] };
  const epoch = (): number => Math.ceil(state.step / stepsPerEpoch);

  const refuseIfNotFinite = (loss: number, step: number): void => {
    if (Number.isFinite(loss)) return;
    throw new TrainyardError(
      'TRAINING_DIVERGED',
      `The loss became ${loss} at step ${step} of ${spec.steps}. ` +
        `Try a learning rate lower than ${spec.optimizer.learning_rate}.`,
    );
  };

  return {
    state,

    stepsLeftInEpoch: () => stepsPerEpoch - (state.step % stepsPerEpoch),

    atEpochEnd: () => state.step > 0 && state.step % stepsPerEpoch === 0,

    add({ samples, lossSums, correct }) {
      let lossSum = state.position.epoch_loss_sum;
      // One by one and in order, so that the sum has the same bits however the steps were divided.
      lossSums.forEach((loss, i) => {
        refuseIfNotFinite(loss, state.step + i + 1);
        lossSum += loss;
      });
      state.step += lossSums.length;
      state.position = {
        epoch_samples: state.position.epoch_samples + samples,
        epoch_loss_sum: lossSum,
        epoch_correct: state.position.epoch_correct + correct,
      };
    },

    endEpoch(test) {
      refuseIfNotFinite(test.loss, state.step);
      const { epoch_samples, epoch_loss_sum, epoch_correct } = state.position;
      const metrics: EpochMetrics = {
        epoch: epoch(),
        step: state.step,
        train_loss: epoch_loss_sum / epoch_samples,
        train_accuracy: epoch_correct / epoch_samples,
        test_loss: test.loss,
        test_accuracy: test.accuracy,
      };
      state.metrics = [...state.metrics, metrics];
      state.position = emptyPosition;
      return metrics;
    },

    progress(pace) {
      const { epoch_samples, epoch_loss_sum, epoch_correct } = state.position;
      const { train_loss, train_accuracy } =
        epoch_samples > 0
          ? { train_loss: epoch_loss_sum / epoch_samples, train_accuracy: epoch_correct / epoch_samples }
          : (state.metrics.at(-1) ?? { train_loss: null, train_accuracy: null });
      const stepsLeft = spec.steps - state.step;
      return {
        ...progressAt(spec, { step: state.step, epoch: epoch() }),
        samples_per_second: pace.samplesPerSecond(),
        eta_seconds: pace.secondsLeft(stepsLeft * spec.batch_size, spec.epochs - state.metrics.length),
        train_loss,
        train_accuracy,
      };
    },
  };
}
