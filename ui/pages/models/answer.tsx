/** What a model answers for one row: the class with the probabilities of all, or the value; and the warnings. */
import { formatNumber, formatPercent } from '../../parts/format.js';
import type { Schemas } from '../../service/api.js';

type Prediction = Schemas['Prediction'];

const shownClasses = 12;

export function Answer({ prediction, labels }: { prediction: Prediction; labels: readonly string[] }) {
  const { label, confidence, probabilities, value, values } = prediction;
  if (label === undefined) {
    const shown = value === undefined ? Object.entries(values ?? {}) : [['Answer', value] as const];
    return (
      <div class="answer" aria-live="polite">
        {shown.map(([name, each]) => (
          <p key={name}>
            <span class="muted">{name}</span> <strong class="answer-value">{formatNumber(each)}</strong>
          </p>
        ))}
      </div>
    );
  }
  const ranked = (probabilities ?? [])
    .map((probability, i) => ({ name: labels[i] ?? String(i), probability }))
    .sort((one, other) => other.probability - one.probability)
    .slice(0, shownClasses);
  return (
    <div class="answer" aria-live="polite">
      <p>
        <strong class="answer-value">{label ?? 'Not sure'}</strong>{' '}
        <span class="muted">{formatPercent(confidence, 1)}</span>
      </p>
      <ul class="plain-list bars">
        {ranked.map(({ name, probability }) => (
          <li key={name}>
            <span class="bar-name">{name}</span>
            <meter min={0} max={1} value={probability} aria-label={`Probability of ${name}`} />
            <span class="bar-value">{formatPercent(probability, 1)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
