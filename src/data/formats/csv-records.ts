/**
 * CSV text to records, piece by piece, each with the line on which it begins. Papa Parse finds the fields; this file gives
 * it whole records, whatever the pieces, and says where a quote is at fault.
 */
import Papa from 'papaparse';

export interface CsvDialect {
  delimiter: string;
  /** '\n' covers CRLF too. */
  newline: '\n' | '\r';
  escape: '"' | '\\';
}

/** Receives the fields of a record and its line. */
export type SeeRecord = (fields: string[], line: number) => void;

export interface QuoteFault {
  kind: 'unclosed' | 'misplaced';
  /** Of the opening quote where it is never closed, of the quote at fault otherwise. */
  line: number;
  /** Index of the field. */
  field: number;
  /** The text at fault, from the opening quote on. */
  value: string;
}

/** What Papa Parse gives for each record. */
interface Step {
  data: string[][];
  errors: { code: string; index?: number }[];
  meta: { cursor: number };
}

export class CsvRecords {
  /** Of the first quote that is not as it should be. No records are read after it. */
  fault: QuoteFault | null = null;
  /** The line on which the next record begins. */
  line = 1;
  readonly #dialect: CsvDialect;
  readonly #parser: Papa.Parser;
  readonly #see: SeeRecord;
  /** Text after the last whole record. */
  #pending = '';
  /** Parsing waits for this much text, so that a long record is not parsed anew for each little piece. */
  #enough = 0;
  /** Backslashes at the end of a piece, whose meaning the next piece shows. */
  #backslashes = '';
  /** What is being parsed, and where its next record begins. */
  #text = '';
  #start = 0;
  #hasQuotes = false;

  constructor(dialect: CsvDialect, see: SeeRecord) {
    this.#dialect = dialect;
    this.#see = see;
    const { delimiter, newline } = dialect;
    this.#parser = new Papa.Parser({
      delimiter,
      newline,
      step: (step) => {
        this.#step(step as unknown as Step);
      },
    });
  }

  /** The text whose record is not complete yet. */
  get pendingLength(): number {
    return this.#pending.length;
  }

  /** The line at the end of all text so far. */
  get lastLine(): number {
    return this.line + this.#lineEnds(this.#pending);
  }

  push(piece: string): void {
    this.#pending += this.#dialect.escape === '\\' ? this.#withDoubledQuotes(piece) : piece;
    if (this.#pending.length >= this.#enough) this.#parse(false);
  }

  /** After the last piece. */
  end(): void {
    this.#pending += this.#backslashes;
    this.#parse(true);
  }

  /** What is wrong with the record that is not complete: its quote, or null where it is just long. */
  pendingFault(): QuoteFault | null {
    const result = this.#untilEnd(this.#pending);
    return this.#faultIn(result.errors, this.#pending, 0, this.line);
  }

  #parse(last: boolean): void {
    if (this.fault !== null) return;
    this.#text = this.#pending;
    this.#start = 0;
    this.#hasQuotes = this.#text.includes('"');
    this.#parser.parse(this.#text, 0, !last);
    this.#pending = this.#text.slice(this.#start);
    this.#enough = 2 * this.#pending.length;
    this.#text = '';
  }

  #step({ data, errors, meta }: Step): void {
    const fields = data[0];
    if (fields === undefined) return;
    const start = this.#start;
    const end = meta.cursor;
    const fault = this.#faultIn(errors, this.#text, start, this.line);
    if (fault !== null) {
      this.fault = fault;
      this.#parser.abort();
      return;
    }
    this.#start = end;
    const line = this.line;
    this.line += this.#hasQuotes ? this.#linesOf(start, end) : 1;
    if (fields.length === 1 && (fields[0] ?? '').trim() === '' && this.#text.slice(start, end).trim() === '')
      return;
    this.#dropCarriageReturn(fields, start, end);
    this.#see(fields, line);
  }

  /** Of a record: one, unless there are line ends inside its quotes. */
  #linesOf(start: number, end: number): number {
    const isOne = this.#dialect.newline === '\n' && this.#text.indexOf('\n', start) >= end - 1;
    return isOne ? 1 : this.#lineEnds(this.#text.slice(start, end));
  }

  /** Of a line that ends in CRLF. A carriage return inside quotes stays. */
  #dropCarriageReturn(fields: string[], start: number, end: number): void {
    const last = fields[fields.length - 1] ?? '';
    if (!last.endsWith('\r') || this.#dialect.newline === '\r') return;
    if (this.#hasQuotes) {
      const { delimiter } = this.#dialect;
      const record = this.#text.slice(start, end).replace(/\n$/, '');
      // Text in quotes that looks like this has a delimiter in it.
      const isUnquoted = record === last || (record.endsWith(delimiter + last) && !last.includes(delimiter));
      if (last.startsWith('"') || !isUnquoted) return;
    }
    fields[fields.length - 1] = last.slice(0, -1);
  }

  #faultIn(errors: Step['errors'], text: string, start: number, line: number): QuoteFault | null {
    const [error] = errors;
    if (error === undefined) return null;
    // Papa Parse gives the index after the opening quote.
    const opening = (error.index ?? start + 1) - 1;
    const before = text.slice(start, opening);
    const field = this.#fieldsIn(before);
    const value = text.slice(opening, opening + 100);
    const openingLine = line + this.#lineEnds(before);
    if (error.code === 'MissingQuotes') return { kind: 'unclosed', line: openingLine, field, value };
    const fault = this.#misplacedQuote(text, opening);
    // A quote that looks like the opening one of a later line shows that the one before was never closed.
    const faultLine = openingLine + this.#lineEnds(text.slice(opening, fault));
    const opensField = [this.#dialect.delimiter, this.#dialect.newline].includes(text[fault - 1] ?? '');
    return faultLine > openingLine && opensField
      ? { kind: 'unclosed', line: openingLine, field, value }
      : { kind: 'misplaced', line: faultLine, field, value };
  }

  /** The index of the first quote inside the quotes from `opening` on that neither is doubled nor ends the field. */
  #misplacedQuote(text: string, opening: number): number {
    const { delimiter, newline } = this.#dialect;
    for (let quote = text.indexOf('"', opening + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
      if (text[quote + 1] === '"') quote++;
      else {
        const after = text.slice(quote + 1, quote + 100).trimStart()[0];
        if (after !== undefined && after !== delimiter && after !== newline) return quote;
      }
    }
    return opening;
  }

  /** How many whole fields there are in the beginning of a record. */
  #fieldsIn(beginning: string): number {
    return beginning === '' ? 0 : (this.#untilEnd(beginning).data[0]?.length ?? 1) - 1;
  }

  #untilEnd(text: string): Step {
    const { delimiter, newline } = this.#dialect;
    return new Papa.Parser({ delimiter, newline }).parse(text, 0, false) as Step;
  }

  #lineEnds(text: string): number {
    if (this.#dialect.newline === '\n') return text.split('\n').length - 1;
    return text.match(/\r\n|[\r\n]/g)?.length ?? 0;
  }

  /** Papa Parse takes `\\` before a closing quote for an escaped quote; doubled quotes it reads right. */
  #withDoubledQuotes(piece: string): string {
    const text = this.#backslashes + piece;
    this.#backslashes = /\\*$/.exec(text)?.[0] ?? '';
    return text
      .slice(0, text.length - this.#backslashes.length)
      .replace(/\\(["\\])/g, (_, escaped: string) => (escaped === '"' ? '""' : escaped));
  }
}
