/** The curves of a job: loss and accuracy or error, of all its splits, with the best epoch. */
import { useState } from 'preact/hooks';
import { Field } from '../../parts/field.js';
import { formatNumber } from '../../parts/format.js';
import { LineChart, type Curve } from '../../parts/line-chart.js';
import { Empty, Section } from '../../parts/page.js';
import type { Job } from '../../service/api.js';
import { smoothed } from './curve-points.js';
import type { EpochMetrics, ProgressPoint } from './job-records.js';

const splits = [
  ['train', 'Training'],
  ['validation', 'Validation'],
  ['test', 'Test'],
] as const;

/** With more epochs than this, what happens within one of them is too small to be seen. */
const showWithinBelow = 20;

export function Curves({
  job,
  curve,
  progress,
}: {
  job: Job;
  curve: readonly EpochMetrics[];
  progress: readonly ProgressPoint[];
}) {
  const [isLogarithmic, setIsLogarithmic] = useState(false);
  const [smoothing, setSmoothing] = useState(0);
  const members = [...new Set(curve.map(({ member = 1 }) => member))];
  const [chosen, setChosen] = useState<number>();
  const member = chosen ?? members.at(-1) ?? 1;
  const epochs = curve.filter((each) => (each.member ?? 1) === member);
  const within = epochs.length < showWithinBelow ? withinEpochs(job, progress, member) : [];
  const isOfClasses = job.spec.task === 'classification';
  const best = member === (job.metrics?.member ?? 1) ? job.best_epoch : null;
  const marks = best === null ? [] : [{ x: best, label: `best: ${best}` }];
  return (
    <Section
      title="Curves"
      actions={
        <>
          {members.length > 1 && (
            <Field label="Member">
              <select value={member} onChange={({ currentTarget }) => setChosen(Number(currentTarget.value))}>
                {members.map((each) => (
                  <option key={each} value={each}>
                    {each}
                  </option>
                ))}
              </select>
            </Field>
          )}
          <label class="row small">
            <input
              type="checkbox"
              checked={isLogarithmic}
              onChange={({ currentTarget }) => setIsLogarithmic(currentTarget.checked)}
            />
            Logarithmic loss
          </label>
          <label class="row small">
            Smoothing
            <input
              type="range"
              min={0}
              max={0.95}
              step={0.05}
              value={smoothing}
              onInput={({ currentTarget }) => setSmoothing(Number(currentTarget.value))}
            />
          </label>
        </>
      }
    >
      {epochs.length === 0 && within.length === 0 ? (
        <Empty title="There are no figures yet">They come as soon as the first steps are done.</Empty>
      ) : (
        <div class="columns">
          <Chart title="Loss" figure="loss" {...{ epochs, within, marks, smoothing, isLogarithmic }} />
          {epochs.length > 0 && (
            <Chart
              title={isOfClasses ? 'Accuracy' : 'Root mean squared error'}
              figure={isOfClasses ? 'accuracy' : 'rmse'}
              {...{ epochs, within: [], marks, smoothing, isLogarithmic: false }}
            />
          )}
        </div>
      )}
    </Section>
  );
}

type Figure = 'loss' | 'accuracy' | 'rmse';
type Point = [x: number, loss: number];

function Chart({
  title,
  figure,
  epochs,
  within,
  marks,
  smoothing,
  isLogarithmic,
}: {
  title: string;
  figure: Figure;
  epochs: readonly EpochMetrics[];
  within: readonly Point[];
  marks: readonly { x: number; label: string }[];
  smoothing: number;
  isLogarithmic: boolean;
}) {
  const atEpoch = new Map(epochs.map((each) => [each.epoch, each]));
  const inEpoch = new Map(within);
  const x = [...new Set([...atEpoch.keys(), ...inEpoch.keys()])].sort((a, b) => a - b);
  const drawable = (value: number | null): number | null =>
    value === null || (isLogarithmic && value <= 0) ? null : value;
  const curves: Curve[] = splits.flatMap(([split, name], colour) => {
    const values = x.map((at) => atEpoch.get(at)?.[`${split}_${figure}`] ?? null);
    if (values.every((value) => value === null)) return [];
    return [{ label: name, values: smoothed(values.map(drawable), smoothing), colour }];
  });
  if (inEpoch.size > 0) {
    const values = x.map((at) => drawable(inEpoch.get(at) ?? null));
    curves.push({ label: 'Training, so far in the epoch', values, colour: 7, dashed: true });
  }
  return (
    <div class="stack">
      <h3>{title}</h3>
      <LineChart
        label={`${title} of ${epochs.length} epochs. ${lastFigures(title, curves)}`}
        x={x}
        xLabel="Epoch"
        curves={curves}
        marks={marks}
        logarithmic={isLogarithmic}
      />
    </div>
  );
}

function lastFigures(title: string, curves: readonly Curve[]): string {
  const texts = curves.map(({ label, values }) => {
    const last = values.findLast((value) => value !== null);
    return `${label}: ${formatNumber(last)}`;
  });
  return `Last ${title.toLowerCase()}: ${texts.join(', ')}.`;
}

/** How the mean loss of the epoch under way went, where in the epochs. */
function withinEpochs(
  { spec, progress: { steps } }: Job,
  points: readonly ProgressPoint[],
  member: number,
): Point[] {
  const ofMember = steps / (spec.ensemble ?? 1);
  const ofEpoch = ofMember / spec.epochs;
  return points.flatMap((point): Point[] => {
    const { train_loss: loss, step } = point;
    const own = step - (member - 1) * ofMember;
    return (point.member ?? 1) === member && loss !== null && own > 0 ? [[own / ofEpoch, loss]] : [];
  });
}
