/** Predicts the rows of a file or a dataset, which may be of any number, with one version. A bad row spoils only itself. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TrainyardError } from '../../errors.js';
import {
  predictionColumns,
  type PredictionCell,
  type PredictionColumnOptions,
  type PredictionColumns,
} from '../heads/prediction-columns.js';
import type { TablePreprocessing } from '../preprocessing/table.js';
import type { ServedModel } from './loaded-model.js';
import { readTableRows } from './table-inputs.js';

/** Rows that are predicted together: a few milliseconds of work, after which others have their turn. */
export const sliceRows = 256;

/** The cells of a row in the order of its columns; null: no value. */
export type Row = readonly (string | null)[];

export class RowPredictor {
  /** What each row gets. */
  readonly columns: PredictionColumns;
  readonly #model: Pick<ServedModel, 'predict'>;
  readonly #preprocessing: TablePreprocessing;
  readonly #warns: boolean;

  /**
   * `names` are the columns of the rows, `taken` the names that the columns of the prediction cannot have.
   * @throws TrainyardError INPUT_UNSUPPORTED for a model that does not learn from columns; INVALID_REQUEST when a column is
   * missing, with the most similar one, or where values are to abstain
   */
  constructor(
    model: ServedModel,
    {
      names,
      taken = names,
      ...wanted
    }: PredictionColumnOptions & { names: readonly string[]; taken?: readonly string[] },
  ) {
    this.#model = model;
    this.#preprocessing = preprocessingOf(model);
    this.columns = predictionColumns(model.head, { ...wanted, taken });
    this.#warns = wanted.warnings ?? false;
    // A row without values shows whether its columns suffice.
    readTableRows(this.#preprocessing, [names.map(() => null)], names);
  }

  /** (rows, columns.names) of up to `sliceRows` rows with these columns, which may be more than at the beginning. */
  async predict(rows: readonly Row[], names: readonly string[]): Promise<PredictionCell[][]> {
    const read = readTableRows(this.#preprocessing, rows, names, { oddities: this.#warns });
    const { inputs, count, problems, oddities } = read;
    const { results } = await this.#model.predict({ inputs, count });
    const cells = this.columns.cellsOf(results, oddities);
    problems.forEach((problem, row) => {
      if (problem !== null) cells[row] = this.columns.withoutPrediction(problem);
    });
    await nextTurn();
    return cells;
  }
}

/** @throws TrainyardError INPUT_UNSUPPORTED */
function preprocessingOf({ manifest, network, preprocessing }: ServedModel): TablePreprocessing {
  if (preprocessing !== null) return preprocessing;
  const message =
    `Version ${manifest.version} of ${manifest.model} takes ${network.inputs} numbers, and not the columns of a ` +
    'table. Send its samples to POST /predict.';
  throw new TrainyardError('INPUT_UNSUPPORTED', message);
}
