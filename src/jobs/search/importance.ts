/**
 * Which parameters decide how good a trial is: the more the values of the best trials differ from those of all trials, the more
 * it matters. S. Watanabe, A. Bansal, F. Hutter, "PED-ANOVA: efficiently quantifying hyperparameter importance in arbitrary
 * subspaces", 2023: the Pearson divergence of the two densities along each parameter.
 */
import { dimensionsOf, placesOf, type Dimension } from './dimensions.js';
import { normalShare } from './normal.js';
import type { EndedTrial, Goal, Space } from './space.js';

export interface ParameterImportance {
  /** The path of the parameter. */
  parameter: string;
  /** From 0 to 1; those of all parameters have a sum of 1. */
  importance: number;
}

/** Fewer say more about chance than about parameters. */
const fewestTrials = 10;
const topShare = 0.25;
/** A range is divided into so many cells. */
const rangeCells = 50;

/** The most important first; null where too few trials have a figure, or where all figures are equal. */
export function parameterImportance(
  space: Space,
  goal: Goal,
  trials: readonly EndedTrial[],
): ParameterImportance[] | null {
  const sign = goal === 'minimize' ? 1 : -1;
  const ranked = trials
    .flatMap(({ value, ...trial }) => (value === null ? [] : [{ ...trial, value }]))
    .sort((a, b) => sign * (a.value - b.value) || a.trial - b.trial);
  if (ranked.length < fewestTrials || ranked[0].value === ranked[ranked.length - 1].value) return null;
  const dimensions = dimensionsOf(space);
  const places = ranked.map(({ parameters }) => placesOf(dimensions, parameters));
  const top = places.slice(0, Math.ceil(topShare * places.length));
  const divergences = dimensions.map((dimension, index) => {
    const along = (some: readonly Float64Array[]) =>
      cellShares(
        dimension,
        Float64Array.from(some, (each) => each[index]),
      );
    return pearsonDivergence(along(top), along(places));
  });
  const sum = divergences.reduce((total, divergence) => total + divergence, 0);
  return dimensions
    .map(({ path }, index) => ({ parameter: path, importance: sum === 0 ? 0 : divergences[index] / sum }))
    .sort((a, b) => b.importance - a.importance);
}

/** Σ q · (p / q − 1)², where p and q are shares of the same cells. */
function pearsonDivergence(p: Float64Array, q: Float64Array): number {
  return p.reduce((sum, share, cell) => sum + q[cell] * (share / q[cell] - 1) ** 2, 0);
}

/** (cells) The share of the density of the places that each cell has; each cell has some. */
function cellShares(dimension: Dimension, places: Float64Array): Float64Array {
  const cells = 'range' in dimension ? rangeCells : dimension.values.length;
  // As if one trial had been everywhere.
  const shares = new Float64Array(cells).fill(1 / cells);
  if (!('range' in dimension)) {
    for (const place of places) shares[place] += 1;
  } else {
    const { low, high } = dimension;
    const cellOf = (place: number) => ((place - low) / (high - low)) * cells;
    const spread = kernelDeviation(places.map(cellOf));
    for (const place of places) {
      const mean = cellOf(place);
      const inside = normalShare(-mean / spread, (cells - mean) / spread);
      for (let cell = 0; cell < cells; cell++) {
        shares[cell] += normalShare((cell - mean) / spread, (cell + 1 - mean) / spread) / inside;
      }
    }
  }
  return shares.map((share) => share / (places.length + 1));
}

/** In cells. D. W. Scott, "Multivariate density estimation", 1992, and at least such that most of a kernel fills its cell. */
function kernelDeviation(places: Float64Array): number {
  const count = places.length;
  const mean = places.reduce((sum, place) => sum + place, 0) / count;
  const variance = places.reduce((sum, place) => sum + (place - mean) ** 2, 0) / Math.max(count - 1, 1);
  const sorted = places.toSorted();
  const quartiles = sorted[Math.floor((3 * count) / 4)] - sorted[Math.floor(count / 4)];
  return Math.max(1.059 * Math.min(quartiles / 1.34, Math.sqrt(variance)) * count ** -0.2, 0.5 / 1.64);
}
