/** The figures that the publish gate looks at where a version has no evaluation of rows that decide: those of the metrics. */
import type { Samples } from '../../model/engines/engine.js';
import type { SplitEvaluation } from '../../model/evaluation/evaluation.js';
import type { Figures } from '../../model/evaluation/figures.js';
import type { EpochMetrics, RunSpec } from '../runs/documents.js';

/**
 * The training rows, while they were trained on, beside the constant baseline.
 * @param units (outputs) what one of each output is worth; [] where the outputs are the values
 */
export function trainingEvaluation(
  { task, loss, label_smoothing, network }: Pick<RunSpec, 'task' | 'loss' | 'label_smoothing' | 'network'>,
  metrics: EpochMetrics,
  train: TrainingRows,
  units: readonly number[],
): SplitEvaluation {
  const constant =
    task === 'classification'
      ? majorityFigures(train, network.outputs)
      : meanFigures(train, network.outputs, units);
  const figures = figuresIn(metrics, 'train', {
    loss,
    ...(label_smoothing !== undefined && { label_smoothing }),
  });
  return { rows: train.count, figures, intervals: {}, baselines: { constant } };
}

type TrainingRows = Pick<Samples, 'count' | 'targets' | 'weights'>;

/** What the metrics of an older version say of its validation rows; null: nothing. */
export function evaluationOfMetrics(
  spec: unknown,
  metrics: unknown,
): Pick<SplitEvaluation, 'figures'> | null {
  const { loss } = (spec ?? {}) as Partial<Pick<RunSpec, 'loss'>>;
  const known = (metrics ?? {}) as Partial<EpochMetrics>;
  if (loss === undefined || known.validation_loss === undefined) return null;
  return { figures: figuresIn(known, 'validation', { loss }) };
}

function figuresIn(
  metrics: Partial<EpochMetrics>,
  split: 'train' | 'validation',
  { loss, label_smoothing = 0 }: Pick<RunSpec, 'loss' | 'label_smoothing'>,
): Figures {
  const [accuracy, rmse, mean] = [
    metrics[`${split}_accuracy`],
    metrics[`${split}_rmse`],
    metrics[`${split}_loss`],
  ];
  // Only training smooths labels.
  const isLogLoss = loss === 'cross_entropy' && (split === 'validation' || label_smoothing === 0);
  return {
    ...(accuracy !== undefined && { accuracy }),
    ...(rmse !== undefined && { rmse }),
    ...(isLogLoss && mean !== undefined && { log_loss: mean }),
  };
}

/**
 * Of answering with the commonest class, and with the frequencies as probabilities. Weights count in the log loss, as they do in
 * the losses of the metrics.
 */
function majorityFigures({ count, targets, weights }: TrainingRows, classes: number): Figures {
  const rows = new Float64Array(classes);
  const weighed = new Float64Array(classes);
  targets.forEach((target, i) => {
    rows[target] = (rows[target] ?? 0) + 1;
    weighed[target] = (weighed[target] ?? 0) + (weights?.[i] ?? 1);
  });
  const total = weighed.reduce((sum, weight) => sum + weight, 0);
  const entropy = weighed.reduce(
    (sum, weight) => sum - (weight === 0 ? 0 : weight * Math.log(weight / total)),
    0,
  );
  return { accuracy: Math.max(...rows) / count, log_loss: entropy / total };
}

/** Of answering with the means. */
function meanFigures({ count, targets }: TrainingRows, outputs: number, units: readonly number[]): Figures {
  const means = new Float64Array(outputs);
  targets.forEach((value, i) => (means[i % outputs] = (means[i % outputs] ?? 0) + value / count));
  let squares = 0;
  targets.forEach((value, i) => {
    squares += ((value - (means[i % outputs] ?? 0)) * (units[i % outputs] ?? 1)) ** 2;
  });
  return { rmse: Math.sqrt(squares / (count * outputs)) };
}
