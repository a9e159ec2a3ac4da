/** The answer to a file of rows: the same rows in the same order, as text, with the columns of the prediction at their end. */
import { TableRefusal, type RowBatch, type RowReader } from '../../data/formats/rows.js';
import {
  csvLine,
  jsonKeys,
  jsonLine,
  withJsonFields,
  type WrittenCell,
} from '../../data/formats/write-rows.js';
import { TrainyardError } from '../../errors.js';
import type { PredictionCell } from '../../model/heads/prediction-columns.js';
import type { ServedModel } from '../../model/serving/loaded-model.js';
import { RowPredictor, sliceRows } from '../../model/serving/row-predictor.js';

/** As many as a dataset may have. */
export const mostRows = 5_000_000;

export type OutputFormat = 'csv' | 'jsonl';

export interface PredictedRowsOptions {
  output: OutputFormat;
  probabilities: boolean;
  /** Asked between slices. @throws TrainyardError when the work is to end */
  refuseUnwanted: () => void;
}

/** The parts of the answer, each the text of up to `sliceRows` rows. Read them from `parts` once. */
export class PredictedRows {
  /** Rows in the answer so far, and those of them without a prediction. */
  rows = 0;
  failed = 0;
  readonly #reader: RowReader;
  readonly #model: ServedModel;
  readonly #options: PredictedRowsOptions;
  #predictor: RowPredictor | null = null;
  #names: readonly string[] = [];
  #keys: string[] = [];
  #predictionKeys: string[] = [];

  constructor(reader: RowReader, model: ServedModel, options: PredictedRowsOptions) {
    this.#reader = reader;
    this.#model = model;
    this.#options = options;
  }

  /** @throws TrainyardError DATASET_INVALID, INVALID_REQUEST, INPUT_UNSUPPORTED, and what `refuseUnwanted` throws */
  async *parts(): AsyncGenerator<string> {
    try {
      for await (const batch of this.#reader.batches()) yield* this.#answer(batch);
    } catch (error) {
      throw error instanceof TableRefusal ? invalidTable(error) : error;
    }
    if (this.#predictor === null) throw new TrainyardError('DATASET_INVALID', 'The file has no rows.');
  }

  /** A row that says why no more rows follow; without any before it, nothing. */
  lastLine(problem: string): string {
    if (this.#predictor === null) return '';
    const cells = this.#predictor.columns.withoutPrediction(`The answer is incomplete: ${problem}`);
    if (this.#options.output === 'jsonl') return jsonLine(this.#predictionKeys.slice(-1), cells.slice(-1));
    return this.#csvLine(new Array<null>(this.#names.length).fill(null), cells);
  }

  async *#answer(batch: RowBatch): AsyncGenerator<string> {
    const { probabilities, output, refuseUnwanted } = this.#options;
    let before = '';
    if (this.#predictor === null) {
      this.#predictor = new RowPredictor(this.#model, { names: batch.names, probabilities });
      this.#names = batch.names;
      this.#predictionKeys = jsonKeys(this.#predictor.columns.names);
      if (output === 'csv') before = this.#csvLine(batch.names, this.#predictor.columns.names);
    }
    if (output === 'jsonl') this.#keys = jsonKeys(batch.names);
    for (let start = 0; start < batch.rows.length; start += sliceRows) {
      refuseUnwanted();
      if (this.rows >= mostRows) throw tooManyRows();
      const rows = batch.rows.slice(start, start + sliceRows);
      const predictions = await this.#predictor.predict(rows);
      let text = before;
      before = '';
      rows.forEach((row, index) => {
        const prediction = predictions[index] ?? [];
        if (prediction.at(-1) !== null) this.failed++;
        text += this.#line(row, prediction);
      });
      this.rows += rows.length;
      yield text;
    }
  }

  #line(row: readonly WrittenCell[], prediction: readonly PredictionCell[]): string {
    if (this.#options.output === 'csv') return this.#csvLine(row, prediction);
    return withJsonFields(jsonLine(this.#keys, row).trimEnd(), this.#predictionKeys, prediction);
  }

  #csvLine(row: readonly WrittenCell[], prediction: readonly WrittenCell[]): string {
    return csvLine([...row, ...prediction], this.#reader.dialect.delimiter ?? ',');
  }
}

export function invalidTable({ problems, message }: TableRefusal): TrainyardError {
  return new TrainyardError('DATASET_INVALID', message, { problems });
}

function tooManyRows(): TrainyardError {
  const message = `The file has more than ${mostRows.toLocaleString('en')} rows. Divide it, or use a batch job.`;
  return new TrainyardError('DATASET_TOO_LARGE', message);
}
