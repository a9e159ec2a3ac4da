/** Which figures of a model are shown first, and how each is written. */
import { formatNumber, formatPercent } from '../../parts/format.js';
import type { Schemas } from '../../service/api.js';

type EvaluationSummary = Schemas['EvaluationSummary'];

const shares = new Set(['accuracy', 'balanced_accuracy']);

export function formatFigure(name: string, value: number | null | undefined): string {
  return shares.has(name) ? formatPercent(value, 1) : formatNumber(value, 3);
}

/** Accuracy for classes, R² for values: of the test rows, else of the validation rows. */
export function mainFigureOf(
  evaluation: EvaluationSummary | null | undefined,
): { name: string; value: number } | undefined {
  const { figures } = evaluation?.test ?? evaluation?.validation ?? {};
  for (const name of ['accuracy', 'r2'] as const) {
    const value = figures?.[name];
    if (typeof value === 'number') return { name, value };
  }
  return undefined;
}
