/**
 * The tree-structured Parzen estimator: it divides the trials into the best tenth and the others, and proposes what is likely
 * among the former and unlikely among the latter. J. Bergstra et al., "Algorithms for hyper-parameter optimization", 2011;
 * over all parameters together, as in S. Falkner et al., "BOHB", 2018, with the settings of Optuna's TPESampler.
 */
import { dimensionsOf, parametersAt, placesOf, type Dimension } from './dimensions.js';
import type { Draws } from './draws.js';
import { parzenEstimator } from './parzen.js';
import type { EndedTrial, Goal, Parameters, PendingTrial, Space } from './space.js';

/** Until so many trials have given a figure, the search is random. */
const startupTrials = 10;

const candidates = 24;
const bestShare = 0.1;
const mostBest = 25;

export interface TpeTask {
  space: Space;
  goal: Goal;
  history: readonly EndedTrial[];
  pending: readonly PendingTrial[];
}

/** Candidates for the next trial, the most promising first; none as long as there are too few figures to learn from. */
export function tpeCandidates({ space, goal, history, pending }: TpeTask, draws: Draws): Parameters[] {
  const sign = goal === 'minimize' ? 1 : -1;
  const ranked = history
    .flatMap(({ value, ...trial }) => (value === null ? [] : [{ ...trial, value }]))
    .sort((a, b) => sign * (a.value - b.value) || a.trial - b.trial);
  if (ranked.length < startupTrials) return [];
  const best = ranked.slice(0, Math.min(Math.ceil(bestShare * ranked.length), mostBest));
  // Trials that failed count as bad ones, since what they tried may be why; so do those that run, to try something else.
  const failed = history.filter(({ value }) => value === null);
  const others = [...ranked.slice(best.length), ...failed, ...pending];

  const dimensions = dimensionsOf(space);
  const good = parzenEstimator(dimensions, placesByAge(dimensions, best));
  const bad = parzenEstimator(dimensions, placesByAge(dimensions, others));
  return Array.from({ length: candidates }, () => good.draw(draws))
    .map((places) => ({ places, gain: good.logDensity(places) - bad.logDensity(places) }))
    .sort((a, b) => b.gain - a.gain)
    .map(({ places }) => parametersAt(dimensions, places));
}

function placesByAge(dimensions: readonly Dimension[], trials: readonly PendingTrial[]): Float64Array[] {
  return [...trials]
    .sort((a, b) => a.trial - b.trial)
    .map(({ parameters }) => placesOf(dimensions, parameters));
}
