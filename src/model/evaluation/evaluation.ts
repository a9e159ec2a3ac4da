/** The document that says how good a version of a model is, beside what it must be compared with. */
import type { ClassReport } from '../metrics/class-report.js';
import type { CalibrationBin } from '../metrics/probabilities.js';
import type { Interval } from '../metrics/intervals.js';
import { effectiveRows, totalWeight, type RowWeights } from '../metrics/row-weights.js';
import type { Task } from '../network/losses.js';
import type { Figures } from './figures.js';

/** A document: it is kept beside the version that it is about. */
export interface Evaluation {
  format_version: 1;
  task: Task;
  /** The names of the classes, in the order of `classes` and `confusion`. */
  labels?: string[];
  /** Of two classes: the one whose threshold, precision and recall are meant where only one is. */
  positive?: string;
  /** When a row gets the label `positive`. Left out: the likelier class is the answer. */
  threshold?: ThresholdChoice;
  /** Left out where the probabilities are as the network gives them. */
  calibration?: Calibration;
  /** The rows that decided: best epoch, calibration, threshold, gate. Left out where none were set apart. */
  validation?: SplitEvaluation;
  /** Some of the rows that it was trained on, where none were set apart to decide. */
  training?: SplitEvaluation;
  /** The rows that decided nothing. Left out where none were set apart. */
  test?: SplitEvaluation;
  mistakes?: Mistakes;
  /** Rows behind the cells of the confusion matrix. Left out of more than 32 classes. */
  examples?: Examples;
  /** What the columns of a table are worth. */
  importance?: ColumnImportance;
}

/** The rows of one split, under one model. */
export interface SplitEvaluation {
  rows: number;
  /** Where a column weighs the rows. All counts of classes are then sums of weights. */
  weights?: SplitWeights;
  figures: Figures;
  /** 95 % intervals of some of the figures. */
  intervals: Intervals;
  baselines: Baselines;
  classes?: LabelledReport[];
  /** [class][label] How many rows of the class got the label, or the sum of their weights. Left out where there are more than 100 classes. */
  confusion?: number[][];
  /** Of two classes: at most 101 thresholds, descending, with what becomes of the rows. Left out where all rows are of one class. */
  thresholds?: ThresholdPoint[];
  /** The rows by how sure the model is of them; empty bins are left out. */
  calibration_bins?: CalibrationBin[];
  /** Where several values are predicted: the figures of each. */
  outputs?: NamedFigures[];
  /** Of values: at most 300, to be drawn. */
  pairs?: ValuePair[];
  /** Of a single value. Of several they are with `outputs`. */
  residuals?: QuantileOfResiduals[];
}

/** Counts of rows that get the label `positive`, or the sums of their weights. */
export interface ThresholdPoint {
  /** A row gets it from this probability on. */
  at_least: number;
  true_positives: number;
  false_positives: number;
}

export type ValuePair = Omit<ValueMistake, 'row'>;

/** Of predicted − actual, in the unit of the value. */
export interface QuantileOfResiduals {
  at: number;
  value: number;
}

export interface SplitWeights {
  sum: number;
  /** As many rows of equal weight would tell as much. */
  effective_rows: number;
}

export function weighing(weights: RowWeights): { weights?: SplitWeights } {
  if (weights === null) return {};
  const { length } = weights;
  return { weights: { sum: totalWeight(weights, length), effective_rows: effectiveRows(weights, length) } };
}

export type Intervals = Partial<Record<keyof Figures, Interval>>;

export interface LabelledReport extends ClassReport {
  label: string;
}

export interface NamedFigures {
  name: string;
  figures: Figures;
  residuals?: QuantileOfResiduals[];
}

/** What a model must beat on the same rows to be worth anything. */
export interface Baselines {
  /** The class that is commonest, or the mean, of the training rows. */
  constant: Figures;
  /** A linear model that the same service trains on the same rows. Left out where it was not trained. */
  linear?: Figures;
}

export interface ThresholdChoice {
  at_least: number;
  /** What it was chosen by, on the validation rows; request: it was not chosen. model: the rows are of another dataset. */
  by: 'f1' | 'cost' | 'request' | 'model';
  /** Of each mistake, where it was chosen by cost. */
  cost?: MistakeCosts;
}

export interface MistakeCosts {
  false_positive: number;
  false_negative: number;
}

export interface Calibration {
  /** Chosen for the least log loss on the validation rows. */
  temperature: number;
  /** The log loss and the calibration error of the probabilities without it. */
  before: { validation?: Figures; test?: Figures };
}

export interface Mistakes {
  split: 'validation' | 'test';
  /** Of classes the most confident first, of values the largest error first. */
  rows: Mistake[];
}

export interface Examples {
  split: Mistakes['split'];
  /** [class][label] At most 5 rows of the dataset, from 0: the most confident of the class that got the label. */
  rows: number[][][];
}

export type Mistake = ClassMistake | ValueMistake;

export interface ClassMistake {
  /** Of the dataset, from 0. */
  row: number;
  predicted: string;
  actual: string;
  /** The probability of the label that it got. */
  confidence: number;
}

export interface ValueMistake {
  row: number;
  /** The output, where there are several. */
  output?: string;
  predicted: number;
  actual: number;
}

export interface ColumnImportance {
  /** It gets worse by so much on average when the cells of the column are shuffled among the rows. */
  figure: 'log_loss' | 'rmse';
  rows: number;
  repetitions: number;
  /** The most important first. */
  columns: { column: string; mean: number; std: number }[];
}

/** What is shown of an evaluation wherever its version is. A document. */
export interface EvaluationSummary {
  validation?: SplitSummary;
  test?: SplitSummary;
}

export type SplitSummary = Pick<SplitEvaluation, 'rows' | 'weights' | 'figures' | 'intervals' | 'baselines'>;

export function summaryOf({ validation, test }: Evaluation): EvaluationSummary {
  return {
    ...(validation && { validation: splitSummary(validation) }),
    ...(test && { test: splitSummary(test) }),
  };
}

function splitSummary({ rows, weights, figures, intervals, baselines }: SplitEvaluation): SplitSummary {
  return { rows, ...(weights && { weights }), figures, intervals, baselines };
}
