/** The axes of parallel coordinates: settings that vary between the jobs, and a figure as the last. */
import type { Job } from '../../service/api.js';
import { shortHiddenOf } from '../job/settings.js';
import { figuresOf, figureTitle, type FigureName } from './compared-jobs.js';
import { formatFigure } from './jobs-table.js';

export interface Axis {
  name: string;
  /** From 0 to 1. */
  placeOf: (job: Job) => number;
  ticks: { place: number; text: string }[];
}

const mostAxes = 7;
const mostTicks = 8;

type Value = number | string;

const settings: [name: string, valueOf: (job: Job) => Value | undefined][] = [
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

export function axesOf(jobs: readonly Job[], figure: FigureName): Axis[] {
  const varying = settings.flatMap(([name, valueOf]) => {
    const values = jobs.map(valueOf);
    return new Set(values).size > 1 ? [axis(name, jobs, (job) => valueOf(job) ?? 'none')] : [];
  });
  const last = axis(
    figureTitle(figure),
    jobs,
    (job) => figuresOf(job)[figure] ?? 0,
    (value) => formatFigure(figure, Number(value)),
  );
  return [...varying.slice(0, mostAxes - 1), last];
}

/** Few values stand at equal distances, in their order; many numbers where they are between the least and the most. */
function axis(
  name: string,
  jobs: readonly Job[],
  valueOf: (job: Job) => Value,
  format: (value: Value) => string = String,
): Axis {
  const distinct = [...new Set(jobs.map(valueOf))].sort(compare);
  const isOfNumbers = distinct.every((value) => typeof value === 'number');
  if (isOfNumbers && distinct.length > mostTicks) {
    const [least, most] = [Number(distinct[0]), Number(distinct.at(-1))];
    const placeOf = (value: number): number => (value - least) / (most - least);
    return {
      name,
      placeOf: (job) => placeOf(Number(valueOf(job))),
      ticks: [least, most].map((value) => ({ place: placeOf(value), text: format(value) })),
    };
  }
  const placeOf = (value: Value): number => (distinct.indexOf(value) + 0.5) / distinct.length;
  return {
    name,
    placeOf: (job) => placeOf(valueOf(job)),
    ticks: distinct.map((value) => ({ place: placeOf(value), text: short(format(value)) })),
  };
}

function compare(a: Value, b: Value): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
}

function short(text: string): string {
  return text.length > 14 ? `${text.slice(0, 13)}…` : text;
}
