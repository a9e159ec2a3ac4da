/** The document that says how good a version of a model is, beside what it must be compared with. */
import type { Task } from '../network/losses.js';
import type { Figures } from './figures.js';

/** A document: it is kept beside the version that it is about. */
export interface Evaluation {
  format_version: 1;
  task: Task;
  /** The rows that decided: best epoch, calibration, threshold, gate. Left out where none were set apart. */
  validation?: SplitEvaluation;
  /** The rows that it was trained on, while it was: where there are no rows that decide. */
  training?: SplitEvaluation;
  /** The rows that decided nothing. Left out where none were set apart. */
  test?: SplitEvaluation;
}

/** The rows of one split, under one model. */
export interface SplitEvaluation {
  rows: number;
  figures: Figures;
  /** 95 % intervals of some of the figures. */
  intervals: Partial<Record<keyof Figures, readonly [low: number, high: number]>>;
  baselines: Baselines;
}

/** What a model must beat on the same rows to be worth anything. */
export interface Baselines {
  /** The class that is commonest, or the mean, of the training rows. */
  constant: Figures;
  /** A linear model that the same service trains on the same rows. Left out where it was not trained. */
  linear?: Figures;
}
