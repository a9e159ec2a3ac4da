/** Curves over a common axis, drawn by uPlot. They take the colours of the theme, and new points as they come. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { isDark } from '../shell/theme.js';
import { formatNumber } from './format.js';

export interface Curve {
  label: string;
  /** One for each x; null where there is none. */
  values: readonly (number | null)[];
  /** Which of the eight colours of the theme; by default the next. */
  colour?: number;
  dashed?: boolean;
  /** Points without a line between them. */
  dotted?: boolean;
}

export interface LineChartProps {
  /** What the chart shows, for those who cannot see it. */
  label: string;
  x: readonly number[];
  xLabel: string;
  curves: readonly Curve[];
  /** Vertical lines with a name, such as the best epoch. */
  marks?: readonly { x: number; label: string }[];
  logarithmic?: boolean;
  heightPx?: number;
}

export function LineChart({
  label,
  x,
  xLabel,
  curves,
  marks = [],
  logarithmic = false,
  heightPx = 260,
}: LineChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const latestMarks = useRef(marks);
  latestMarks.current = marks;
  const names = curves
    .map((curve) => `${curve.label} ${curve.colour ?? ''} ${curve.dashed ?? ''} ${curve.dotted ?? ''}`)
    .join('\n');
  const data = [x, ...curves.map(({ values }) => values)] as unknown as uPlot.AlignedData;

  // Before the browser paints, so that nothing moves when the chart gets its height.
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    const options = optionsFor({ curves, xLabel, logarithmic, heightPx, marks: () => latestMarks.current });
    const created = new uPlot({ ...options, width: element.clientWidth }, data, element);
    plot.current = created;
    const resized = new ResizeObserver(() =>
      created.setSize({ width: element.clientWidth, height: heightPx }),
    );
    resized.observe(element);
    return () => {
      resized.disconnect();
      created.destroy();
      plot.current = null;
    };
  }, [names, xLabel, logarithmic, heightPx, isDark.value]);

  useEffect(() => plot.current?.setData(data), [x, curves, marks]);

  return <div ref={frame} class="chart" role="img" aria-label={label} />;
}

/** Between two labels of the axis: epochs and steps are whole. */
const wholeSteps = [0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((each) => each * 10 ** power));

/** uPlot's enum exists only for the compiler. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
const logarithmicScale = 3 as uPlot.Scale.Distr;

function optionsFor({
  curves,
  xLabel,
  logarithmic,
  heightPx,
  marks,
}: Required<Pick<LineChartProps, 'curves' | 'xLabel' | 'logarithmic' | 'heightPx'>> & {
  marks: () => NonNullable<LineChartProps['marks']>;
}): Omit<uPlot.Options, 'width'> {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => resolved(style.getPropertyValue(name));
  const axis = {
    stroke: colour('--muted'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
    font: '12px system-ui',
  };
  return {
    height: heightPx,
    scales: { x: { time: false }, y: logarithmic ? { distr: logarithmicScale } : {} },
    axes: [
      { ...axis, label: xLabel, labelSize: 20, labelFont: '12px system-ui', incrs: wholeSteps },
      {
        ...axis,
        size: 64,
        values: (_plot, ticks) =>
          ticks.map((tick) => ((tick as number | null) === null ? '' : formatNumber(tick, 3))),
      },
    ],
    series: [
      { label: xLabel },
      ...curves.map((curve, i): uPlot.Series => {
        return {
          label: curve.label,
          stroke: colour(`--curve-${((curve.colour ?? i) % 8) + 1}`),
          width: 2,
          spanGaps: true,
          ...(curve.dashed && { dash: [6, 4] }),
          ...(curve.dotted && { paths: () => null }),
          points: { show: curve.dotted === true || curve.values.length === 1 },
          value: (_plot, value) => formatNumber(value),
        };
      }),
    ],
    cursor: { drag: { x: true, y: false } },
    legend: { live: true },
    hooks: {
      draw: [(plot) => drawMarks(plot, marks(), { line: colour('--muted'), text: colour('--text') })],
    },
  };
}

function drawMarks(
  plot: uPlot,
  marks: NonNullable<LineChartProps['marks']>,
  { line, text }: { line: string; text: string },
): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = line;
  ctx.fillStyle = text;
  ctx.font = `${12 * devicePixelRatio}px system-ui`;
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const { x, label } of marks) {
    const left = plot.valToPos(x, 'x', true);
    if (left < bbox.left || left > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
    const isNearRight = left > bbox.left + bbox.width * 0.7;
    ctx.textAlign = isNearRight ? 'right' : 'left';
    ctx.fillText(label, left + (isNearRight ? -6 : 6) * devicePixelRatio, bbox.top + 14 * devicePixelRatio);
  }
  ctx.restore();
}

/** A canvas does not know light-dark(); the browser works it out where it is the colour of an element. */
function resolved(value: string): string {
  const probe = document.createElement('span');
  probe.style.color = value;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
