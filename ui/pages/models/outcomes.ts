/** What each threshold gives on the rows of an evaluation, from the counts that it has. */
import type { Split } from './model-data.js';

export interface Outcome {
  atLeast: number;
  falsePositives: number;
  falseNegatives: number;
  precision: number;
  recall: number;
  falsePositiveRate: number;
  accuracy: number;
}

export interface Costs {
  falsePositive: number;
  falseNegative: number;
}

/** In the order of the thresholds: descending. */
export function outcomesOf(
  thresholds: NonNullable<Split['thresholds']>,
  classes: NonNullable<Split['classes']>,
  positive: string,
): Outcome[] {
  const sum = (isWanted: (label: string) => boolean): number =>
    classes.reduce((all, { label, support }) => all + (isWanted(label) ? support : 0), 0);
  const positives = sum((label) => label === positive);
  const negatives = sum((label) => label !== positive);
  return thresholds.map(({ at_least: atLeast, true_positives: found, false_positives: wrong }) => ({
    atLeast,
    falsePositives: wrong,
    falseNegatives: positives - found,
    precision: found / (found + wrong),
    recall: found / positives,
    falsePositiveRate: wrong / negatives,
    accuracy: (found + negatives - wrong) / (positives + negatives),
  }));
}

/** The place of the outcome whose mistakes cost least. */
export function cheapest(outcomes: readonly Outcome[], { falsePositive, falseNegative }: Costs): number {
  const costs = outcomes.map(
    (outcome) => outcome.falsePositives * falsePositive + outcome.falseNegatives * falseNegative,
  );
  return costs.indexOf(Math.min(...costs));
}
