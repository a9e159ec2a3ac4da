/** The answer to a file of rows: the same rows in the same order, as text, with the columns of the prediction at their end. */
import { TableRefusal, type DeclaredType, type RowBatch, type RowReader } from '../../data/formats/rows.js';
import {
  csvLine,
  jsonKeys,
  jsonLine,
  withJsonFields,
  type WrittenCell,
} from '../../data/formats/write-rows.js';
import { TrainyardError } from '../../errors.js';
import {
  freeNames,
  type PredictionCell,
  type PredictionColumnOptions,
} from '../../model/heads/prediction-columns.js';
import type { ServedModel } from '../../model/serving/loaded-model.js';
import { RowPredictor, sliceRows } from '../../model/serving/row-predictor.js';

export type OutputFormat = 'csv' | 'jsonl';

export interface PredictedRowsOptions {
  output: OutputFormat;
  added: PredictionColumnOptions;
  /** Asked between slices. @throws TrainyardError when the work is to end */
  refuseUnwanted: () => void;
}

/** Up to `sliceRows` rows of a batch, with their predictions. */
interface PredictedSlice {
  rows: RowBatch['rows'];
  /** The rows as JSON, where they were that. */
  texts: string[] | undefined;
  /** (rows, columns of the prediction) */
  predictions: PredictionCell[][];
}

/** The parts of the answer, each the text of some rows. `parts` is to be read once. */
export class PredictedRows {
  /** Rows in the answer so far, and those of them without a prediction. */
  rows = 0;
  failed = 0;
  readonly #reader: RowReader;
  readonly #model: ServedModel;
  readonly #options: PredictedRowsOptions;
  /** null before the first rows. */
  #predictor: RowPredictor | null = null;
  #lines: LineWriter | null = null;

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
  }

  /** A row that says why no more rows follow; '' before the first row. */
  lastLine(problem: string): string {
    if (this.#predictor === null || this.#lines === null) return '';
    const cells = this.#predictor.columns.withoutPrediction(`The answer is incomplete: ${problem}`);
    return this.#lines.withoutRow(cells);
  }

  async *#answer(batch: RowBatch): AsyncGenerator<string> {
    let text = '';
    if (this.#predictor === null) {
      const { output, added: wanted } = this.#options;
      this.#predictor = new RowPredictor(this.#model, {
        names: batch.names,
        taken: takenNames(batch),
        ...wanted,
      });
      const added = this.#predictor.columns.names;
      const { dialect, declared } = this.#reader;
      this.#lines =
        output === 'csv'
          ? new CsvLines(batch.names, added, dialect.delimiter ?? ',')
          : new JsonLines(batch.names, added, declared);
      text = this.#lines.header();
    }
    for (let start = 0; start < batch.rows.length; start += sliceRows) {
      this.#options.refuseUnwanted();
      const slice = await this.#predict(this.#predictor, batch, start);
      for (let row = 0; row < slice.rows.length; row++) text += this.#lines?.line(slice, row) ?? '';
      yield text;
      text = '';
    }
  }

  async #predict(predictor: RowPredictor, batch: RowBatch, start: number): Promise<PredictedSlice> {
    const end = start + sliceRows;
    const rows = batch.rows.slice(start, end);
    const texts = batch.texts?.slice(start, end);
    const predictions = await predictor.predict(rows, batch.names);
    for (const [row, { message }] of batch.problems ?? []) {
      if (row < start || row >= end) continue;
      predictions[row - start] = predictor.columns.withoutPrediction(message);
      // It is no JSON.
      if (texts !== undefined) texts[row - start] = '';
    }
    this.rows += rows.length;
    this.failed += predictions.filter((cells) => cells.at(-1) !== null).length;
    return { rows, texts, predictions };
  }
}

/** Writes rows with their predictions. */
interface LineWriter {
  /** '' where the format has none. */
  header(): string;
  line(slice: PredictedSlice, row: number): string;
  /** A line that stands for no row of the file. */
  withoutRow(prediction: readonly PredictionCell[]): string;
}

class CsvLines implements LineWriter {
  readonly #names: readonly string[];
  readonly #added: readonly string[];
  readonly #delimiter: string;

