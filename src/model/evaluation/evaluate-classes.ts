/** The evaluation of a classifier on the rows of one split, from the probabilities that it gives them. */
import { answeredIndex } from '../heads/class-ranking.js';
import type { ClassHead, Threshold } from '../heads/head.js';
import {
  classReports,
  confusionMatrix,
  labelFigures,
  type ClassReport,
  type LabelFigures,
} from '../metrics/class-report.js';
import { jackknifeInterval, wilsonInterval } from '../metrics/intervals.js';
import { calibrationError, logLosses } from '../metrics/probabilities.js';
import { addRocInfluence, averagePrecision, rankBy, rocAuc } from '../metrics/ranking.js';
import { effectiveRows, totalWeight, weightedMean, type RowWeights } from '../metrics/row-weights.js';
import { weighing, type ClassMistake, type Intervals, type SplitEvaluation } from './evaluation.js';
import type { Figures } from './figures.js';
import { turn as plainTurn, type Turn } from './turn.js';

/** At least one row. */
export interface ClassRows {
  /** (count, labels) */
  probabilities: Float32Array;
  /** (count) Class indices. */
  classes: ArrayLike<number>;
  /** (count) */
  weights?: RowWeights | undefined;
}

/** How the rows are judged. */
export interface ClassJudge extends Pick<ClassHead, 'labels'> {
  threshold?: Threshold | undefined;
  /** Of two classes: the index of the one that the PR AUC is of. */
  positive: number;
  /** Taken between the classes. */
  turn?: Turn | undefined;
}

/** A larger matrix is of no use to a reader. */
const mostConfused = 100;

export async function evaluateClasses(
  rows: ClassRows,
  judge: ClassJudge,
): Promise<Omit<SplitEvaluation, 'baselines'>> {
  const { classes, weights = null } = rows;
  const { labels } = judge;
  const width = labels.length;
  const given = labelsGiven(rows, judge);
  const confusion = confusionMatrix(given, classes, width, weights);
  const reports = classReports(confusion, width);
  const named = labelFigures(reports);
  const losses = logLosses(rows.probabilities, classes, width);
  const log_loss = weightedMean(losses, weights);
  const { figures: areas, intervals } = await areasOf(rows, judge);
  const onLoss = losses.map((loss) => loss - log_loss);
  return {
    rows: classes.length,
    ...weighing(weights),
    figures: {
      accuracy: named.accuracy,
      balanced_accuracy: named.balancedAccuracy,
      log_loss,
      ...areas,
      f1: named.f1,
      calibration_error: calibrationError(rows.probabilities, classes, width, weights),
    },
    intervals: {
      accuracy: accuracyInterval(named, rows),
      balanced_accuracy: recallInterval(named, reports, given, rows),
      log_loss: jackknifeInterval(log_loss, onLoss, [0, Infinity], weights),
      ...intervals,
    },
    classes: reports.map((report, index) => ({ label: labels[index], ...report })),
    ...(width <= mostConfused && { confusion: matrixOf(confusion, width) }),
  };
}

/** Of weighted rows as of as many rows as tell as much. */
function accuracyInterval(
  { accuracy }: LabelFigures,
  { classes, weights = null }: ClassRows,
): [number, number] {
  const count = effectiveRows(weights, classes.length);
  const right = accuracy * count;
  return wilsonInterval(weights === null ? Math.round(right) : right, count);
}

/** (count) Class indices. */
function labelsGiven({ probabilities, classes }: ClassRows, head: ClassJudge): Uint32Array {
  const width = head.labels.length;
  return Uint32Array.from({ length: classes.length }, (_, i) =>
    answeredIndex(probabilities.subarray(i * width, (i + 1) * width), head),
  );
}

/** Of two classes those of the positive one, else the means over the classes, each against all others. */
async function areasOf(
  { probabilities, classes, weights = null }: ClassRows,
  { labels, positive, turn = plainTurn }: ClassJudge,
): Promise<{ figures: Figures; intervals: Intervals }> {
  const width = labels.length;
  const columns = width === 2 ? [positive] : [...labels.keys()];
  const found = { roc: [] as number[], pr: [] as number[] };
  const influence = new Float64Array(classes.length);
  for (const column of columns) {
    const ranking = rankBy(probabilities, classes, width, column, weights);
    const [roc, pr] = [rocAuc(ranking), averagePrecision(ranking)];
    if (pr !== null) found.pr.push(pr);
    if (roc !== null) {
      found.roc.push(roc);
      addRocInfluence(ranking, { probabilities, classes, width, positive: column }, 1, influence);
    }
    if (width > 2) await turn();
  }
  const roc_auc = meanOf(found.roc);
  const pr_auc = meanOf(found.pr);
  const onMean = influence.map((each) => each / found.roc.length);
  return {
    figures: { ...(roc_auc !== null && { roc_auc }), ...(pr_auc !== null && { pr_auc }) },
    intervals: roc_auc === null ? {} : { roc_auc: jackknifeInterval(roc_auc, onMean, [0, 1], weights) },
  };
}

/** Of the balanced accuracy: the mean of recalls, each of which is a fraction of the rows of its class. */
function recallInterval(
  { balancedAccuracy }: LabelFigures,
  reports: readonly ClassReport[],
  given: Uint32Array,
  { classes, weights = null }: ClassRows,
): [number, number] {
  const present = reports.filter(({ support }) => support > 0).length;
  const total = totalWeight(weights, classes.length);
  const influence = Float64Array.from(given, (label, i) => {
    const { recall, support } = reports[classes[i]];
    // A row without weight may be the only one of its class.
    return support === 0 ? 0 : (total / support / present) * (Number(label === classes[i]) - recall);
  });
  return jackknifeInterval(balancedAccuracy, influence, [0, 1], weights);
}

/** The rows with a wrong label, the most confident first, without those that weigh nothing; `numbers` (count) are theirs in the dataset. */
export function classMistakes(
  { probabilities, classes, weights = null }: ClassRows,
  head: Pick<ClassHead, 'labels' | 'threshold'>,
  numbers: ArrayLike<number>,
  most: number,
): ClassMistake[] {
  const { labels } = head;
  const mistakes: { i: number; given: number; confidence: number }[] = [];
  for (let i = 0; i < classes.length; i++) {
    const row = probabilities.subarray(i * labels.length, (i + 1) * labels.length);
    const given = answeredIndex(row, head);
    if (given !== classes[i] && weights?.[i] !== 0) mistakes.push({ i, given, confidence: row[given] });
  }
  mistakes.sort((a, b) => b.confidence - a.confidence || a.i - b.i);
  return mistakes.slice(0, most).map(({ i, given, confidence }) => ({
    row: numbers[i],
    predicted: labels[given],
    actual: labels[classes[i]],
    confidence,
  }));
}

function matrixOf(counts: Float64Array, width: number): number[][] {
  return Array.from({ length: width }, (_, c) => Array.from(counts.subarray(c * width, (c + 1) * width)));
}

function meanOf(numbers: readonly number[]): number | null {
  return numbers.length === 0 ? null : numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
