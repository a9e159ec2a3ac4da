/**
 * Parses JSON with memory bounded by its length. Rectangular lists of numbers are packed while they are read, and
 * everything else in a body is limited. JSON.parse makes an object of about 50 bytes from every `[]`, and a heap limit
 * does not stop it in time: a body of 32 MiB could end the process.
 */
import { TrainyardError } from '../../errors.js';
import { sizeOfShape, shapeText } from '../../model/serving/packed-numbers.js';
import { pointerTo } from '../../lib/json-pointer.js';
import { nameOf } from '../problems/invalid-request.js';
import { hasColumnNames, inheritedKey, malformedJson } from './malformed-json.js';

/** A packed list of numbers: the member `key` of `holder`, which is part of the parsed value. */
export interface PackedPlace {
  holder: Record<string, unknown> | unknown[];
  key: string | number;
  shape: number[];
  /** Index of its first number. */
  start: number;
}

export interface PackedJson {
  /** The parsed value is its member `body`. */
  root: { body: unknown };
  places: PackedPlace[];
  /** The numbers of all packed lists. */
  numbers: Float64Array;
  /** How many values are not packed. */
  values: number;
}

/** Values that are not packed numbers: 1,024 rows of 250 columns by name. */
const mostValues = 2 ** 18;
/** Characters in all strings and keys. */
const mostText = 2 ** 23;
const mostLevels = 16;
/** Lists with fewer values stay plain arrays. */
const packedFrom = 16;

/** Consecutive numbers in `numbers`: a list of this shape or, without dimensions, one number. */
class Run {
  readonly start: number;
  readonly shape: readonly number[];

  constructor(start: number, shape: readonly number[]) {
    this.start = start;
    this.shape = shape;
  }
}

const scalar: readonly number[] = [];

/** The first numbers of a list are read byte by byte. */
const fewNumbers = 8;
/** The most that JSON.parse gets at a time. */
const pieceBytes = 2 ** 16;
const worthwhileBytes = 256;

const byteOrderMark = Buffer.from('\ufeff');
const powersOfTen = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

/** Stands for the byte after the last one. */
const endOfText = -1;
const [tab, newline, carriageReturn, space] = [0x09, 0x0a, 0x0d, 0x20];
const [quote, plus, comma, minus, point, zero, nine] = [0x22, 0x2b, 0x2c, 0x2d, 0x2e, 0x30, 0x39];
const [colon, capitalE, openList, backslash, closeList] = [0x3a, 0x45, 0x5b, 0x5c, 0x5d];
const [letterE, letterF, letterN, letterT, openObject, closeObject] = [0x65, 0x66, 0x6e, 0x74, 0x7b, 0x7d];

/** @throws TrainyardError MALFORMED_JSON, INVALID_REQUEST, BODY_TOO_LARGE */
export function parsePacked(text: Uint8Array): PackedJson {
  return new PackingParser(text).parse();
}

class PackingParser {
  #position = 0;
  readonly #bytes: Buffer;
  readonly #root: { body: unknown } = { body: undefined };
  readonly #places: PackedPlace[] = [];
  /** As long as any body of this length needs; only written parts take memory. */
  readonly #numbers: Float64Array;
  #used = 0;
  /** Before this position `readManyNumbers` would fail again. */
  #notManyBefore = 0;
  #values = 0;
  #textLength = 0;
  readonly #path: (string | number)[] = [];

  constructor(text: Uint8Array) {
    this.#bytes = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
    this.#numbers = new Float64Array(Math.ceil(text.length / 2));
  }

