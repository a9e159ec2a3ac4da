/**
 * Many rows at once: an axis for each of their values, and a line for each row. The stronger its colour, the better the row.
 * https://en.wikipedia.org/wiki/Parallel_coordinates
 */
import type { Axis } from './coordinate-axes.js';
import './parallel-lines.css';

const width = 960;
const height = 300;
const margin = { top: 34, bottom: 14, side: 70 };

export interface ParallelLinesProps<Row> {
  /** What is shown, for those who cannot see it. */
  label: string;
  rows: readonly Row[];
  /** At least two. */
  axes: readonly Axis<Row>[];
  keyOf: (row: Row) => string | number;
  titleOf: (row: Row) => string;
  /** From 0 to 1. */
  goodnessOf: (row: Row) => number;
  isChosen: (row: Row) => boolean;
  onClick: (row: Row) => void;
}

export function ParallelLines<Row>({
  label,
  rows,
  axes,
  keyOf,
  titleOf,
  goodnessOf,
  isChosen,
  onClick,
}: ParallelLinesProps<Row>) {
  const xOf = (i: number): number => margin.side + (i * (width - 2 * margin.side)) / (axes.length - 1);
  return (
    <div class="table-frame" role="region" aria-label="Parallel coordinates" tabIndex={0}>
      <svg class="parallel" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
        {rows.map((row) => (
          <polyline
            key={keyOf(row)}
            class={isChosen(row) ? 'chosen' : undefined}
            style={{ strokeOpacity: isChosen(row) ? 1 : 0.15 + 0.7 * goodnessOf(row) }}
            points={axes.map((axis, i) => `${xOf(i)},${yOf(axis.placeOf(row))}`).join(' ')}
            onClick={() => onClick(row)}
          >
            <title>{titleOf(row)}</title>
          </polyline>
        ))}
        {axes.map((axis, i) => (
          <AxisMarks key={axis.name} name={axis.name} ticks={axis.ticks} x={xOf(i)} />
        ))}
      </svg>
    </div>
  );
}

/** From the bottom up. */
function yOf(place: number): number {
  return height - margin.bottom - place * (height - margin.top - margin.bottom);
}

function AxisMarks({ name, ticks, x }: Pick<Axis<never>, 'name' | 'ticks'> & { x: number }) {
  return (
    <g>
      <line class="axis" x1={x} x2={x} y1={yOf(0)} y2={yOf(1)} />
      <text class="axis-name" x={x} y={14} text-anchor="middle">
        {name}
      </text>
      {ticks.map(({ place, text }) => (
        <text key={text} x={x + 6} y={yOf(place) + 4}>
          {text}
        </text>
      ))}
    </g>
  );
}
