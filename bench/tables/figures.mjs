/** What predictions of a test fold are worth: accuracy and ROC AUC of classes, R² of values. */

/** `predictions` as /predict answers them; `actual` as the file has them. */
export function figuresOf(predictions, actual) {
  if (predictions[0].value !== undefined) {
    const values = predictions.map(({ value }) => value);
    return { r2: r2Of(values, actual.map(Number)) };
  }
  const accuracy = mean(predictions.map(({ label }, i) => Number(label === actual[i])));
  if (predictions[0].probabilities.length !== 2) return { accuracy };
  const positive = predictions.find(({ index }) => index === 1)?.label;
  const scores = predictions.map(({ probabilities }) => probabilities[1]);
  return {
    accuracy,
    auc: aucOf(
      scores,
      actual.map((label) => label === positive),
    ),
  };
}

/** The area under the ROC curve, by ranks; equal scores share theirs (Mann and Whitney). */
function aucOf(scores, isPositive) {
  const ranks = ranksOf(scores);
  const positives = isPositive.filter(Boolean).length;
  const sum = ranks.reduce((total, rank, i) => total + (isPositive[i] ? rank : 0), 0);
  return (sum - (positives * (positives + 1)) / 2) / (positives * (scores.length - positives));
}

/** From 1 for the smallest; equal numbers share the mean of theirs. */
export function ranksOf(numbers) {
  const order = numbers.map((_, i) => i).sort((a, b) => numbers[a] - numbers[b]);
  const ranks = new Array(numbers.length);
  for (let first = 0; first < order.length;) {
    let next = first + 1;
    while (next < order.length && numbers[order[next]] === numbers[order[first]]) next++;
    for (let i = first; i < next; i++) ranks[order[i]] = (first + 1 + next) / 2;
    first = next;
  }
  return ranks;
}

function r2Of(values, actual) {
  const middle = mean(actual);
  const squares = (errors) => errors.reduce((sum, error) => sum + error ** 2, 0);
  return (
    1 - squares(values.map((value, i) => value - actual[i])) / squares(actual.map((each) => each - middle))
  );
}

export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function deviation(values) {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}