  parse(): PackedJson {
    if (this.#bytes.subarray(0, 3).equals(byteOrderMark)) this.#position = 3;
    this.#keep(this.#root, 'body', this.#readValue());
    if (this.#peek() !== endOfText) throw this.#unexpected();
    return {
      root: this.#root,
      places: this.#places,
      numbers: this.#numbers.slice(0, this.#used),
      values: this.#values,
    };
  }

  /** Returns a `Run` for a number and for a list that can be packed. */
  #readValue(): unknown {
    const byte = this.#peek();
    switch (byte) {
      case openList:
        return this.#readList();
      case openObject:
        return this.#readObject();
      case quote:
        return this.#readText();
      case letterT:
        return this.#readWord('true', true);
      case letterF:
        return this.#readWord('false', false);
      case letterN:
        return this.#readWord('null', null);
      default:
        return this.#readNumber(byte);
    }
  }

  #readList(): unknown {
    const start = this.#used;
    const level = this.#enter();
    let count = 0;
    let shape = scalar;
    let items: unknown[] | undefined;
    if (this.#peek() !== closeList) {
      do {
        if (count >= fewNumbers && shape === scalar && items === undefined) count += this.#readManyNumbers();
        this.#path[level] = count;
        const item = this.#readValue();
        if (items === undefined && item instanceof Run && (count === 0 || isSameShape(item.shape, shape))) {
          shape = item.shape;
        } else {
          items ??= this.#unpack(start, count, shape, item);
          this.#keep(items, count, item);
        }
        count++;
      } while (this.#takes(comma));
    }
    this.#leave(closeList);
    return items ?? new Run(start, [count, ...shape]);
  }

  /**
   * Reads many numbers at once with JSON.parse, which is several times as fast. Stops after a comma; the last number of
   * the list is left. Returns how many it read.
   */
  #readManyNumbers(): number {
    const bytes = this.#bytes;
    const start = this.#position;
    if (start < this.#notManyBefore) return 0;
    const ahead = bytes.subarray(start, start + pieceBytes);
    const close = ahead.indexOf(closeList);
    const length = ahead.lastIndexOf(comma, close === -1 ? pieceBytes : close);
    this.#notManyBefore = start + Math.max(length, 1);
    if (length < worthwhileBytes) return 0;
    const items = parseOrNull(`[${ahead.toString('latin1', 0, length)}]`);
    if (items?.every((item) => typeof item === 'number') !== true) return 0;
    this.#numbers.set(items, this.#used);
    this.#used += items.length;
    this.#position = start + length + 1;
    return items.length;
  }

  #readObject(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    const level = this.#enter();
    if (this.#peek() !== closeObject) {
      do {
        if (this.#peek() !== quote) throw this.#unexpected();
        const key = this.#readText();
        if (key === '__proto__') this.#own(object, level);
        this.#path[level] = key;
        if (!this.#takes(colon)) throw this.#unexpected();
        this.#keep(object, key, this.#readValue());
      } while (this.#takes(comma));
    }
    this.#leave(closeObject);
    return object;
  }

  /** Makes `__proto__` a key like any other, where the object has the names of columns. */
  #own(object: object, level: number): void {
    if (!hasColumnNames(this.#path.slice(0, level))) throw malformedJson(inheritedKey);
    Object.defineProperty(object, '__proto__', {
      value: null,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }

  #enter(): number {
    if (this.#path.length === mostLevels) {
      throw new TrainyardError('INVALID_REQUEST', `The body is nested more than ${mostLevels} deep.`);
    }
    this.#position++;
    return this.#path.push('') - 1;
  }

  #leave(close: number): void {
    if (!this.#takes(close)) throw this.#unexpected();
    this.#path.pop();
  }

  /** The items so far, as separate runs, of a list that turns out not to be rectangular or not to hold only numbers. */
  #unpack(start: number, count: number, shape: readonly number[], other: unknown): unknown[] {
    if (count > mostValues) throw this.#mixed(shape, other);
    const size = sizeOfShape(shape);
    const items: unknown[] = [];
    for (let i = 0; i < count; i++) this.#keep(items, i, new Run(start + i * size, shape));
    return items;
  }

  /** Puts a value in its place. A short run becomes plain numbers. */
  #keep(holder: PackedPlace['holder'], key: string | number, value: unknown): void {
    const members = holder as Record<string | number, unknown>;
    if (!(value instanceof Run)) {
      members[key] = value;
      this.#count(1);
    } else if (valuesOf(value.shape) < packedFrom) {
      members[key] = this.#plain(value.start, value.shape);
      this.#count(1 + valuesOf(value.shape));
    } else {
      members[key] = null;
      this.#places.push({ holder, key, shape: [...value.shape], start: value.start });
      this.#count(1);
    }
  }

  #count(values: number): void {
    this.#values += values;
    if (this.#values <= mostValues) return;
    const most = mostValues.toLocaleString('en');
    throw tooLarge(`The body has more than ${most} values besides its rectangular lists of numbers.`);
  }

  #plain(start: number, [count, ...shape]: readonly number[]): unknown {
    if (count === undefined) return this.#numbers[start];
    const size = sizeOfShape(shape);
    return Array.from({ length: count }, (_, i) => this.#plain(start + i * size, shape));
  }

  #readWord(word: string, value: unknown): unknown {
    const end = this.#position + word.length;
    if (this.#bytes.toString('latin1', this.#position, end) !== word) throw this.#unexpected();
    this.#position = end;
    return value;
  }

  #readText(): string {
    const start = this.#position;
    let end = start + 1;
    while (this.#bytes[end] !== quote) {
      if (end >= this.#bytes.length) throw this.#endsTooSoon();
      end += this.#bytes[end] === backslash ? 2 : 1;
    }
    this.#position = end + 1;
    this.#textLength += end - start;
    if (this.#textLength > mostText) {
      throw tooLarge(`The body has more than ${mostText.toLocaleString('en')} characters in its strings.`);
    }
    try {
      return JSON.parse(this.#bytes.toString('utf8', start, this.#position)) as string;
    } catch {
      throw malformedJson(`Bad text at position ${start}`);
    }
  }

  /**
   * Exact: integers of up to 15 digits and powers of ten up to 10 ** 22 are float64 numbers, and their quotient is
   * rounded once.
   */
  #readNumber(first: number): Run {
    const bytes = this.#bytes;
    const start = this.#position;
    let at = first === minus ? start + 1 : start;
    const integerStart = at;
    let digits = 0;
    let byte = bytes[at] ?? endOfText;
    while (isDigit(byte)) {
      digits = digits * 10 + (byte - zero);
      byte = bytes[++at] ?? endOfText;
    }
    const integerDigits = at - integerStart;
    if (integerDigits === 0 || (integerDigits > 1 && bytes[integerStart] === zero)) throw this.#unexpected();
    let fractionDigits = 0;
    if (byte === point) {
      const fractionStart = at + 1;
      byte = bytes[++at] ?? endOfText;
      while (isDigit(byte)) {
        digits = digits * 10 + (byte - zero);
        byte = bytes[++at] ?? endOfText;
      }
      fractionDigits = at - fractionStart;
      if (fractionDigits === 0) throw this.#unexpectedAt(at);
    }
    const hasExponent = byte === letterE || byte === capitalE;
    if (hasExponent) at = this.#endOfExponent(at + 1);
    this.#position = at;
    const value =
      hasExponent || integerDigits + fractionDigits > 15
        ? Number(bytes.toString('latin1', start, at))
        : (first === minus ? -digits : digits) / (powersOfTen[fractionDigits] ?? 1);
    this.#numbers[this.#used] = value;
    return new Run(this.#used++, scalar);
  }

  #endOfExponent(start: number): number {
    let at = start;
    if (this.#bytes[at] === plus || this.#bytes[at] === minus) at++;
    const digitsStart = at;
    while (isDigit(this.#bytes[at] ?? endOfText)) at++;
    if (at === digitsStart) throw this.#unexpectedAt(at);
    return at;
  }

  /** The next byte that is not white space. */
  #peek(): number {
    let byte = this.#bytes[this.#position] ?? endOfText;
    while (byte === space || byte === newline || byte === carriageReturn || byte === tab) {
      byte = this.#bytes[++this.#position] ?? endOfText;
    }
    return byte;
  }

  #takes(byte: number): boolean {
    if (this.#peek() !== byte) return false;
    this.#position++;
    return true;
  }

  #mixed(shape: readonly number[], other: unknown): TrainyardError {
    const before = shape.length === 0 ? 'numbers' : `lists of the shape ${shapeText(shape)}`;
    const pointer = pointerTo(this.#path);
    const message = `${nameOf(pointer) ?? 'The body'} is ${kindOf(other)}, but the items before it are ${before}.`;
    return new TrainyardError('INVALID_REQUEST', message, { pointer });
  }

  #unexpected(): TrainyardError {
    this.#peek();
    return this.#unexpectedAt(this.#position);
  }

  #unexpectedAt(position: number): TrainyardError {
    if (position >= this.#bytes.length) return this.#endsTooSoon();
    const near = this.#bytes.toString('utf8', position, position + 12).replaceAll('\ufffd', '');
    return malformedJson(`Unexpected ${JSON.stringify(near)} at position ${position}`, near);
  }

  #endsTooSoon(): TrainyardError {
    return malformedJson('It ends too soon');
  }
}

function parseOrNull(list: string): unknown[] | null {
  try {
    return JSON.parse(list) as unknown[];
  } catch {
    // Reading it byte by byte finds out what is wrong.
    return null;
  }
}

function isSameShape(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((length, axis) => length === other[axis]);
}

function isDigit(byte: number): boolean {
  return byte >= zero && byte <= nine;
}

/** The lists and numbers in a list of this shape, counted together. */
function valuesOf(shape: readonly number[]): number {
  let product = 1;
  return shape.reduce((sum, length) => sum + (product *= length), 0);
}

function kindOf(value: unknown): string {
  if (value instanceof Run) {
    return value.shape.length === 0 ? 'a number' : `a list of the shape ${shapeText(value.shape)}`;
  }
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return 'a string';
  return Array.isArray(value) ? 'a mixed list' : 'an object';
}

function tooLarge(message: string): TrainyardError {
  return new TrainyardError('BODY_TOO_LARGE', message);
}
