/** Many jobs at once: an axis for each setting that varies and one for a figure, and a line for each job. */
import { useState } from 'preact/hooks';
import { Section } from '../../parts/page.js';
import { ParallelLines } from '../../parts/parallel-lines.js';
import type { Job } from '../../service/api.js';
import { figuresIn, figuresOf, nameOf, type FigureName } from './compared-jobs.js';
import { FigureSelect } from './figure-select.js';
import { axesOf } from './coordinate-axes.js';

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
      <ParallelLines
        label={`${withFigure.length} jobs by ${axes.map(({ name }) => name).join(', ')}`}
        rows={withFigure}
        axes={axes}
        keyOf={({ id }) => id}
        titleOf={nameOf}
        goodnessOf={(job) => {
          const place = last?.placeOf(job) ?? 0;
          return isLowerBetter ? 1 - place : place;
        }}
        isChosen={({ id }) => chosen.includes(id)}
        onClick={({ id }) => onToggle(id)}
      />
    </Section>
  );
}
