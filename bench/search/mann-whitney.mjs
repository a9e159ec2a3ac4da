import { ranksOf } from '../tables/figures.mjs';

/**
 * H. B. Mann, D. R. Whitney, "On a test of whether one of two random variables is stochastically larger than the other", 1947:
 * `share` of the pairs in which the number of `a` is the smaller one, equal ones half; `p` of both sides, by the normal
 * approximation with ties.
 */
export function mannWhitney(a, b) {
  const ranks = ranksOf([...a, ...b]);
  const pairs = a.length * b.length;
  const larger =
    ranks.slice(0, a.length).reduce((sum, rank) => sum + rank, 0) - (a.length * (a.length + 1)) / 2;
  const total = ranks.length;
  const counts = new Map();
  for (const rank of ranks) counts.set(rank, (counts.get(rank) ?? 0) + 1);
  const ties = [...counts.values()].reduce((sum, count) => sum + count ** 3 - count, 0);
  const variance = (pairs / 12) * (total + 1 - ties / (total * (total - 1)));
  const z = variance === 0 ? 0 : Math.abs(larger - pairs / 2) / Math.sqrt(variance);
  return { share: 1 - larger / pairs, p: 2 * (1 - normalShareBelow(z)) };
}

/** Of the standard normal distribution, for z from 0; errs by less than 1e-7. */
function normalShareBelow(z) {
  // M. Abramowitz, I. A. Stegun, "Handbook of mathematical functions", 26.2.17.
  const t = 1 / (1 + 0.2316419 * z);
  const tail =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return 1 - (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * tail;
}
