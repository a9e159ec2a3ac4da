/** What a threshold means for two classes, from how many rows are rightly and wrongly called positive. */

export interface Threshold {
  at_least: number;
  true_positives: number;
  false_positives: number;
}

/** Of all rows; their weights where rows have some. */
export interface Counts {
  positives: number;
  negatives: number;
}

export interface Measures {
  /** NaN where nothing is called positive. */
  precision: number;
  recall: number;
  accuracy: number;
  falsePositiveRate: number;
}

export function measuresAt(
  { true_positives: hits, false_positives: alarms }: Threshold,
  { positives, negatives }: Counts,
): Measures {
  return {
    precision: hits / (hits + alarms),
    recall: hits / positives,
    accuracy: (hits + negatives - alarms) / (positives + negatives),
    falsePositiveRate: alarms / negatives,
  };
}
