/** The figures that the publish gate looks at, as far as the metrics of an epoch have them, beside those of the baseline. */
import type { Samples, SplitName, TrainingData } from '../../model/engines/engine.js';
import type { Evaluation, SplitEvaluation } from '../../model/evaluation/evaluation.js';
import type { Figures } from '../../model/evaluation/figures.js';
import type { EpochMetrics, RunSpec } from '../runs/documents.js';

export type GateData = Record<SplitName, Pick<Samples, 'count' | 'targets' | 'weights'>>;

/** @param units (outputs) what one of each output is worth; [] where the outputs are the values */
export function evaluationOf(
  spec: Pick<RunSpec, 'task' | 'loss' | 'label_smoothing' | 'network'>,
  metrics: EpochMetrics,
  { train, validation }: Pick<TrainingData, 'train' | 'validation'> | GateData,
  units: readonly number[],
): Evaluation {
  const evaluated = (split: 'train' | 'validation', rows: GateData['train']): SplitEvaluation => ({
    rows: rows.count,
    figures: figuresIn(metrics, split, spec),
    intervals: {},
    baselines: {
      constant:
        spec.task === 'classification'
          ? majorityFigures(train, rows, spec.network.outputs)
          : meanFigures(train, rows, spec.network.outputs, units),
    },
  });
  return {
    format_version: 1,
    task: spec.task,
    ...(validation.count > 0
      ? { validation: evaluated('validation', validation) }
      : { training: evaluated('train', train) }),
  };
}

/** What the metrics of a version say of its validation rows; null: nothing. */
export function evaluationOfMetrics(spec: unknown, metrics: unknown): Evaluation | null {
  const { loss, task } = (spec ?? {}) as Partial<Pick<RunSpec, 'loss' | 'task'>>;
  const figures = (metrics ?? {}) as Partial<EpochMetrics>;
  if (loss === undefined || task === undefined || figures.validation_loss === undefined) return null;
  const validation = {
    rows: 0,
    figures: figuresIn(figures, 'validation', { loss }),
    intervals: {},
    baselines: { constant: {} },
  };
  return { format_version: 1, task, validation };
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

/** A class that no training row has is given a probability so small. */
const leastProbability = 1e-6;

/**
 * Of answering with the commonest class of the training rows, and with their frequencies as probabilities. Weights count in the
 * log loss, as they do in the losses of the metrics.
 */
function majorityFigures(train: GateData['train'], rows: GateData['train'], classes: number): Figures {
  const counts = new Float64Array(classes);
  const weights = new Float64Array(classes);
  train.targets.forEach((target, i) => {
    counts[target] = (counts[target] ?? 0) + 1;
    weights[target] = (weights[target] ?? 0) + (train.weights?.[i] ?? 1);
  });
  const majority = counts.indexOf(Math.max(...counts));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let [correct, lossSum, weightSum] = [0, 0, 0];
  rows.targets.forEach((target, i) => {
    const weight = rows.weights?.[i] ?? 1;
    if (target === majority) correct++;
    lossSum -= weight * Math.log(Math.max(leastProbability, (weights[target] ?? 0) / total));
    weightSum += weight;
  });
  return { accuracy: correct / rows.count, log_loss: lossSum / weightSum, balanced_accuracy: 1 / classes };
}

/** Of answering with the means of the training rows. */
function meanFigures(
  train: GateData['train'],
  rows: GateData['train'],
  outputs: number,
  units: readonly number[],
): Figures {
  const means = new Float64Array(outputs);
  train.targets.forEach((value, i) => (means[i % outputs] = (means[i % outputs] ?? 0) + value / train.count));
  let squares = 0;
  rows.targets.forEach((value, i) => {
    squares += ((value - (means[i % outputs] ?? 0)) * (units[i % outputs] ?? 1)) ** 2;
  });
  return { rmse: Math.sqrt(squares / (rows.count * outputs)) };
}
