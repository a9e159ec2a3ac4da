/** What a model answers: the class with the probabilities of all as bars, or the value with how far off it may be. */
import { Bars } from '../../parts/bars.js';
import { formatNumber, formatPercent } from '../../parts/format.js';
import type { Schemas } from '../../service/api.js';
import type { Split } from './model-data.js';

type Prediction = Schemas['PredictionResponse']['predictions'][number];

const mostBars = 12;

export function Answer({
  prediction,
  labels,
  name,
  residuals,
  isOld = false,
}: {
  prediction: Prediction | undefined;
  labels: readonly string[];
  /** Of the value that is predicted. */
  name?: string | undefined;
  residuals?: Split['residuals'];
  /** It is not of what is entered now. */
  isOld?: boolean;
}) {
  if (!prediction) return <p class="answer muted">–</p>;
  const { label, confidence, value, values, probabilities } = prediction;
  return (
    <div class={`stack ${isOld ? 'old-answer' : ''}`}>
      <div aria-live="polite">
        {value !== undefined && <Value name={name} value={value} residuals={residuals} />}
        {values && (
          <dl class="answer-values">
            {Object.entries(values).map(([each, number]) => (
              <div key={each}>
                <dt class="muted">{each}</dt>
                <dd class="figure-value">{formatNumber(number)}</dd>
              </div>
            ))}
          </dl>
        )}
        {label !== undefined && (
          <p class="answer">
            <strong>{label}</strong> <span class="muted">{formatPercent(confidence, 1)} sure</span>
          </p>
        )}
      </div>
      {probabilities && <Probabilities labels={labels} probabilities={probabilities} best={label ?? ''} />}
    </div>
  );
}

function Value({
  name = '',
  value,
  residuals,
}: {
  name?: string | undefined;
  value: number;
  residuals: Split['residuals'];
}) {
  const low = residuals?.find(({ at }) => at === 0.95)?.value;
  const high = residuals?.find(({ at }) => at === 0.05)?.value;
  return (
    <>
      <p class="answer">
        <strong>{formatNumber(value)}</strong> <span class="muted">{name}</span>
      </p>
      {low !== undefined && high !== undefined && (
        <p class="small muted">
          As far as nine of ten known rows were off: {formatNumber(value - low, 3)} to{' '}
          {formatNumber(value - high, 3)}.
        </p>
      )}
    </>
  );
}

/** All classes in their order, or the likeliest of many. */
function Probabilities({
  labels,
  probabilities,
  best,
}: {
  labels: readonly string[];
  probabilities: readonly number[];
  best: string;
}) {
  const all = labels.map((label, i) => ({ label, probability: probabilities[i] ?? 0 }));
  const shown =
    all.length <= mostBars
      ? all
      : [...all].sort((one, other) => other.probability - one.probability).slice(0, mostBars);
  return (
    <Bars
      label="How likely each answer is"
      bars={shown.map(({ label, probability }) => ({
        name: label,
        share: probability,
        value: formatPercent(probability, 1),
        isBest: label === best,
      }))}
    />
  );
}
