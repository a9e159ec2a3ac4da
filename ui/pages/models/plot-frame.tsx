/** A small square plot of fractions from 0 to 1: a line, a point on it, and a diagonal to compare with. */
import { formatPercent } from '../../parts/format.js';

type Point = readonly [x: number, y: number];

const side = 300;
const ticks = [0, 0.25, 0.5, 0.75, 1];

export function PlotFrame({
  title,
  label,
  xLabel,
  yLabel,
  points,
  at,
  isDiagonalShown = false,
  dots = [],
}: {
  title: string;
  label: string;
  xLabel: string;
  yLabel: string;
  points: readonly Point[];
  at?: Point;
  isDiagonalShown?: boolean;
  /** With their radius and what they say. */
  dots?: readonly { at: Point; radius: number; text: string }[];
}) {
  const place = ([x, y]: Point): [number, number] => [x * side, (1 - y) * side];
  return (
    <figure class="plot">
      <figcaption>
        <h3>{title}</h3>
      </figcaption>
      <svg viewBox={`-46 -10 ${side + 62} ${side + 54}`} role="img" aria-label={label}>
        {ticks.map((tick) => (
          <g key={tick}>
            <line class="rule" x1={0} x2={side} y1={tick * side} y2={tick * side} />
            <line class="rule" y1={0} y2={side} x1={tick * side} x2={tick * side} />
            <text x={-8} y={(1 - tick) * side + 4} text-anchor="end">
              {formatPercent(tick, 0)}
            </text>
            {tick > 0 && (
              <text x={tick * side} y={side + 18} text-anchor="middle">
                {formatPercent(tick, 0)}
              </text>
            )}
          </g>
        ))}
        {isDiagonalShown && <line class="diagonal" x1={0} y1={side} x2={side} y2={0} />}
        <polyline class="line" points={points.map((point) => place(point).join()).join(' ')} />
        {dots.map(({ at: [x, y], radius, text }, i) => (
          <circle key={i} class="dot" cx={x * side} cy={(1 - y) * side} r={radius}>
            <title>{text}</title>
          </circle>
        ))}
        {at && <circle class="at" cx={place(at)[0]} cy={place(at)[1]} r={7} />}
        <text class="axis" x={side / 2} y={side + 40} text-anchor="middle">
          {xLabel}
        </text>
      </svg>
      <p class="small muted plot-y">Upwards: {yLabel}</p>
    </figure>
  );
}
