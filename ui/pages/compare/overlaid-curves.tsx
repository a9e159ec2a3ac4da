/** One figure of several jobs, epoch by epoch, in one chart. */
import { useState } from 'preact/hooks';
import { LineChart } from '../../parts/line-chart.js';
import { ErrorNotice } from '../../parts/notice.js';
import { Section } from '../../parts/page.js';
import { useResource } from '../../parts/use-resource.js';
import { api, type Job } from '../../service/api.js';
import { figuresIn, figureTitle, nameOf, type FigureName } from './compared-jobs.js';
import { FigureSelect } from './figure-select.js';

type EpochMetrics = NonNullable<Job['metrics']>;

const everyMs = 2_000;
const points = 400;

export function OverlaidCurves({ jobs }: { jobs: readonly Job[] }) {
  const [wanted, setWanted] = useState<FigureName>();
  const [isLogarithmic, setIsLogarithmic] = useState(false);
  const figures = figuresIn(jobs);
  const figure = figures.find((each) => each === wanted) ?? figures[0];
  const isUnderWay = jobs.some(({ finished_at: at }) => at === null);
  const ids = jobs.map(({ id }) => id);
  const { data, error } = useResource(
    (signal) => Promise.all(ids.map((id) => curveOf(id, signal))),
    [ids.join()],
    isUnderWay ? everyMs : undefined,
  );
  if (figure === undefined) return null;
  // While other jobs are chosen, the curves are still those of the jobs before.
  const curves = (data ?? []).filter(({ id }) => ids.includes(id));
  const x = [...new Set(curves.flatMap(({ epochs }) => [...epochs.keys()]))].sort((a, b) => a - b);
  return (
    <Section
      title="Curves"
      actions={
        <>
          <label class="row small">
            <input
              type="checkbox"
              checked={isLogarithmic}
              onChange={({ currentTarget }) => setIsLogarithmic(currentTarget.checked)}
            />
            Logarithmic
          </label>
          <FigureSelect label="Figure" figures={figures} figure={figure} onChange={setWanted} />
        </>
      }
    >
      {error !== undefined && <ErrorNotice error={error} />}
      <div class="overlaid">
        {x.length > 0 && (
          <LineChart
            label={`${figureTitle(figure)} by epoch of ${jobs.map(nameOf).join(', ')}`}
            x={x}
            xLabel="Epoch"
            logarithmic={isLogarithmic}
            heightPx={320}
            curves={jobs.map((job, colour) => {
              const epochs = curves.find(({ id }) => id === job.id)?.epochs;
              const values = x.map((epoch) => {
                const value = epochs?.get(epoch)?.[figure] ?? null;
                return isLogarithmic && value !== null && value <= 0 ? null : value;
              });
              return { label: nameOf(job), values, colour };
            })}
          />
        )}
      </div>
    </Section>
  );
}

/** Of an ensemble, the epochs of its first member. */
async function curveOf(
  id: string,
  signal: AbortSignal,
): Promise<{ id: string; epochs: Map<number, EpochMetrics> }> {
  const { data } = await api.get('/v1/jobs/{id}/metrics', {
    params: { path: { id }, query: { max_points: points } },
    signal,
  });
  const own = data.filter(({ member = 1 }) => member === 1);
  return { id, epochs: new Map(own.map((each) => [each.epoch, each])) };
}
