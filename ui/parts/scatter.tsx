/** Predicted values upwards beside actual ones. On the diagonal they are equal. */
import { formatNumber } from './format.js';
import './scatter.css';

export interface Pair {
  actual: number;
  predicted: number;
}

const width = 440;

export function Scatter({
  pairs,
  name = 'value',
  height = 300,
}: {
  pairs: readonly Pair[];
  /** Of what is predicted. */
  name?: string | undefined;
  /** As wide as 440. */
  height?: number;
}) {
  const all = pairs.flatMap(({ actual, predicted }) => [actual, predicted]);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const place = (value: number): number => (value - low) / (high - low || 1);
  return (
    <figure class="scatter">
      <svg
        viewBox={`-8 -8 ${width + 16} ${height + 16}`}
        role="img"
        aria-label={`Predicted beside actual ${name} of ${pairs.length} rows. On the line they are equal.`}
      >
        <line x1={0} y1={height} x2={width} y2={0} />
        {pairs.map(({ actual, predicted }, i) => (
          <circle key={i} cx={place(actual) * width} cy={(1 - place(predicted)) * height} r={4}>
            <title>{`actual ${formatNumber(actual)}, predicted ${formatNumber(predicted)}`}</title>
          </circle>
        ))}
      </svg>
      <figcaption class="row spread small muted">
        <span>{formatNumber(low, 3)}</span>
        <span>actual {name}, and upwards the prediction</span>
        <span>{formatNumber(high, 3)}</span>
      </figcaption>
    </figure>
  );
}
