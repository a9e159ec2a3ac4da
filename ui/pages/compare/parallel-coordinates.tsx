/**
 * Many jobs at once: an axis for each setting that varies and one for a figure, and a line for each job. The colour of a line goes
 * with the figure. https://en.wikipedia.org/wiki/Parallel_coordinates
 */
import { useState } from 'preact/hooks';
import { Section } from '../../parts/page.js';
import type { Job } from '../../service/api.js';
import { figuresIn, figuresOf, nameOf, type FigureName } from './compared-jobs.js';
import { FigureSelect } from './figure-select.js';
import { axesOf, type Axis } from './coordinate-axes.js';

const width = 960;
const height = 300;
const margin = { top: 34, bottom: 14, side: 70 };

export function ParallelCoordinates({
  jobs,
  chosen,
  onToggle,
}: {
  jobs: readonly Job[];
  chosen: readonly string[];
  onToggle: (id: string) => void;
}) {
  const [wanted, setWanted] = useState<FigureName>();
  const figures = figuresIn(jobs);
  const figure = figures.find((each) => each === wanted) ?? figures[0];
  const withFigure = figure === undefined ? [] : jobs.filter((job) => figuresOf(job)[figure] !== undefined);
  const axes = figure === undefined ? [] : axesOf(withFigure, figure);
  if (figure === undefined || withFigure.length < 3 || axes.length < 2) return null;
  const xOf = (i: number): number => margin.side + (i * (width - 2 * margin.side)) / (axes.length - 1);
  const last = axes.at(-1);
  // Below all others where it is a loss or an error that is lower.
  const isLowerBetter = !figure.endsWith('accuracy');
  return (
    <Section
      title="Settings and figures of many jobs"
      actions={
        <FigureSelect label="Figure of the lines" figures={figures} figure={figure} onChange={setWanted} />
      }
    >
      <p class="small muted">
        Each line is a job. The stronger its colour, the better its figure. Click a line to choose the job.
      </p>
      <div class="table-frame" role="region" aria-label="Parallel coordinates" tabIndex={0}>
        <svg
          class="parallel"
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-label={`${withFigure.length} jobs by ${axes.map(({ name }) => name).join(', ')}`}
        >
          {withFigure.map((job) => {
            const goodness = last?.placeOf(job) ?? 0;
            const share = isLowerBetter ? 1 - goodness : goodness;
            const isChosen = chosen.includes(job.id);
            return (
              <polyline
                key={job.id}
                class={isChosen ? 'chosen' : undefined}
                style={{ strokeOpacity: isChosen ? 1 : 0.15 + 0.7 * share }}
                points={axes.map((axis, i) => `${xOf(i)},${yOf(axis.placeOf(job))}`).join(' ')}
                onClick={() => onToggle(job.id)}
              >
                <title>{nameOf(job)}</title>
              </polyline>
            );
          })}
          {axes.map((axis, i) => (
            <AxisMarks key={axis.name} axis={axis} x={xOf(i)} />
          ))}
        </svg>
      </div>
    </Section>
  );
}

/** From the bottom up. */
function yOf(place: number): number {
  return height - margin.bottom - place * (height - margin.top - margin.bottom);
}

function AxisMarks({ axis: { name, ticks }, x }: { axis: Axis; x: number }) {
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
