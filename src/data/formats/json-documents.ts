/** Text to JSON documents, each with its line: the lines of JSON Lines, or the elements of one array. */
import { refusal } from './rows.js';

export interface JsonDocument {
  text: string;
  line: number;
}

/** Cuts text into documents, whatever the pieces that it comes in. */
export interface JsonSplitter {
  /** Text whose document is not complete yet. */
  readonly pendingLength: number;
  /** The line at the end of all text so far. */
  readonly lastLine: number;
  /** @throws TableRefusal BAD_JSON */
  push(piece: string): JsonDocument[];
  /** After the last piece. */
  end(): JsonDocument[];
}

export class JsonLineSplitter implements JsonSplitter {
  #pending: string[] = [];
  #pendingLength = 0;
  #line = 1;

  get pendingLength(): number {
    return this.#pendingLength;
  }

  get lastLine(): number {
    return this.#line;
  }

  push(piece: string): JsonDocument[] {
    this.#pending.push(piece);
    this.#pendingLength += piece.length;
    if (!piece.includes('\n')) return [];
    const lines = this.#pending.join('').split('\n');
    const rest = lines.pop() ?? '';
    this.#pending = [rest];
    this.#pendingLength = rest.length;
    return this.#documents(lines);
  }

  end(): JsonDocument[] {
    const rest = this.#pending.join('');
    this.#pending = [];
    this.#pendingLength = 0;
    return this.#documents([rest]);
  }

  #documents(lines: string[]): JsonDocument[] {
    return lines.flatMap((text) => {
      const line = this.#line++;
      return text.trim() === '' ? [] : [{ text, line }];
    });
  }
}

const quote = 0x22;
const backslash = 0x5c;
const newline = 0x0a;

/** The objects and arrays directly inside one array. What is inside them is not looked at, only where they end. */
export class JsonArraySplitter implements JsonSplitter {
  lastLine = 1;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** What may come next directly inside the array. */
  #next: 'array' | 'first' | 'element' | 'comma' | 'nothing' = 'array';
  /** The beginning of an element that is not complete yet. */
  #pending: string[] = [];
  #pendingLength = 0;
  #elementLine = 1;

  get pendingLength(): number {
    return this.#pendingLength;
  }

  push(piece: string): JsonDocument[] {
    const documents: JsonDocument[] = [];
    let start = 0;
    for (let i = 0; i < piece.length; i++) {
      const code = piece.charCodeAt(i);
      if (code === newline) this.lastLine++;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (code === backslash) this.#escaped = true;
        else if (code === quote) this.#inString = false;
        continue;
      }
      if (this.#depth <= 1 && !this.#outside(piece[i] ?? '')) continue;
      if (code === quote) this.#inString = true;
      else if (code === 0x7b || code === 0x5b) {
        this.#depth++;
        if (this.#depth === 2) {
          start = i;
          this.#elementLine = this.lastLine;
        }
      } else if (code === 0x7d || code === 0x5d) {
        this.#depth--;
        if (this.#depth === 1) {
          documents.push({
            text: this.#pending.join('') + piece.slice(start, i + 1),
            line: this.#elementLine,
          });
          this.#pending = [];
          this.#pendingLength = 0;
        }
      }
    }
    if (this.#depth > 1) {
      const rest = piece.slice(start);
      this.#pending.push(rest);
      this.#pendingLength += rest.length;
    }
    return documents;
  }

  end(): JsonDocument[] {
    if (this.#next === 'nothing') return [];
    throw this.#bad('the array is not closed, so the file is cut short. Upload all of it');
  }

  /** Of a character outside the elements: whether it begins or ends something. */
  #outside(character: string): boolean {
    if (/\s/.test(character)) return false;
    switch (this.#next) {
      case 'array':
        this.#next = 'first';
        return true;
      case 'first':
      case 'element':
        if (character === ']' && this.#next === 'first') {
          this.#next = 'nothing';
          return true;
        }
        if (character !== '{' && character !== '[') {
          throw this.#bad(
            character === ']'
              ? 'remove the comma before the bracket'
              : 'each element of the array must be an object such as {"age": 31}',
          );
        }
        this.#next = 'comma';
        return true;
      case 'comma':
        if (character === ',') this.#next = 'element';
        else if (character === ']') this.#next = 'nothing';
        else throw this.#bad('there must be a comma between two elements of the array');
        return character === ']';
      case 'nothing':
        throw this.#bad('there is text after the end of the array');
    }
  }

  #bad(reason: string) {
    return refusal('BAD_JSON', `Line ${this.lastLine}: ${reason}.`, { line: this.lastLine });
  }
}

/** Tokens of valid JSON in which digits can be: strings and numbers. */
const stringsAndNumbers = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;

/**
 * Like JSON.parse, but numbers that a double does not hold exactly, integers beyond 2^53 and those that overflow, become
 * the text that they are written as.
 * @throws SyntaxError
 */
export function parseExactly(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!/\d{16}|\d[eE]/.test(text)) return value;
  return JSON.parse(text.replace(stringsAndNumbers, (token) => (isExact(token) ? token : `"${token}"`)));
}

function isExact(token: string): boolean {
  if (token.startsWith('"')) return true;
  const value = Number(token);
  return Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
}
