/** Chooses from which probability on a row of two classes gets the positive label. */
import { rankBy, type Ranking } from '../metrics/ranking.js';
import type { ClassRows } from './evaluate-classes.js';
import type { MistakeCosts } from './evaluation.js';

/**
 * What a job asks for. auto: the threshold with the best F1 of the positive class on the validation rows. cost: the one whose
 * mistakes cost least there. A document.
 */
export type ThresholdRequest = 'auto' | number | { cost: MistakeCosts };

/** What becomes of the rows under a threshold: how many, or the sums of their weights. */
interface Outcome {
  truePositives: number;
  falsePositives: number;
  falseNegatives: number;
}

/** Of at least one row; `positive` is the index of the class. Of thresholds that are as good, the nearest to 0.5. */
export function chooseThreshold(
  { probabilities, classes, weights }: ClassRows,
  positive: number,
  wanted: Exclude<ThresholdRequest, number>,
): number {
  const ranking = rankBy(probabilities, classes, 2, positive, weights);
  const worthOf = wanted === 'auto' ? f1Of : (outcome: Outcome) => -costOf(outcome, wanted.cost);
  let best = { worth: -Infinity, atLeast: 0.5 };
  for (const { atLeast, outcome } of candidates(ranking)) {
    const worth = worthOf(outcome);
    const isNearer = Math.abs(atLeast - 0.5) < Math.abs(best.atLeast - 0.5);
    if (worth > best.worth || (worth === best.worth && isNearer)) best = { worth, atLeast };
  }
  return best.atLeast;
}

/** Halfway between neighbouring probabilities, 0 below all of them, and halfway to 1 above all. */
function* candidates(ranking: Ranking): Generator<{ atLeast: number; outcome: Outcome }> {
  const { positives, negatives, positiveCount, negativeCount } = ranking;
  const probabilities = new Float32Array(ranking.bits.buffer, ranking.bits.byteOffset, ranking.bits.length);
  let outcome: Outcome = {
    truePositives: positiveCount,
    falsePositives: negativeCount,
    falseNegatives: 0,
  };
  for (let group = 0; group < probabilities.length; group++) {
    const atLeast = group === 0 ? 0 : (probabilities[group - 1] + probabilities[group]) / 2;
    yield { atLeast, outcome };
    outcome = {
      truePositives: outcome.truePositives - positives[group],
      falsePositives: outcome.falsePositives - negatives[group],
      falseNegatives: outcome.falseNegatives + positives[group],
    };
  }
  const highest = probabilities[probabilities.length - 1];
  if (highest < 1) yield { atLeast: (highest + 1) / 2, outcome };
}

function f1Of({ truePositives, falsePositives, falseNegatives }: Outcome): number {
  return truePositives === 0
    ? 0
    : (2 * truePositives) / (2 * truePositives + falsePositives + falseNegatives);
}

function costOf(
  { falsePositives, falseNegatives }: Outcome,
  { false_positive, false_negative }: MistakeCosts,
): number {
  return falsePositives * false_positive + falseNegatives * false_negative;
}
