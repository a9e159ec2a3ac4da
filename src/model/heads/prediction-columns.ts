/** What a prediction adds to a row of a table: further columns, the same for every row. */
import { TrainyardError } from '../../errors.js';
import { answeredClass, classRows } from './class-ranking.js';
import type { ClassHead, Head } from './head.js';

export type PredictionCell = string | number | null;

export interface PredictionColumns {
  /** The last one holds what is wrong with a row that has no prediction. */
  readonly names: readonly string[];
  /**
   * (rows, names) of results (rows, outputs) of the head. A row whose outputs are not finite has no prediction. `warnings` (rows)
   * are of the rows.
   */
  cellsOf(results: Float32Array, warnings?: readonly (string | null)[]): PredictionCell[][];
  /** (names) of a row that has no prediction. */
  withoutPrediction(error: string): PredictionCell[];
}

/** What the rows get beside their predictions. */
export interface PredictionColumnOptions {
  probabilities: boolean;
  /** Of classes: a prediction whose confidence is below it names no class. */
  abstainBelow?: number | undefined;
  /** Whether to say what is odd about a row. */
  warnings?: boolean | undefined;
}

const overflowed = 'The numbers of this row are too large: the outputs of the model are not finite.';

/**
 * For classes `prediction` and `confidence`, with `probabilities` also `probability_{label}` for each class. For one value
 * `prediction`, for several `prediction_{name}`. With `warnings` also `prediction_warning`. At the end `prediction_error`. A name that is taken gets the first suffix of
 * `_2`, `_3`, … with which it is free.
 * @throws TrainyardError INVALID_REQUEST where values are to abstain
 */
export function predictionColumns(
  head: Head,
  options: PredictionColumnOptions & { taken: readonly string[] },
): PredictionColumns {
  const { probabilities, abstainBelow, warnings: warns = false, taken } = options;
  if (head.kind === 'values' && abstainBelow !== undefined) {
    const message = 'abstain_below needs a model that predicts classes, and this one predicts values.';
    throw new TrainyardError('INVALID_REQUEST', message);
  }
  const wanted = [
    ...namesOf(head, probabilities),
    ...(warns ? ['prediction_warning'] : []),
    'prediction_error',
  ];
  const names = freeNames(wanted, taken);
  const valuesOf = head.kind === 'classes' ? classCells(head, probabilities, abstainBelow) : valueCells;
  const outputs = head.kind === 'classes' ? head.labels.length : head.names.length;
  const withoutPrediction = (error: string): PredictionCell[] => {
    const cells = new Array<PredictionCell>(names.length).fill(null);
    cells[names.length - 1] = error;
    return cells;
  };
  return {
    names,
    withoutPrediction,
    cellsOf: (results, warnings = []) =>
      classRows(results, outputs).map((row, i) =>
        row.every(Number.isFinite)
          ? [...valuesOf(row), ...(warns ? [warnings[i] ?? null] : []), null]
          : withoutPrediction(overflowed),
      ),
  };
}

function namesOf(head: Head, probabilities: boolean): string[] {
  if (head.kind === 'classes') {
    const each = probabilities ? head.labels.map((label) => `probability_${label}`) : [];
    return ['prediction', 'confidence', ...each];
  }
  return head.names.length === 1 ? ['prediction'] : head.names.map((name) => `prediction_${name}`);
}

function classCells(
  head: ClassHead,
  probabilities: boolean,
  abstainBelow = 0,
): (row: Float32Array) => PredictionCell[] {
  return (row) => {
    const { label: likeliest, confidence } = answeredClass(row, head);
    const label = confidence < abstainBelow ? null : likeliest;
    return probabilities ? [label, confidence, ...row] : [label, confidence];
  };
}

function valueCells(row: Float32Array): PredictionCell[] {
  return [...row];
}

/** The names, each with the first suffix of `_2`, `_3`, … with which it is not taken. */
export function freeNames(wanted: readonly string[], taken: readonly string[]): string[] {
  const used = new Set(taken);
  return wanted.map((name) => {
    let free = name;
    for (let suffix = 2; used.has(free); suffix++) free = `${name}_${suffix}`;
    used.add(free);
    return free;
  });
}
