/** How a CSV file separates its fields, found from its beginning; what does not fit later is refused, never guessed. */
import { CsvRecords, type CsvDialect } from './csv-records.js';
import type { FormatOptions } from './rows.js';

/** Where several fit equally well, the first: text has commas more often than tabs. */
const delimiters = ['\t', ';', '|', ','];

const mostRecords = 1_000;

/** The first line by which Excel is told the delimiter; it is no record. */
const separatorLine = /^sep=([,;\t|])\r?\n/i;

export interface Trial {
  dialect: CsvDialect;
  /** Records before the header that are none. */
  preamble: number;
  /** The first ones, as far as they are whole. */
  records: string[][];
  /** Fields of the first record. */
  names: number;
  /** Of the records after the first, the share that has as many fields, or one empty field more. */
  fitting: number;
  /** Of the cells, the share that has no other delimiter in it. */
  clean: number;
  faulty: boolean;
}

/** The dialect that fits best, and the first records as it reads them. `whole`: the sample is all of the file. */
export function detectDialect(sample: string, whole: boolean, options: FormatOptions): Trial {
  const trials = candidates(sample, options).map((dialect) => attempt(dialect, sample, whole));
  const separated = trials.filter((trial) => trial.names > 1);
  const best = bestOf(separated.length > 0 ? separated : trials);
  if (best.names > 1) return best;
  // One column. A delimiter in each row but not in the header is a header that does not fit, which the reader refuses.
  const misfit = trials.find(
    ({ records, fitting, clean }) => fitting === 0 && clean === 1 && isRegular(records),
  );
  return misfit ?? best;
}

function candidates(sample: string, options: FormatOptions): CsvDialect[] {
  const detected: CsvDialect['escape'][] = sample.includes('\\"') ? ['"', '\\'] : ['"'];
  const escapes = options.escape === undefined ? detected : [options.escape];
  const separator = options.delimiter ?? separatorLine.exec(sample)?.[1];
  const separators = separator === undefined ? delimiters : [separator];
  return escapes.flatMap((escape) => {
    const newline = usesCarriageReturns(sample, escape) ? '\r' : '\n';
    return separators.map((delimiter): CsvDialect => ({ delimiter, newline, escape }));
  });
}

/** Whether lines end with CR alone. */
function usesCarriageReturns(sample: string, escape: CsvDialect['escape']): boolean {
  if (!sample.includes('\r')) return false;
  const text = escape === '\\' ? sample.replace(/\\["\\]/g, '') : sample;
  const unquoted = text.replace(/"[^"]*(?:"|$)/g, '');
  return unquoted.includes('\r') && !unquoted.includes('\n');
}

function attempt(dialect: CsvDialect, sample: string, whole: boolean): Trial {
  const records: string[][] = [];
  const parsing = new CsvRecords(dialect, (fields) => {
    if (records.length < mostRecords) records.push(fields);
  });
  parsing.push(sample);
  if (whole) parsing.end();
  const preamble = separatorLine.test(sample) ? 1 : 0;
  records.splice(0, preamble);
  const [header = [], ...rows] = records;
  const fits = (row: string[]) =>
    row.length === header.length || (row.length === header.length + 1 && row[row.length - 1] === '');
  const others = delimiters.filter((delimiter) => delimiter !== dialect.delimiter);
  const cells = records.flat();
  return {
    dialect,
    preamble,
    records,
    names: header.length,
    fitting: rows.length === 0 ? 1 : rows.filter(fits).length / rows.length,
    clean:
      cells.filter((cell) => isDecimal(cell) || !others.some((other) => cell.includes(other))).length /
      cells.length,
    faulty: parsing.fault !== null,
  };
}

/** The one that fits best; of equals the first. */
function bestOf(trials: Trial[]): Trial {
  return trials.reduce((best, trial) => (score(trial) > score(best) + 1e-9 ? trial : best));
}

function score({ fitting, clean, faulty }: Trial): number {
  return fitting + clean / 2 - (faulty ? 1 : 0);
}

/** Whether all rows after the first have the same number of fields, several, and they are not decimals with a comma. */
function isRegular([, ...rows]: string[][]): boolean {
  const fields = rows[0]?.length ?? 1;
  return (
    fields > 1 && rows.every((row) => row.length === fields) && !rows.every((row) => isDecimal(row.join(',')))
  );
}

/** A number with a decimal comma, perhaps with groups. */
function isDecimal(cell: string): boolean {
  return /^\s*[-+(]?[\d.' ]*\d,\d+\)?\s*%?\s*$/.test(cell);
}
