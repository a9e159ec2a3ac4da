/** CSV and its relatives: text whose lines are rows and whose fields are separated by one character. */
import type { Dialect, TableProblem, TableWarning } from '../table-schema.js';
import { mostProblems } from '../table-schema.js';
import { ColumnNames, numberedNames } from './column-names.js';
import { detectDialect, type Trial } from './csv-dialect.js';
import { hasHeader } from './csv-header.js';
import { CsvRecords, type CsvDialect } from './csv-records.js';
import { encodingWarning, UndecodableText, type DecodedText } from './decode-text.js';
import {
  problem,
  refusal,
  shortened,
  TableRefusal,
  type FormatLimits,
  type RowBatch,
  type RowOptions,
  type RowReader,
} from './rows.js';

/** Characters at the beginning of a file from which its dialect is found. */
const sampleLength = 256 * 1024;

const longestFirstRow = 1024 * 1024;

/** `openText` gives the text from its beginning at each call. */
export async function openCsv(
  openText: () => DecodedText,
  options: RowOptions,
  limits: FormatLimits,
): Promise<CsvReader> {
  let { sample, whole, encoding } = await takeSample(openText(), sampleLength);
  if (whole && sample.trim() === '') {
    throw refusal(
      'EMPTY_FILE',
      'The file has no text, only white space. Upload a table with a header and rows.',
    );
  }
  let trial = detectDialect(sample, whole, options);
  if (!whole && !trial.faulty && trial.records.length < 2) {
    ({ sample, whole, encoding } = await takeSample(openText(), longestFirstRow));
    trial = detectDialect(sample, whole, options);
  }
  if (trial.records.length === 0 && !trial.faulty) {
    const message = `The first row has more than ${longestFirstRow} characters. Either this is no table, or a quote in it is never closed.`;
    throw refusal('NOT_A_TABLE', message, { line: 1 });
  }
  return new CsvReader(openText, encoding, trial, options, limits);
}

class CsvReader implements RowReader {
  readonly dialect: Dialect;
  readonly declared = null;
  readonly rowCount = null;
  warnings: TableWarning[] = [];
  /** Of the header. */
  readonly #headerWarnings: TableWarning[] = [];
  readonly #openText: () => DecodedText;
  readonly #csv: CsvDialect;
  readonly #limits: FormatLimits;
  readonly #keepBadRows: boolean;
  readonly #names: string[];
  /** Records before it are none, or the header. */
  readonly #firstRow: number;
  /** Each row ends with a delimiter, and the header does not. */
  readonly #trailing: boolean;

