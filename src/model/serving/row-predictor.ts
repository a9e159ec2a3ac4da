/** Predicts the rows of a file or a dataset, which may be of any number, with one version. A bad row spoils only itself. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TrainyardError } from '../../errors.js';
import { readColumn } from '../../lib/cells/columns.js';
import { nearestTo } from '../../lib/nearest-word.js';
import {
  predictionColumns,
  type PredictionCell,
  type PredictionColumns,
} from '../heads/prediction-columns.js';
import { applyTable, type TablePreprocessing } from '../preprocessing/table.js';
import type { ServedModel } from './loaded-model.js';

/** Rows that are predicted together: a few milliseconds of work, after which others have their turn. */
export const sliceRows = 256;

/** The cells of a row in the order of the file's columns; null: no value. */
export type Row = readonly (string | null)[];

export class RowPredictor {
  /** What each row gets. */
  readonly columns: PredictionColumns;
  readonly #model: Pick<ServedModel, 'predict'>;
  readonly #preprocessing: TablePreprocessing;
  /** (columns of the preprocessing) Where each is in a row of the file. */
  readonly #places: number[];

  /**
   * `names` are the columns of the file, `taken` the names that the columns of the prediction cannot have.
   * @throws TrainyardError INPUT_UNSUPPORTED for a model that does not learn from columns; INVALID_REQUEST when a column is
   * missing, naming the most similar ones
   */
  constructor(
    model: ServedModel,
    {
      names,
      taken = names,
      probabilities,
    }: { names: readonly string[]; taken?: readonly string[]; probabilities: boolean },
  ) {
    this.#model = model;
    this.#preprocessing = preprocessingOf(model);
    this.#places = placesOf(this.#preprocessing, names, model);
    this.columns = predictionColumns(model.head, { probabilities, taken });
  }

  /** (rows, columns.names) of up to `sliceRows` rows. */
  async predict(rows: readonly Row[]): Promise<PredictionCell[][]> {
    const { columns: wanted } = this.#preprocessing;
    const problems = new Map<number, string>();
    const columns = wanted.map(({ name, format }, index) => {
      const cells = rows.map((row) => row[this.#places[index]]);
      const { column, unreadable } = readColumn(format, cells);
      for (const row of unreadable) {
        const problem = `${name}: ${shown(cells[row])} cannot be read as ${format.type}.`;
        problems.set(row, problems.has(row) ? `${problems.get(row)} ${problem}` : problem);
      }
      return column;
    });
    const all = Uint32Array.from(rows.keys());
    const inputs = applyTable(this.#preprocessing, columns, all);
    const { results } = await this.#model.predict({ inputs, count: rows.length });
    const cells = this.columns.cellsOf(results);
    for (const [row, problem] of problems) cells[row] = this.columns.withoutPrediction(problem);
    // Other work has its turn before the next rows.
    await nextTurn();
    return cells;
  }
}

/** @throws TrainyardError INPUT_UNSUPPORTED */
export function preprocessingOf({ manifest, network, preprocessing }: ServedModel): TablePreprocessing {
  if (preprocessing !== null) return preprocessing;
  const message =
    `Version ${manifest.version} of ${manifest.model} takes ${network.inputs} numbers and not the columns of a table. ` +
    'Send its samples to POST /predict.';
  throw new TrainyardError('INPUT_UNSUPPORTED', message);
}

/** @throws TrainyardError INVALID_REQUEST, naming every column that is missing */
function placesOf(
  { columns }: TablePreprocessing,
  names: readonly string[],
  { manifest }: ServedModel,
): number[] {
  const placeOf = new Map(names.map((name, place) => [name, place]));
  const missing = columns.filter(({ name }) => !placeOf.has(name)).map(({ name }) => name);
  if (missing.length === 0) return columns.map(({ name }) => placeOf.get(name) ?? -1);
  const unused = names.filter((name) => !columns.some((column) => column.name === name));
  const message =
    `Version ${manifest.version} of ${manifest.model} needs ${columnsMissing(missing, unused)} The columns are: ` +
    `${listed(names)}.`;
  throw new TrainyardError('INVALID_REQUEST', message);
}

function columnsMissing(missing: readonly string[], unused: readonly string[]): string {
  const each = missing.slice(0, mostNames).map((name) => {
    const near = nearestTo(name, unused);
    return near === undefined
      ? JSON.stringify(name)
      : `${JSON.stringify(name)} (is it ${JSON.stringify(near)}?)`;
  });
  const more = missing.length > mostNames ? ` and ${missing.length - mostNames} more` : '';
  return missing.length === 1
    ? `the column ${each[0]}, which is missing.`
    : `the columns ${each.join(', ')}${more}, which are missing.`;
}

const mostNames = 20;

function listed(names: readonly string[]): string {
  const shownNames = names.slice(0, mostNames).map((name) => JSON.stringify(name));
  return [...shownNames, ...(names.length > mostNames ? ['…'] : [])].join(', ');
}

const mostCharacters = 100;

function shown(cell: string | null | undefined): string {
  const text = cell ?? '';
  return JSON.stringify(text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text);
}