  constructor(names: readonly string[], added: readonly string[], delimiter: string) {
    this.#names = names;
    this.#added = added;
    this.#delimiter = delimiter;
  }

  header(): string {
    return csvLine([...this.#names, ...this.#added], this.#delimiter);
  }

  line({ rows, predictions }: PredictedSlice, row: number): string {
    return csvLine([...(rows[row] ?? []), ...(predictions[row] ?? [])], this.#delimiter);
  }

  withoutRow(prediction: readonly PredictionCell[]): string {
    return csvLine([...this.#names.map(() => null), ...prediction], this.#delimiter);
  }
}

class JsonLines implements LineWriter {
  readonly #keys: string[];
  readonly #added: readonly string[];
  readonly #addedKeys: string[];
  readonly #declared: readonly (DeclaredType | undefined)[];

  constructor(names: readonly string[], added: readonly string[], declared: RowReader['declared']) {
    this.#keys = jsonKeys(names);
    this.#added = added;
    this.#addedKeys = jsonKeys(added);
    this.#declared = declared ?? [];
  }

  header(): string {
    return '';
  }

  line({ rows, texts, predictions }: PredictedSlice, row: number): string {
    const prediction = predictions[row] ?? [];
    const text = texts?.[row];
    if (text === undefined) {
      const cells = (rows[row] ?? []).map((cell, column) => jsonCell(cell, this.#declared[column]));
      return jsonLine([...this.#keys, ...this.#addedKeys], [...cells, ...prediction]);
    }
    const object = objectOf(text);
    return object === null ? this.withoutRow(prediction) : this.#withFields(object, prediction);
  }

  withoutRow(prediction: readonly PredictionCell[]): string {
    return jsonLine(this.#addedKeys, prediction);
  }

  /** A later row may have a key that the first rows lack, and that the prediction has taken. */
  #withFields({ text, keys }: JsonRow, prediction: readonly PredictionCell[]): string {
    const clash = keys && this.#added.find((name) => keys.has(name));
    if (clash === undefined || clash === null) return withJsonFields(text, this.#addedKeys, prediction);
    const problem = `The row has the key ${clash}, which is a name of the prediction, and the first rows have no such key.`;
    const [name] = freeNames(['prediction_error'], [...(keys ?? []), ...this.#added]);
    return withJsonFields(text, jsonKeys([name ?? '']), [problem]);
  }
}

/** A row of JSON, on one line. */
interface JsonRow {
  text: string;
  /** Its keys, where they may be names of a prediction. */
  keys: Set<string> | null;
}

const likePrediction = /"(?:prediction|confidence|probability_)/;

/** null: it is no object. */
function objectOf(text: string): JsonRow | null {
  // Between its tokens an object of an array may have line breaks, and nowhere else.
  const line = text.trim().replaceAll(/[\r\n]+/g, ' ');
  if (!line.startsWith('{') || !line.endsWith('}')) return null;
  return { text: line, keys: likePrediction.test(line) ? keysOf(line) : null };
}

function keysOf(text: string): Set<string> {
  try {
    return new Set(Object.keys(JSON.parse(text) as object));
  } catch {
    return new Set();
  }
}

/** Of the columns and, in JSON, of keys without cells: those of arrays. */
function takenNames({ names, texts = [] }: RowBatch): string[] {
  return [...new Set([...names, ...texts.flatMap((text) => [...(objectOf(text)?.keys ?? [])])])];
}

/** A cell as JSON writes a value of its declared type. */
function jsonCell(cell: string | null, declared: DeclaredType | undefined): WrittenCell {
  if (cell === null || cell === '') return cell;
  if (declared === 'boolean') return cell === 'true';
  const number = Number(cell);
  // An integer that a double does not hold stays the text that it is.
  const isExact = Number.isInteger(number) ? Number.isSafeInteger(number) : Number.isFinite(number);
  return declared === 'number' && isExact ? number : cell;
}

export function invalidTable({ problems, message }: TableRefusal): TrainyardError {
  return new TrainyardError('DATASET_INVALID', message, { problems });
}
