/** The figures of an evaluation in words: their values, what they mean, and what they are compared with. */
import { formatNumber, formatPercent } from '../../parts/format.js';
import type { Split } from './model-data.js';

export type FigureName = keyof Split['figures'];

const asPercent: readonly FigureName[] = ['accuracy', 'balanced_accuracy', 'calibration_error'];
const inUnitOfTarget: readonly FigureName[] = ['rmse', 'mae', 'median_absolute_error'];

export function formatFigure(name: FigureName, value: number | undefined): string {
  if (value === undefined) return '–';
  return asPercent.includes(name) ? formatPercent(value, 1) : formatNumber(value, 3);
}

export const figureMeanings: Record<FigureName, string> = {
  accuracy: 'of the rows got the right label',
  balanced_accuracy: 'right on average over the classes, however rare each is',
  log_loss: 'how bad the probabilities are; lower is better',
  roc_auc: 'how well it ranks; 0.5 is chance, 1 is perfect',
  pr_auc: 'precision on average over the thresholds',
  f1: 'between precision and recall, on average over the classes',
  calibration_error: 'between how sure it is and how often it is right',
  rmse: 'typical error, large ones count more; lower is better',
  mae: 'error on average; lower is better',
  median_absolute_error: 'half of the errors are smaller',
  r2: 'of the variation is explained; 1 is perfect, 0 is the mean',
};

/** Where it would lie on other rows. */
export function intervalText(name: FigureName, interval: readonly number[] | undefined): string {
  const [low, high] = interval ?? [];
  if (low === undefined || high === undefined) return '';
  return `On other rows of this kind, with 95 % certainty from ${formatFigure(name, low)} to ${formatFigure(name, high)}.`;
}

function isHigherBetter(name: FigureName): boolean {
  return name !== 'log_loss' && name !== 'calibration_error' && !inUnitOfTarget.includes(name);
}

/** Whether it beats the baselines by its main figure; undefined where that cannot be said. */
export function verdict(name: FigureName, split: Split): { isGood: boolean; text: string } | undefined {
  const value = split.figures[name];
  const { constant, linear } = split.baselines;
  const beats = (other: number | undefined): boolean | undefined =>
    value === undefined || other === undefined
      ? undefined
      : isHigherBetter(name)
        ? value > other
        : value < other;
  const [overConstant, overLinear] = [beats(constant[name]), beats(linear?.[name])];
  if (overConstant === false)
    return { isGood: false, text: 'It is no better than an answer that never changes.' };
  if (overLinear === false)
    return {
      isGood: false,
      text: 'A linear model is as good or better: hidden layers bring nothing here, or it needs more training.',
    };
  if (overConstant === undefined) return undefined;
  return {
    isGood: true,
    text:
      overLinear === undefined
        ? 'It is better than an answer that never changes.'
        : 'It is better than an answer that never changes, and than a linear model.',
  };
}

export const splitNames = {
  test: 'test rows, which decided nothing',
  validation: 'validation rows, which decided when to stop',
  training: 'rows that it was trained on, as none were set apart',
} as const;
