/** How far the predictions of values are off: a histogram, and predictions beside actual values. */
import { useState } from 'preact/hooks';
import { Field } from '../../parts/field.js';
import { formatNumber } from '../../parts/format.js';
import { Scatter } from '../../parts/scatter.js';
import type { Outcomes } from './job-records.js';

type ValueOutcomes = NonNullable<Outcomes['values']>[number];

const width = 420;
const height = 200;

export function Residuals({ values }: { values: readonly ValueOutcomes[] }) {
  const [name, setName] = useState(values[0]?.name);
  const shown = values.find((each) => each.name === name) ?? values[0];
  if (!shown) return null;
  return (
    <>
      {values.length > 1 && (
        <Field label="Value">
          <select value={shown.name} onChange={({ currentTarget }) => setName(currentTarget.value)}>
            {values.map((each) => (
              <option key={each.name}>{each.name}</option>
            ))}
          </select>
        </Field>
      )}
      <div class="columns">
        <Histogram value={shown} />
        <Scatter
          name={shown.name}
          pairs={shown.pairs.map(([actual = 0, predicted = 0]) => ({ actual, predicted }))}
          height={height}
        />
      </div>
    </>
  );
}

function Histogram({ value: { name, edges, counts } }: { value: ValueOutcomes }) {
  const most = Math.max(1, ...counts);
  const barWidth = width / counts.length;
  const [first = 0, last = 0] = [edges.at(0), edges.at(-1)];
  return (
    <figure class="picture">
      <svg
        viewBox={`-5 -5 ${width + 10} ${height + 10}`}
        role="img"
        aria-label={`Histogram of prediction minus actual ${name}, from ${formatNumber(first)} to ${formatNumber(last)}`}
      >
        <line class="zero" x1={width / 2} x2={width / 2} y1={0} y2={height} />
        {counts.map((count, bin) => {
          const size = (count / most) * (height - 8);
          return (
            <rect
              key={bin}
              class="bar"
              x={bin * barWidth + 1}
              y={height - size}
              width={barWidth - 2}
              height={size}
            >
              <title>
                {`${bin === 0 ? 'below' : `${formatNumber(edges[bin], 3)} to`} ${bin === counts.length - 1 ? 'and more' : formatNumber(edges[bin + 1], 3)}: ${formatNumber(count)} rows`}
              </title>
            </rect>
          );
        })}
      </svg>
      <figcaption class="scale small muted">
        <span>{formatNumber(first, 3)}</span>
        <span>0: prediction − actual {name}</span>
        <span>{formatNumber(last, 3)}</span>
      </figcaption>
    </figure>
  );
}