  constructor(
    openText: () => DecodedText,
    encoding: string,
    { dialect: csv, preamble, records }: Trial,
    options: RowOptions,
    limits: FormatLimits,
  ) {
    this.#openText = openText;
    this.#csv = csv;
    this.#limits = limits;
    this.#keepBadRows = options.keepBadRows === true;
    const [first = [], ...rows] = records;
    if (first.length > limits.columns) {
      throw refusal(
        'TOO_LARGE',
        `The file has ${first.length} columns. At most ${limits.columns} are taken.`,
      );
    }
    const header = options.header ?? hasHeader(records);
    if (header) {
      const { names, warnings } = new ColumnNames(first);
      this.#names = names;
      this.#headerWarnings.push(...warnings);
    } else {
      this.#names = numberedNames(first.length);
      this.#headerWarnings.push({
        code: 'HEADER_MISSING',
        column: null,
        message: `The first line looks like data, so it was read as a row, and the columns are named column_1 to column_${first.length}. If it has the names, set the option header to true.`,
      });
    }
    this.#firstRow = preamble + (header ? 1 : 0);
    this.#trailing =
      rows.length > 0 && rows.every((row) => row.length === first.length + 1 && row[row.length - 1] === '');
    if (this.#trailing) {
      this.#headerWarnings.push({
        code: 'TRAILING_DELIMITER',
        column: null,
        message:
          'Each row ends with a delimiter that the first line does not have. The empty field behind it was dropped.',
      });
    }
    this.dialect = {
      format: 'csv',
      compression: null,
      encoding,
      delimiter: csv.delimiter,
      escape: csv.escape,
      header,
    };
  }

  async *batches(): AsyncGenerator<RowBatch> {
    const text = this.#openText();
    const table = new RowCollector(this.#names, this.#trailing, this.#limits, this.#keepBadRows);
    let skipped = 0;
    const records = new CsvRecords(this.#csv, (fields, line) => {
      if (skipped < this.#firstRow) skipped++;
      else table.add(fields, line);
    });
    try {
      for await (const piece of text.pieces) {
        records.push(piece);
        this.#check(records, table);
        yield* table.take();
      }
    } catch (error) {
      throw error instanceof UndecodableText ? error.at(records.lastLine) : error;
    }
    records.end();
    this.#check(records, table);
    yield* table.take();
    if (table.problems.length > 0) throw new TableRefusal(table.problems);
    if (table.rows === 0) {
      throw refusal(
        'NO_ROWS',
        'The header was read, and no row follows it. Upload a table with at least one row.',
        {
          line: 1,
        },
      );
    }
    this.dialect.encoding = text.encoding;
    this.warnings = [...this.#headerWarnings, ...encodingWarning(text)];
  }

  /** @throws TableRefusal when reading on makes no sense */
  #check(records: CsvRecords, table: RowCollector): void {
    const fault =
      records.fault ?? (records.pendingLength > this.#limits.rowLength ? records.pendingFault() : null);
    if (fault !== null) {
      const name = this.#names[fault.field] ?? null;
      const where = `Line ${fault.line}, column ${fault.field + 1}${name === null ? '' : ` ("${name}")`}`;
      const at = { line: fault.line, column: name ?? String(fault.field + 1), value: shortened(fault.value) };
      table.problems.push(
        fault.kind === 'unclosed'
          ? problem(
              'UNCLOSED_QUOTE',
              `${where}: a quote opens the field, and no quote closes it. Close it, or remove it.`,
              at,
            )
          : problem(
              'BAD_QUOTE',
              `${where}: there is a quote inside a quoted field. Write it twice (""), or remove it.`,
              at,
            ),
      );
      throw new TableRefusal(table.problems);
    }
    if (records.pendingLength > this.#limits.rowLength) {
      const { line } = records;
      throw refusal(
        'TOO_LARGE',
        `Line ${line}: the row has more than ${this.#limits.rowLength} characters.`,
        { line },
      );
    }
    if (table.problems.length >= mostProblems) throw new TableRefusal(table.problems.slice(0, mostProblems));
  }
}

/**
 * Collects rows of the right length, until one is not: from then on it collects only problems. With `keepBadRows` it goes
 * on, and such a row has the cells that it has.
 */
class RowCollector {
  readonly problems: TableProblem[] = [];
  rows = 0;
  readonly #keepBadRows: boolean;
  readonly #names: string[];
  readonly #fields: number;
  readonly #limits: FormatLimits;
  #batch = emptyBatch();

  constructor(names: string[], trailing: boolean, limits: FormatLimits, keepBadRows: boolean) {
    this.#keepBadRows = keepBadRows;
    this.#names = names;
    this.#fields = names.length + (trailing ? 1 : 0);
    this.#limits = limits;
  }

  add(fields: string[], line: number): void {
    this.rows++;
    if (this.rows > this.#limits.rows) {
      throw refusal(
        'TOO_LARGE',
        `The file has more than ${this.#limits.rows} rows, which is the most that is taken.`,
        { line },
      );
    }
    if (fields.length !== this.#fields || (this.#fields > this.#names.length && fields.pop() !== '')) {
      this.#refuse(this.#wrongLength(fields, line));
      if (!this.#keepBadRows) return;
      fields.length = Math.min(fields.length, this.#names.length);
      while (fields.length < this.#names.length) fields.push('');
    }
    for (let i = 0; i < fields.length; i++) {
      if ((fields[i] ?? '').length > this.#limits.fieldLength) this.#refuse(this.#tooLong(fields, i, line));
    }
    this.#batch.rows.push(fields);
    this.#batch.lines.push(line);
  }

  /** The rows since the last call. */
  *take(): Iterable<RowBatch> {
    const batch = this.#batch;
    this.#batch = emptyBatch();
    if (batch.rows.length > 0 && this.problems.length === 0) yield { names: this.#names, ...batch };
  }

  /** Of the row that comes next. */
  #refuse(found: TableProblem): void {
    if (this.#keepBadRows) this.#batch.problems.set(this.#batch.rows.length, found);
    else this.problems.push(found);
  }

  #wrongLength(fields: string[], line: number): TableProblem {
    const names = this.#names.length;
    const surplus = fields.length > names;
    const message = `Line ${line}: ${fields.length} fields where ${names} columns are named. ${
      surplus
        ? `Field ${names + 1} is one too many: a field with the delimiter in it needs quotes.`
        : `Nothing stands for "${this.#names[fields.length] ?? ''}".`
    }`;
    return problem('ROW_LENGTH', message, {
      line,
      column: surplus ? String(names + 1) : (this.#names[fields.length] ?? null),
      value: surplus ? shortened(fields[names] ?? '') : null,
    });
  }

  #tooLong(fields: string[], index: number, line: number): TableProblem {
    const field = fields[index] ?? '';
    const name = this.#names[index] ?? '';
    return problem(
      'TOO_LARGE',
      `Line ${line}, column ${index + 1} ("${name}"): the field has ${field.length} characters. At most ${this.#limits.fieldLength} are taken.`,
      { line, column: name, value: shortened(field) },
    );
  }
}

function emptyBatch() {
  return { rows: [] as string[][], lines: [] as number[], problems: new Map<number, TableProblem>() };
}

async function takeSample(
  text: DecodedText,
  length: number,
): Promise<{ sample: string; whole: boolean; encoding: string }> {
  let sample = '';
  try {
    for await (const piece of text.pieces) {
      sample += piece;
      if (sample.length >= length) return { sample, whole: false, encoding: text.encoding };
    }
  } catch (error) {
    if (!(error instanceof UndecodableText)) throw error;
    throw error.at(sample.split(/\r\n|[\r\n]/).length);
  }
  return { sample, whole: true, encoding: text.encoding };
}
