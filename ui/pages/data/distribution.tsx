/** A small picture of what a column holds: a histogram of numbers and times, or the commonest of its values. */
import { formatNumber, formatPercent } from '../../parts/format.js';
import type { ProfiledColumn } from './dataset.js';

/** Of the drawing; the styles say how large it is shown. */
const width = 100;
const height = 26;
const shownValues = 3;

export function Distribution({ column, rows }: { column: ProfiledColumn; rows: number }) {
  if (column.histogram && column.type !== 'boolean') return <Histogram column={column} />;
  return <CommonValues column={column} rows={rows} />;
}

function Histogram({ column: { name, type, histogram, min, max } }: { column: ProfiledColumn }) {
  if (!histogram) return null;
  const most = Math.max(...histogram.counts, 1);
  const step = width / histogram.counts.length;
  const ends = [min, max].map((end) =>
    type === 'datetime' ? String(end).slice(0, 10) : formatNumber(Number(end), 3),
  );
  return (
    <>
      <svg
        class="histogram"
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`How the values of ${name} are spread from ${ends[0] ?? ''} to ${ends[1] ?? ''}`}
      >
        {histogram.counts.map((count, bin) => {
          // A bin with a single value is still to be seen.
          const tall = count === 0 ? 0 : Math.max(1, (count / most) * height);
          return <rect key={bin} x={bin * step} y={height - tall} width={step * 0.86} height={tall} />;
        })}
      </svg>
      <div class="histogram-ends" aria-hidden="true">
        <span>{ends[0]}</span>
        <span>{ends[1]}</span>
      </div>
    </>
  );
}

function CommonValues({ column: { name, top }, rows }: { column: ProfiledColumn; rows: number }) {
  const common = top.slice(0, shownValues);
  if (common.length === 0) return <span class="muted">no values</span>;
  return (
    <ul class="shares" aria-label={`The commonest values of ${name}`}>
      {common.map(({ value, count }) => (
        <li key={value} title={`${value}: ${formatNumber(count)} rows`}>
          <span
            class="share-bar"
            style={{ width: formatPercent(count / Math.max(1, rows)).replace(' ', '') }}
          />
          <span class="share-name">{value}</span>
          <span class="share-part">{formatPercent(count / Math.max(1, rows), 0)}</span>
        </li>
      ))}
    </ul>
  );
}
