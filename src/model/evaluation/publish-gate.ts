/** Whether a version is good enough to be served as `latest`: a pure function of its evaluation and of that of the version that is. */
import { isHigherBetter, type FigureName } from './figures.js';
import type { Evaluation, SplitEvaluation } from './evaluation.js';

/** What a version must reach. A document. */
export type PublishIf = 'always' | 'better_than_baseline' | PublishRule;

/** All that is named must hold, of the validation rows. */
export interface PublishRule {
  metric: FigureName;
  at_least?: number;
  at_most?: number;
  /** Strictly: an equal figure is not better. Without a version that is latest, it holds. */
  better_than?: 'latest';
}

/** Of a version that is kept and not served. A document. */
export interface Held {
  /** Sentences. */
  reasons: string[];
}

/** The version that `latest` stands for. */
export interface LatestEvaluation {
  version: number;
  /** null: its figures are not known. */
  validation: Pick<SplitEvaluation, 'figures'> | null;
}

/** Why the version is to be held; null: it may be served. */
export function decideGate(
  rule: PublishIf,
  evaluation: Evaluation,
  latest: LatestEvaluation | null,
): Held | null {
  if (rule === 'always') return null;
  const reasons =
    rule === 'better_than_baseline'
      ? whyNoBetterThanBaseline(evaluation)
      : whyBroken(rule, evaluation, latest);
  return reasons.length === 0 ? null : { reasons };
}

/** What the default asks for, so that chance alone does not reach it. See docs/jobs.md. */
const margins = {
  /** Standard errors of the baseline's accuracy, for so many rows. */
  accuracy: 3,
  /** A fraction of the baseline's. */
  logLoss: 0.01,
  rmse: 0.01,
  /** A fraction of the way from the baseline's to 1. */
  balancedAccuracy: 0.1,
};

/**
 * A classifier is worth something if its accuracy, its log loss or its balanced accuracy is better than that of the baseline: one of
 * them is enough. A model of an imbalanced set may have the accuracy of the majority and still rank well, which its log loss
 * shows; one that weighs classes may have a lower accuracy and a higher log loss, and then has a better balanced accuracy.
 */
function whyNoBetterThanBaseline({ task, validation, training }: Evaluation): string[] {
  const split = validation ?? training;
  if (split === undefined) return [];
  const rows = validation === undefined ? 'training rows' : 'validation rows';
  const figures =
    task === 'classification'
      ? (['accuracy', 'log_loss', 'balanced_accuracy'] as const)
      : (['rmse'] as const);
  const compared = figures.filter((figure) => isKnown(split, figure));
  if (compared.some((figure) => isBetterThanBaseline(figure, split))) return [];
  if (compared.length === 0) return [];
  const baseline = task === 'classification' ? 'the commonest class' : 'the mean';
  const shown = compared.map((figure) => {
    const [own, other] = [split.figures[figure] ?? NaN, split.baselines.constant[figure] ?? NaN];
    return `${figure} ${rounded(own)} against ${rounded(other)}`;
  });
  return [`On the ${split.rows} ${rows} it is no better than ${baseline}: ${shown.join(', ')}.`];
}

function isKnown({ figures, baselines }: SplitEvaluation, figure: FigureName): boolean {
  return figures[figure] !== undefined && baselines.constant[figure] !== undefined;
}

function isBetterThanBaseline(
  figure: 'accuracy' | 'log_loss' | 'balanced_accuracy' | 'rmse',
  { rows, weights, figures, baselines }: SplitEvaluation,
): boolean {
  const [own, baseline] = [figures[figure] ?? NaN, baselines.constant[figure] ?? NaN];
  switch (figure) {
    case 'accuracy':
      return own > Math.min(1 - 1e-9, baseline + margins.accuracy * standardError(baseline, rows, weights));
    case 'log_loss':
      return own < (1 - margins.logLoss) * baseline;
    case 'balanced_accuracy':
      return own > baseline + margins.balancedAccuracy * (1 - baseline);
    case 'rmse':
      return own < (1 - margins.rmse) * baseline;
  }
}

/** Of a fraction of so many rows. */
function standardError(fraction: number, rows: number, weights: SplitEvaluation['weights']): number {
  return Math.sqrt((fraction * (1 - fraction)) / (weights?.effective_rows ?? rows));
}

function whyBroken(
  { metric, at_least, at_most, better_than }: PublishRule,
  { validation }: Evaluation,
  latest: LatestEvaluation | null,
): string[] {
  const own = validation?.figures[metric];
  if (own === undefined) return [`Its ${metric} on validation rows is not known.`];
  const shown = `Its ${metric} on ${validation?.rows ?? 0} validation rows is ${rounded(own)}`;
  return [
    ...(at_least !== undefined && own < at_least ? [`${shown}, and it must be at least ${at_least}.`] : []),
    ...(at_most !== undefined && own > at_most ? [`${shown}, and it must be at most ${at_most}.`] : []),
    ...(better_than === undefined || latest === null ? [] : whyNoBetterThan(latest, metric, own, shown)),
  ];
}

function whyNoBetterThan(
  { version, validation }: LatestEvaluation,
  metric: FigureName,
  own: number,
  shown: string,
): string[] {
  const other = validation?.figures[metric];
  if (other === undefined) {
    return [
      `It must be better than version ${version}, which is latest, and the ${metric} of that is not known.`,
    ];
  }
  if (isHigherBetter(metric) ? own > other : own < other) return [];
  return [`${shown}, which is no better than the ${rounded(other)} of version ${version}, which is latest.`];
}

function rounded(figure: number): string {
  return String(Number(figure.toPrecision(4)));
}
