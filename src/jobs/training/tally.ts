/** What a run's batches add up to: where it is, the sums over the epoch under way, the metrics of the epochs done. */
import { TrainyardError } from '../../errors.js';
import {
  evaluationBatchSize,
  type BatchReport,
  type Samples,
  type SplitName,
  type TrainingData,
} from '../../model/engines/engine.js';
import type { TrainingSums } from '../../model/files/checkpoint.js';
import { countCorrect } from '../../model/metrics/classification.js';
import { sumSquaredErrors } from '../../model/metrics/squared-errors.js';
import type { RowWeights } from '../../model/metrics/row-weights.js';
import type { LoadedData } from './loaded-data.js';
import type { EpochMetrics, JobProgress } from '../runs/run-events.js';
import type { RunSpec } from '../runs/run-spec.js';
import { epochsOfMember, membersOf, startOfMember, stepsOfMember } from '../runs/ensemble.js';
import { progressAt } from '../runs/summarize-events.js';
import { whyStopped } from './best-epoch.js';
import type { Pace } from './pace.js';

/** Where a tally goes on from. */
export interface TallyState {
  /** The member that is trained, from 1; the only one, where there is no ensemble. */
  member: number;
  /** Steps of the run that are done: see ensemble.ts. */
  step: number;
  /** Over the epoch under way. */
  position: TrainingSums;
  /** Of the epochs done, by all members. An epoch is done when its steps are and it has been evaluated. */
  metrics: EpochMetrics[];
}

/** Evaluated after each epoch, in this order. Each may hold no samples. */
const evaluatedSplits = ['validation', 'test'] as const;
type EvaluatedSplit = (typeof evaluatedSplits)[number];

const noSums: TrainingSums = { samples: 0, weight_sum: 0, loss_sum: 0, metric_sum: 0 };
const nothingEvaluated = { validation: noSums, test: noSums };

/** Of one member. */
export class Tally {
  readonly state: TallyState;
  readonly #spec: RunSpec;
  /** By split; (count) class indices or (count, outputs) values. */
  readonly #targets: Record<SplitName, Samples['targets']>;
  /** By split; (count) How much each row counts in accuracies and errors. Losses have weights of their own. */
  readonly #rowWeights: LoadedData['rowWeights'];
  readonly #counts: Record<EvaluatedSplit, number>;
  /** (outputs) What one of each output is worth in its unit; [] where the outputs are the values. */
  readonly #units: readonly number[];
  readonly #stepsPerEpoch: number;
  /** An evaluation is not part of the state: a run that resumes in the middle of one begins it anew. */
  #evaluated: Record<EvaluatedSplit, TrainingSums> = nothingEvaluated;

  constructor(
    spec: RunSpec,
    data: Record<SplitName, Pick<TrainingData['train'], 'count' | 'targets'>>,
    start: TallyState | null,
    units: readonly number[] = [],
    rowWeights: LoadedData['rowWeights'] = { train: null, validation: null, test: null },
  ) {
    const { train, validation, test } = data;
    this.#spec = spec;
    this.#targets = { train: train.targets, validation: validation.targets, test: test.targets };
    this.#rowWeights = rowWeights;
    // Nobody may learn from a run that publishes nothing how good it is on the test split.
    this.#counts = { validation: validation.count, test: spec.publish === 'none' ? 0 : test.count };
    this.#units = units;
    this.#stepsPerEpoch = stepsOfMember(spec) / spec.epochs;
    this.state = start ?? { member: 1, step: 0, position: noSums, metrics: [] };
  }

  /** Of the member: the epochs done. */
  get epochs(): EpochMetrics[] {
    return epochsOfMember(this.state.metrics, this.state.member);
  }

