/** An evaluation as a table: each figure with its interval, beside the baselines. */
import { ApiError, type Evaluation } from 'trainyard/client';
import { numberText, tableOf } from './output.js';
import type { Session } from './session.js';

const names = {
  accuracy: 'accuracy',
  balanced_accuracy: 'balanced accuracy',
  log_loss: 'log loss',
  roc_auc: 'ROC AUC',
  pr_auc: 'PR AUC',
  f1: 'F1',
  calibration_error: 'calibration error',
  rmse: 'RMSE',
  mae: 'mean absolute error',
  median_absolute_error: 'median absolute error',
  r2: 'R²',
} as const;

type Figure = keyof typeof names;
type Split = NonNullable<Evaluation['test']>;

/** Of the test rows, or of the validation rows where there are none of the former. */
export function evaluationText(evaluation: Evaluation, bold: (text: string) => string): string {
  const { model, dataset, test, validation } = evaluation;
  const split = test ?? validation;
  if (split === undefined) return `${model.name} version ${model.version} was not evaluated.`;
  const of = `${split.rows.toLocaleString('en')} ${test ? 'test' : 'validation'} rows of ${dataset.name}`;
  return `${model.name} version ${model.version} on ${of}:\n\n${splitTable(split, evaluation.task, bold)}${reliance(evaluation)}`;
}

/** The columns whose loss would cost the most. */
function reliance({ importance }: Evaluation): string {
  const names = importance?.columns
    .filter(({ mean }) => mean > 0)
    .toSorted((a, b) => b.mean - a.mean)
    .slice(0, 3)
    .map(({ column }) => column);
  return names === undefined || names.length === 0 ? '' : `\n\nIt relies most on ${names.join(', ')}.`;
}

function splitTable(split: Split, task: Evaluation['task'], bold: (text: string) => string): string {
  const { figures, intervals, baselines } = split;
  const constant = task === 'classification' ? 'commonest class' : 'mean';
  const present = (Object.keys(names) as Figure[]).filter((figure) => figures[figure] !== undefined);
  const valueOf = (values: Partial<Record<Figure, number>> | undefined, figure: Figure): string =>
    values?.[figure] === undefined ? '' : numberText(values[figure]);
  const rows = present.map((figure) => {
    const interval = (intervals as Partial<Record<Figure, number[]>>)[figure];
    return [
      names[figure],
      valueOf(figures, figure),
      interval === undefined ? '' : interval.map(numberText).join(' to '),
      valueOf(baselines.linear, figure),
      valueOf(baselines.constant, figure),
    ];
  });
  return tableOf(['', 'this model', '95 % interval', 'linear model', constant], rows, bold);
}

/** Of the version that a job or a sweep has published. */
export async function evaluationOf(
  { client, signal }: Session,
  { model, version }: { model: string; version: number | null },
): Promise<Evaluation | null> {
  if (version === null) return null;
  const path = { name: model, version: String(version) };
  return client
    .get('/v1/models/{name}/versions/{version}/evaluation', { params: { path }, signal })
    .catch((error: unknown) => {
      if (error instanceof ApiError && error.code === 'EVALUATION_NOT_FOUND') return null;
      throw error;
    });
}
