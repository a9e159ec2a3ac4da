/** What a version should not be used for, as far as it follows from what it learned from and how it was judged. */
import type { Evaluation, SplitEvaluation } from '../../model/evaluation/evaluation.js';
import { isHigherBetter } from '../../model/evaluation/figures.js';
import type { VersionManifest } from '../../model/registry/registry.js';
import { dateText, type SignatureColumn, type TableSignature } from '../../model/registry/table-signature.js';
import type { RunSpec } from '../runs/run-spec.js';

/** With fewer rows, intervals are wide. */
const fewRows = 1_000;
/** Below it a class is missed as often as it is found. */
const leastRecall = 0.5;
/** Above it, certainty and truth are far apart. */
const mostCalibrationError = 0.1;
const mostNamed = 20;

/** Sentences. `spec`: null where it was not trained here. */
export function limitsOf(
  manifest: VersionManifest,
  spec: RunSpec | null,
  evaluation: Evaluation | null,
): string[] {
  const judged = evaluation?.test ?? evaluation?.validation;
  return [
    ...ofHeld(manifest),
    ...ofColumns(manifest.table),
    ...ofSplit(manifest.table, spec),
    ...ofJudgement(evaluation),
    ...(judged ? [...ofBaselines(judged), ...ofClasses(judged), ...ofCertainty(judged)] : []),
  ];
}

function ofHeld({ held }: VersionManifest): string[] {
  return held === undefined ? [] : [`It was held back when it was published: ${held.reasons.join(' ')}`];
}

function ofColumns(table: TableSignature | undefined): string[] {
  if (table === undefined) return [];
  const ranges = table.columns.flatMap((column) => rangeOf(column) ?? []);
  const levels = table.columns.flatMap(({ name, seen }) =>
    seen.kind === 'levels' ? [`${name} (${seen.distinct})`] : [],
  );
  const neverMissing = table.columns.flatMap(({ name, seen }) => (seen.missing === 0 ? [name] : []));
  return [
    ...listed('It knows only the ranges of its training rows, and guesses beyond them', ranges),
    ...listed('It knows only the values of its training rows (how many there were)', levels),
    ...listed('These were never empty in training: what it answers without them is untried', neverMissing),
    ...listed('It does not look at these columns of the data', table.ignored),
  ];
}

function rangeOf({ name, format, seen }: SignatureColumn): string | null {
  if (seen.kind === 'levels' || format.type === 'boolean' || seen.min === null || seen.max === null)
    return null;
  const text = format.type === 'datetime' ? dateText : String;
  return `${name} ${text(seen.min)} to ${text(seen.max)}`;
}

function listed(sentence: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : '';
  return [`${sentence}: ${names.slice(0, mostNamed).join(', ')}${more}.`];
}

function ofSplit(table: TableSignature | undefined, spec: RunSpec | null): string[] {
  if (table === undefined || spec === null || !('by' in spec.split)) return [];
  const { by } = spec.split;
  const dates = table.columns.filter(({ format }) => format.type === 'datetime').map(({ name }) => name);
  if (dates.length === 0 || by === 'time') return [];
  return [
    `Its rows have dates (${dates.join(', ')}) and were not divided by time (${by}): how well it does on later rows than those it ` +
      'learned from was not tried.',
  ];
}

function ofJudgement(evaluation: Evaluation | null): string[] {
  if (evaluation === null) return ['It was not evaluated: how good it is, is not known.'];
  const { test, validation } = evaluation;
  if (test === undefined) {
    return validation === undefined
      ? ['No rows were set apart to judge it: how good it is on new rows is not known.']
      : [
          'No rows were set apart that decided nothing: its figures are of the rows that chose it, and flatter it.',
        ];
  }
  const rows = Math.round(test.weights?.effective_rows ?? test.rows);
  if (rows >= fewRows) return [];
  return [`It was tested on ${rows} rows only: look at the intervals, not at the figures alone.`];
}

function ofBaselines({ figures, baselines }: SplitEvaluation): string[] {
  const name = (['log_loss', 'rmse', 'accuracy'] as const).find((each) => figures[each] !== undefined);
  const own = name && figures[name];
  const linear = name && baselines.linear?.[name];
  if (name === undefined || own === undefined || linear === undefined) return [];
  const isBetter = isHigherBetter(name) ? own > linear : own < linear;
  return isBetter ? [] : [`A linear model does as well or better (${name}): it may be the better choice.`];
}

function ofClasses({ classes = [] }: SplitEvaluation): string[] {
  const missed = classes.flatMap(({ label, recall, support }) =>
    support > 0 && recall < leastRecall ? [`${label} (${Math.round(100 * recall)} %)`] : [],
  );
  return listed('It finds fewer than half of the rows of these classes', missed);
}

function ofCertainty({ figures: { calibration_error: error } }: SplitEvaluation): string[] {
  if (error === undefined || error <= mostCalibrationError) return [];
  return [
    `Its probabilities are ${Math.round(100 * error)} % off on average: do not read them as chances without calibration.`,
  ];
}
