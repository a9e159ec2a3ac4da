/** All trials with a result at once: an axis for each setting that varies, and one for the figure. */
import { axisOf } from '../../parts/coordinate-axes.js';
import { formatName } from '../../parts/format.js';
import { Section } from '../../parts/page.js';
import { ParallelLines } from '../../parts/parallel-lines.js';
import type { Sweep, Trial } from '../../service/api.js';
import { formatMetric, formatParameter, metricTitle, parameterTitle } from './sweep-data.js';

/** With the figure, as many as there is room for. */
const mostParameters = 7;

export function TrialCoordinates({
  sweep,
  trials,
  chosen,
  onChoose,
}: {
  sweep: Sweep;
  trials: readonly Trial[];
  chosen: number | undefined;
  onChoose: (trial: number) => void;
}) {
  const ended = trials.filter(({ value }) => value !== null);
  if (ended.length < 3) return null;
  const figure = axisOf({
    name: formatName(metricTitle(sweep)),
    rows: ended,
    valueOf: ({ value }) => value ?? 0,
    format: (value) => formatMetric(sweep, Number(value)),
  });
  const axes = [
    ...Object.entries(sweep.parameters)
      .slice(0, mostParameters)
      .map(([path, { scale }]) =>
        axisOf({
          name: parameterTitle(path),
          rows: ended,
          valueOf: ({ parameters }: Trial) => {
            const value = parameters[path];
            return typeof value === 'number' ? value : formatParameter(value);
          },
          format: formatParameter,
          logarithmic: scale === 'log',
        }),
      ),
    figure,
  ];
  return (
    <Section title="Settings and figures of the trials">
      <p class="small muted">
        Each line is a trial. The stronger its colour, the better its figure. Click a line to find its trial
        in the table.
      </p>
      <ParallelLines
        label={`${ended.length} trials by ${axes.map(({ name }) => name).join(', ')}`}
        rows={ended}
        axes={axes}
        keyOf={({ trial }) => trial}
        titleOf={({ trial, value }) => `Trial ${trial}: ${formatMetric(sweep, value)}`}
        goodnessOf={(trial) =>
          sweep.goal === 'minimize' ? 1 - figure.placeOf(trial) : figure.placeOf(trial)
        }
        isChosen={({ trial }) => trial === chosen}
        onClick={({ trial }) => onChoose(trial)}
      />
    </Section>
  );
}
