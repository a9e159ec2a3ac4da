/** JSON Lines: an object a line; and one JSON array of objects, which is what users have who were not asked for lines. */
import { mostProblems, type Dialect, type TableProblem, type TableWarning } from '../table-schema.js';
import { encodingWarning, UndecodableText, type DecodedText } from './decode-text.js';
import { JsonColumns, type JsonObject } from './json-columns.js';
import { JsonArraySplitter, JsonLineSplitter, parseExactly, type JsonDocument } from './json-documents.js';
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

/** `openText` gives the text from its beginning at each call. */
export class JsonReader implements RowReader {
  readonly dialect: Dialect;
  readonly declared = null;
  readonly rowCount = null;
  warnings: TableWarning[] = [];
  readonly #openText: () => DecodedText;
  readonly #layout: 'lines' | 'array';
  readonly #limits: FormatLimits;
  readonly #keepBadRows: boolean;

  constructor(
    openText: () => DecodedText,
    layout: 'lines' | 'array',
    { keepBadRows = false }: RowOptions,
    limits: FormatLimits,
  ) {
    this.#keepBadRows = keepBadRows;
    this.#openText = openText;
    this.#layout = layout;
    this.#limits = limits;
    const { encoding } = openText();
    this.dialect = {
      format: 'jsonl',
      compression: null,
      encoding,
      delimiter: null,
      escape: null,
      header: null,
    };
  }

  async *batches(): AsyncGenerator<RowBatch> {
    const text = this.#openText();
    const columns = new JsonColumns(this.#limits);
    const problems: TableProblem[] = [];
    const splitter = this.#layout === 'lines' ? new JsonLineSplitter() : new JsonArraySplitter();
    let texts: string[] = [];
    const add = (documents: JsonDocument[]): void => {
      for (const document of documents) {
        this.#add(document, columns, problems);
        if (this.#keepBadRows) texts.push(document.text);
      }
    };
    const take = function* (): Iterable<RowBatch> {
      for (const batch of columns.take()) yield { ...batch, ...(texts.length > 0 && { texts }) };
      texts = [];
    };
    try {
      for await (const piece of text.pieces) {
        add(splitter.push(piece));
        if (splitter.pendingLength > this.#limits.rowLength) throw this.#tooLong(splitter.lastLine);
        if (problems.length === 0) yield* take();
      }
    } catch (error) {
      throw error instanceof UndecodableText ? error.at(splitter.lastLine) : error;
    }
    add(splitter.end());
    if (problems.length > 0) throw new TableRefusal(problems);
    if (columns.rowCount === 0)
      throw refusal('NO_ROWS', 'The file has no objects. Upload a table with at least one row.');
    if (columns.columnCount === 0) {
      throw refusal(
        'NOT_A_TABLE',
        'No object has a key with a text, a number or a boolean, so there are no columns.',
      );
    }
    yield* take();
    this.dialect.encoding = text.encoding;
    this.warnings = [...columns.warnings(), ...encodingWarning(text)];
  }

  #add({ text, line }: JsonDocument, columns: JsonColumns, problems: TableProblem[]): void {
    if (text.length > this.#limits.rowLength) throw this.#tooLong(line);
    const fail = (reason: string): void => {
      const found = problem('BAD_JSON', `Line ${line} is ${reason}`, { line, value: shortened(text.trim()) });
      if (this.#keepBadRows) {
        columns.addBad(found, line);
        return;
      }
      problems.push(found);
      if (problems.length === mostProblems) throw new TableRefusal(problems);
    };
    let value: unknown;
    try {
      value = parseExactly(text);
    } catch (error) {
      if (this.#layout === 'lines' && columns.rowCount === 0 && /^\s*\{\s*$/.test(text)) {
        throw refusal(
          'NOT_A_TABLE',
          'The file has a JSON object over several lines. JSON Lines has each object on a line of its own: jq -c . FILE writes it so.',
          { line },
        );
      }
      fail(`not JSON: ${whyNotJson(text, error)}`);
      return;
    }
    if (isObject(value)) columns.add(value, line);
    else fail('not an object. Each row must be an object such as {"age": 31, "city": "Oslo"}.');
  }

  #tooLong(line: number): TableRefusal {
    return refusal('TOO_LARGE', `Line ${line}: the row has more than ${this.#limits.rowLength} characters.`, {
      line,
    });
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** With what to change, where that is plain. */
function whyNotJson(text: string, error: unknown): string {
  const trimmed = text.trim();
  if (trimmed.endsWith(',') && isJson(trimmed.slice(0, -1)))
    return 'remove the comma at the end of the line.';
  if (/[:[,]\s*-?(?:NaN|Infinity)\b/.test(text)) return 'write null in place of NaN and Infinity.';
  if (/^\{\s*'/.test(trimmed)) return 'put names and texts in double quotes, not in single ones.';
  if (/^\{\s*$/.test(trimmed)) return 'the whole object must be on this line.';
  const reason = error instanceof Error ? error.message : String(error);
  return `${reason.replace(/^JSON\.parse: |, ?(?:"|\.\.\.).* is not valid JSON$/g, '')}.`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