  /** Of the member: steps done. */
  get ownStep(): number {
    return this.state.step - startOfMember(this.#spec, this.state.member);
  }

  /** Whether all epochs of the member are done, or patience has ended. */
  isDone(): boolean {
    return whyStopped(this.#spec, this.epochs) !== null;
  }

  /** Where the next member begins; null after the last one. */
  nextMember(): TallyState | null {
    const member = this.state.member + 1;
    if (member > membersOf(this.#spec)) return null;
    return { ...this.state, member, step: startOfMember(this.#spec, member), position: noSums };
  }

  /** Of the epoch under way; 0 when it is time to evaluate. */
  stepsLeft(): number {
    return (this.epochs.length + 1) * this.#stepsPerEpoch - this.ownStep;
  }

  /**
   * Of the evaluation of the epoch under way: the split that it is at, the batch that it goes on from there, and how many
   * batches of it are left; 0 when all splits are evaluated.
   */
  evaluationLeft(): { split: EvaluatedSplit; first: number; batches: number } {
    const isLeft = (each: EvaluatedSplit): boolean => this.#evaluated[each].samples < this.#counts[each];
    const split = evaluatedSplits.find(isLeft) ?? 'test';
    const first = Math.ceil(this.#evaluated[split].samples / evaluationBatchSize);
    return { split, first, batches: Math.ceil(this.#counts[split] / evaluationBatchSize) - first };
  }

  /** @throws TrainyardError TRAINING_DIVERGED when a loss is not finite */
  addSteps(report: BatchReport): void {
    const { state } = this;
    state.position = this.#sumsWith(state.position, report, 'train', (batch) => state.step + batch + 1);
    state.step += report.lossSums.length;
  }

  /**
   * Adds batches of the split that `evaluationLeft` names.
   * @throws TrainyardError TRAINING_DIVERGED when a loss is not finite
   */
  addEvaluation(report: BatchReport): void {
    const { split } = this.evaluationLeft();
    const sums = this.#sumsWith(this.#evaluated[split], report, split, () => this.state.step);
    this.#evaluated = { ...this.#evaluated, [split]: sums };
  }

  /** Ends the epoch whose last batch has been evaluated. */
  endEpoch(): EpochMetrics {
    const { state } = this;
    const evaluated = this.#evaluated;
    const counts = this.#counts;
    const spec = this.#spec;
    const metrics: EpochMetrics = {
      ...(membersOf(spec) > 1 && { member: state.member }),
      epoch: this.#epoch(),
      step: state.step,
      ...figuresOf('train', state.position, spec),
      ...(counts.validation > 0 && figuresOf('validation', evaluated.validation, spec)),
      ...(counts.test > 0 && figuresOf('test', evaluated.test, spec)),
    };
    state.metrics = [...state.metrics, metrics];
    state.position = noSums;
    this.#evaluated = nothingEvaluated;
    return metrics;
  }

  progress(training: Pace, evaluation: Pace): JobProgress {
    const { state } = this;
    const spec = this.#spec;
    const counts = this.#counts;
    const evaluated = this.#evaluated;
    const figures: Partial<Figures<'train'>> =
      state.position.samples > 0 ? figuresOf('train', state.position, spec) : (this.epochs.at(-1) ?? {});
    const { train_loss = null, train_accuracy = null } = figures;
    const isDone = this.isDone();
    const membersLeft = membersOf(spec) - state.member;
    const ownSteps = isDone ? 0 : stepsOfMember(spec) - this.ownStep;
    const toTrain = (ownSteps + membersLeft * stepsOfMember(spec)) * spec.batch_size;
    const perEpoch = counts.validation + counts.test;
    const evaluatedCount = evaluated.validation.samples + evaluated.test.samples;
    const ownEvaluation = isDone ? 0 : (spec.epochs - this.epochs.length) * perEpoch - evaluatedCount;
    const toEvaluate = ownEvaluation + membersLeft * spec.epochs * perEpoch;
    return {
      ...progressAt(spec, { member: state.member, step: state.step, epoch: this.#epoch() }),
      ...(isDone && membersLeft === 0 && { fraction: 1 }),
      samples_per_second: training.samplesPerSecond(),
      eta_seconds: inTenths(training.secondsLeft(toTrain), evaluation.secondsLeft(toEvaluate)),
      train_loss,
      train_accuracy,
    };
  }

  /** The one under way, from 1; 0 before the first step. */
  #epoch(): number {
    return Math.ceil(this.ownStep / this.#stepsPerEpoch);
  }

  #sumsWith(
    sums: TrainingSums,
    report: BatchReport,
    split: SplitName,
    stepOf: (batch: number) => number,
  ): TrainingSums {
    report.lossSums.forEach((loss, batch) => this.#refuseIfNotFinite(loss, stepOf(batch)));
    const { samples, weight_sum, loss_sum, metric_sum, row_weight_sum = samples } = sums;
    const weights = this.#rowWeights[split];
    const targets = this.#targets[split];
    return {
      samples: samples + report.rows.length,
      weight_sum: addedInOrder(weight_sum, report.weightSums),
      loss_sum: addedInOrder(loss_sum, report.lossSums),
      metric_sum: withMetric(metric_sum, report, { targets, weights }, this.#units),
      ...(weights && {
        row_weight_sum: report.rows.reduce((sum, row) => sum + (weights[row] ?? 1), row_weight_sum),
      }),
    };
  }

  #refuseIfNotFinite(loss: number, step: number): void {
    if (Number.isFinite(loss)) return;
    throw new TrainyardError(
      'TRAINING_DIVERGED',
      `The loss became ${loss} at step ${step} of ${this.#spec.steps}. ` +
        `Try a learning rate lower than ${this.#spec.optimizer.learning_rate}.`,
    );
  }
}

/** One by one, so that the sum has the same bits however the batches were divided into calls. */
function addedInOrder(sum: number, numbers: Float64Array): number {
  return numbers.reduce((soFar, number) => soFar + number, sum);
}

/** With the correct answers of classes, or the squared errors of values in their units, each by the weight of its row. */
function withMetric(
  sum: number,
  report: BatchReport,
  { targets, weights }: { targets: Samples['targets']; weights: RowWeights },
  units: readonly number[],
): number {
  if (!(targets instanceof Float32Array) && weights === null) return sum + countCorrect(report, targets);
  // Sample by sample, for the same reason.
  const { rows, outputs } = report;
  const width = outputs.length / rows.length;
  return rows.reduce((soFar, row, i) => {
    const sample = { rows: rows.subarray(i, i + 1), outputs: outputs.subarray(i * width, (i + 1) * width) };
    const metric =
      targets instanceof Float32Array
        ? sumSquaredErrors(sample, targets, units)
        : countCorrect(sample, targets);
    return soFar + metric * (weights?.[row] ?? 1);
  }, sum);
}

type Figures<Split extends SplitName> = Record<`${Split}_loss`, number> &
  Partial<Record<`${Split}_accuracy` | `${Split}_rmse`, number>>;

function figuresOf<Split extends SplitName>(
  split: Split,
  { samples, weight_sum, loss_sum, metric_sum, row_weight_sum = samples }: TrainingSums,
  { task, network }: Pick<RunSpec, 'task' | 'network'>,
): Figures<Split> {
  const metric =
    task === 'classification'
      ? { [`${split}_accuracy`]: metric_sum / row_weight_sum }
      : { [`${split}_rmse`]: Math.sqrt(metric_sum / (row_weight_sum * network.outputs)) };
  return { [`${split}_loss`]: loss_sum / weight_sum, ...metric } as Figures<Split>;
}

/** Their sum in tenths of a second; null while nothing is known of training. */
function inTenths(trainingSeconds: number | null, evaluationSeconds: number | null): number | null {
  return trainingSeconds === null ? null : Math.round(10 * (trainingSeconds + (evaluationSeconds ?? 0))) / 10;
}
