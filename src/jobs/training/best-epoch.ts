/**
 * Which epoch of a network is the best, and when its training stops. Both are pure functions of the spec and of the metrics so far, so
 * that a run that resumes decides as it would have. Each member of an ensemble is decided for itself: all but `courseEvents`
 * take the epochs of one member.
 */
import type { EpochMetrics, RunEventBody, Stopped } from '../runs/run-events.js';
import type { Rung, RunSpec } from '../runs/run-spec.js';
import { byMember } from '../runs/ensemble.js';

type Deciding = Pick<RunSpec, 'monitor'>;

/**
 * The epochs by the figure that the run monitors, the best first. Of equal accuracies the lower loss decides, and of equals the
 * earlier epoch: it took less training.
 *
 * The validation split decides. Without one, the loss of the test split, or else of training, only keeps a checkpoint from being
 * removed; for runs of format 1, which had no validation, it decides too.
 */
export function bestFirst(spec: Deciding, epochs: readonly EpochMetrics[]): EpochMetrics[] {
  return [...epochs].sort((a, b) => compare(spec, a, b));
}

/** Below 0 where `a` is the better one. */
function compare({ monitor }: Deciding, a: EpochMetrics, b: EpochMetrics): number {
  return errorOf(monitor, a) - errorOf(monitor, b) || lossOf(a) - lossOf(b) || a.step - b.step;
}

/** The lower the better. */
function errorOf(monitor: RunSpec['monitor'], epoch: EpochMetrics): number {
  const { validation_accuracy, validation_rmse } = epoch;
  if (monitor === 'accuracy' && validation_accuracy !== undefined) return -validation_accuracy;
  if (monitor === 'rmse' && validation_rmse !== undefined) return validation_rmse;
  return lossOf(epoch);
}

function lossOf({ validation_loss, test_loss, train_loss }: EpochMetrics): number {
  return validation_loss ?? test_loss ?? train_loss;
}

/** The best epoch by the validation split; null where there is none yet, or no such split. */
function bestEpoch(spec: Deciding, epochs: readonly EpochMetrics[]): number | null {
  return bestAfterEach(spec, epochs).at(-1) ?? null;
}

function bestAfterEach(spec: Deciding, epochs: readonly EpochMetrics[]): (number | null)[] {
  let best: EpochMetrics | undefined;
  return epochs.map((epoch) => {
    if (best === undefined || compare(spec, epoch, best) < 0) best = epoch;
    return best.validation_loss === undefined ? null : best.epoch;
  });
}

/** Why training is over after these epochs; null: it goes on. */
export function whyStopped(
  spec: Pick<RunSpec, 'monitor' | 'epochs' | 'patience' | 'min_epochs' | 'rungs'>,
  epochs: readonly EpochMetrics[],
): Stopped | null {
  const { patience = Infinity, min_epochs = 1 } = spec;
  const epoch = epochs.length;
  const best_epoch = bestEpoch(spec, epochs);
  const isOutOfPatience = best_epoch !== null && epoch >= min_epochs && epoch - best_epoch >= patience;
  const missed = missedRung(spec, epochs);
  const reason =
    epoch >= spec.epochs ? 'epochs' : isOutOfPatience ? 'patience' : missed === null ? null : 'rung';
  const member = epochs.at(-1)?.member;
  const bound = reason === 'rung' && missed !== null ? { bound: missed.bound } : {};
  return reason && { ...(member !== undefined && { member }), reason, epoch, best_epoch, ...bound };
}

/** The rung at the last epoch, where no epoch has reached its bound; null: there is none, or one has. */
function missedRung(
  { monitor, rungs = [] }: Pick<RunSpec, 'monitor' | 'rungs'>,
  epochs: readonly EpochMetrics[],
): Rung | null {
  const rung = rungs.find(({ epoch }) => epoch === epochs.length);
  if (rung === undefined) return null;
  const bound = monitor === 'accuracy' ? -rung.bound : rung.bound;
  return epochs.some((epoch) => errorOf(monitor, epoch) <= bound) ? null : rung;
}

/** The events of the epochs done, and of the end of training, member by member. */
export function courseEvents(spec: RunSpec, epochs: readonly EpochMetrics[]): RunEventBody[] {
  return byMember(epochs).flatMap((own) => courseOfMember(spec, own));
}

function courseOfMember(spec: RunSpec, epochs: readonly EpochMetrics[]): RunEventBody[] {
  const stopped = whyStopped(spec, epochs);
  const best = bestAfterEach(spec, epochs);
  const metrics = epochs.map((each, index): RunEventBody => {
    return { type: 'metrics', metrics: each, best_epoch: best[index] ?? null };
  });
  return [...metrics, ...(stopped === null ? [] : [{ type: 'stopped' as const, stopped }])];
}
