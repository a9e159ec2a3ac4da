/** The axes of jobs: settings that vary between them, and a figure as the last. */
import { axisOf, type Axis, type AxisValue } from '../../parts/coordinate-axes.js';
import type { Job } from '../../service/api.js';
import { shortHiddenOf } from '../job/settings.js';
import { figuresOf, figureTitle, type FigureName } from './compared-jobs.js';
import { formatFigure } from './jobs-table.js';

const mostAxes = 7;

const settings: [name: string, valueOf: (job: Job) => AxisValue | undefined][] = [
  ['Learning rate', ({ spec }) => spec.optimizer.learning_rate],
  ['Batch', ({ spec }) => spec.batch_size],
  ['Hidden', ({ spec }) => shortHiddenOf(spec)],
  ['Optimiser', ({ spec }) => spec.optimizer.type],
  ['Epochs', ({ spec }) => spec.epochs],
  ['Encoding', ({ spec }) => spec.encoding],
  ['Loss', ({ spec }) => spec.loss],
  ['Smoothing', ({ spec }) => spec.label_smoothing ?? 0],
  ['Ensemble', ({ spec }) => spec.ensemble ?? 1],
  ['Seed', ({ spec }) => spec.seed],
  ['Dataset', ({ dataset }) => dataset],
];

export function axesOf(jobs: readonly Job[], figure: FigureName): Axis<Job>[] {
  const varying = settings.flatMap(([name, valueOf]) => {
    const values = jobs.map(valueOf);
    if (new Set(values).size < 2) return [];
    return [axisOf({ name, rows: jobs, valueOf: (job) => valueOf(job) ?? 'none' })];
  });
  const last = axisOf({
    name: figureTitle(figure),
    rows: jobs,
    valueOf: (job) => figuresOf(job)[figure] ?? 0,
    format: (value) => formatFigure(figure, Number(value)),
  });
  return [...varying.slice(0, mostAxes - 1), last];
}
