/**
 * Asynchronous successive halving: after a rung of epochs, a trial goes on only where it belongs to the best of those that came
 * so far. L. Li et al., "A system for massively parallel hyperparameter tuning", 2020; the stopping variant of its section 4.
 * The bounds of a trial are known before it starts, so what it does is a function of its own specification.
 */
import type { Goal } from './space.js';

export interface EarlyStop {
  /** The first rung. */
  min_epochs: number;
  /** Each rung has so many times the epochs of the one before, and one in so many trials goes on; at least 2. */
  factor: number;
}

export interface RungBound {
  epoch: number;
  /** The best figure of the trial until this epoch must be this or better. */
  bound: number;
}

/** The epochs after which a trial may be stopped, ascending; all before its last epoch. */
export function rungEpochs({ min_epochs, factor }: EarlyStop, maxEpochs: number): number[] {
  const epochs: number[] = [];
  for (let epoch = min_epochs; epoch < maxEpochs; epoch *= factor) epochs.push(epoch);
  return epochs;
}

export interface BoundedTrial {
  earlyStop: EarlyStop;
  goal: Goal;
  maxEpochs: number;
  /** Of each ended trial, the figure after each of its epochs, the first one first; null where there is none. */
  curves: readonly (readonly (number | null)[])[];
}

/** A rung that fewer than `factor` trials have reached has no bound. */
export function rungBounds({ earlyStop, goal, maxEpochs, curves }: BoundedTrial): RungBound[] {
  const sign = goal === 'minimize' ? 1 : -1;
  return rungEpochs(earlyStop, maxEpochs).flatMap((epoch) => {
    const reached = curves
      .filter((curve) => curve.length >= epoch)
      .map((curve) => bestOf(curve.slice(0, epoch), sign))
      .filter((value) => value !== null)
      .sort((a, b) => sign * (a - b));
    const going = Math.floor(reached.length / earlyStop.factor);
    return going === 0 ? [] : [{ epoch, bound: reached[going - 1] }];
  });
}

function bestOf(figures: readonly (number | null)[], sign: number): number | null {
  return figures.reduce(
    (best, figure) => (figure !== null && (best === null || sign * (figure - best) < 0) ? figure : best),
    null,
  );
}
