/** The figures by which a model is judged: their names, and which way is better. */
import type { Task } from '../network/losses.js';

/** Averages over classes are unweighted ("macro"). log_loss and rmse are what training minimises by default. */
const classFigures = [
  'accuracy',
  'balanced_accuracy',
  'log_loss',
  'roc_auc',
  'pr_auc',
  'f1',
  'calibration_error',
] as const;

/** In the unit of the target, but for r2. */
const valueFigures = ['rmse', 'mae', 'median_absolute_error', 'r2'] as const;

export const figureNames = [...classFigures, ...valueFigures] as const;

export type FigureName = (typeof figureNames)[number];

/** A figure that the rows do not allow, such as the ROC AUC of rows of one class, is left out. */
export type Figures = Partial<Record<FigureName, number>>;

const lowerIsBetter: readonly FigureName[] = [
  'log_loss',
  'calibration_error',
  'rmse',
  'mae',
  'median_absolute_error',
];

export function isHigherBetter(figure: FigureName): boolean {
  return !lowerIsBetter.includes(figure);
}

export function figuresOf(task: Task): readonly FigureName[] {
  return task === 'classification' ? classFigures : valueFigures;
}
