/**
 * Reads the rows of models that take a table: one tensor for each column, named as the column, of the shape [rows, 1] or
 * [rows]. Cells become what they would be in a JSON request to /predict, so that they are read in the same way.
 */
import { isUtf8 } from 'node:buffer';
import { TrainyardError } from '../../../errors.js';
import { isNumeric, type BooleanFormat, type CellFormat } from '../../../lib/cells/cell-format.js';
import type { Cell } from '../../../lib/cells/columns.js';
import { shapeText, sizeOfShape } from '../../../model/serving/packed-numbers.js';
import {
  inputsOfColumns,
  type TableInputs,
  type TablePreprocessing,
} from '../../../model/serving/table-inputs.js';
import { datatypes } from './datatypes.js';
import type { InputTensor } from './infer-schemas.js';
import {
  datatypeOf,
  invalidInput,
  itemsOfJson,
  notOfType,
  numbersOfBytes,
  refuseOtherCounts,
  shownName,
  statedBytes,
} from './input-tensor.js';

/** The datatype of text. Models that take arrays have no use for it. */
const text = 'BYTES';

/** The latest time that a date can have, in milliseconds since 1970. */
const latestTime = 8.64e15;

/** The datatype that the metadata name for a column. */
export function datatypeOfColumn({ type }: CellFormat): 'FP64' | 'BOOL' | 'BYTES' {
  if (type === 'number') return 'FP64';
  return type === 'boolean' ? 'BOOL' : text;
}

/** All datatypes that a column is read from. */
function takenFor({ type }: CellFormat): string[] {
  if (type === 'datetime') return [text, 'INT64'];
  const taken = [...datatypes.keys(), text];
  return type === 'number' ? taken.filter((datatype) => datatype !== 'BOOL') : taken;
}

/**
 * @param bytes those after the JSON: the bytes of the tensors that are not in the JSON, one after the other
 * @throws TrainyardError INVALID_REQUEST
 */
export function readColumns(
  preprocessing: TablePreprocessing,
  tensors: readonly InputTensor[],
  bytes: Buffer,
): TableInputs {
  const formats = new Map(preprocessing.columns.map(({ name, format }) => [name, format]));
  const cells = new Map<string, readonly Cell[]>();
  let first: { name: string; count: number } | undefined;
  let offset = 0;
  for (const tensor of tensors) {
    const { name } = tensor;
    if (cells.has(name)) throw invalidInput(name, 'it is given more than once.');
    const stated = statedBytes(tensor);
    const own = stated === null ? null : bytes.subarray(offset, offset + stated);
    if (own !== null && own.length !== stated) throw tooFewBytes(name, stated, own, bytes);
    offset += own?.length ?? 0;
    const format = formats.get(name);
    if (format === undefined) {
      // A column that the model does not use: its name is all that is looked at.
      cells.set(name, []);
      continue;
    }
    const count = countOf(tensor);
    first ??= { name, count };
    if (count !== first.count) {
      throw invalidInput(name, `it has ${count} rows, but ${shownName(first.name)} has ${first.count}.`);
    }
    cells.set(name, cellsOf(tensor, format, own, count));
  }
  if (offset !== bytes.length) throw tooManyBytes(offset, bytes);
  return inputsOfColumns(preprocessing, cells, first?.count ?? 1);
}

function countOf({ name, shape }: InputTensor): number {
  const [count, ...cell] = shape;
  if (count === undefined || sizeOfShape(cell) !== 1) {
    throw invalidInput(name, `its shape is ${shapeText(shape)}; a column has the shape [rows, 1] or [rows].`);
  }
  refuseOtherCounts(name, count);
  return count;
}

function cellsOf(tensor: InputTensor, format: CellFormat, bytes: Buffer | null, count: number): Cell[] {
  const { name, datatype } = tensor;
  const taken = takenFor(format);
  if (!taken.includes(datatype)) {
    const shown = JSON.stringify(datatype);
    throw invalidInput(
      name,
      `its datatype is ${shown}; a column of the type ${format.type} takes ${taken.join(', ')}.`,
    );
  }
  if (datatype === text) {
    return bytes === null ? textsOfJson(tensor, count) : textsOfBytes(tensor, bytes, count);
  }
  const numbers = bytes === null ? numbersOfJson(tensor, count) : cellsOfBytes(tensor, bytes, count);
  for (let row = 0; row < count; row++) numbers[row] = cellOf(numbers[row], format, name, row);
  return numbers;
}

/** A number or a boolean as the cell of a column whose cells were text in the dataset. */
function cellOf(value: Cell, format: CellFormat, name: string, row: number): Cell {
  if (value === null || Number.isNaN(value)) return null;
  if (typeof value !== 'number') return value;
  if (format.type === 'boolean') return booleanCell(value, format);
  if (format.type === 'datetime') {
    if (Math.abs(value) <= latestTime) return new Date(value).toISOString();
    throw invalidInput(name, `its number [${row}] is no time in milliseconds since 1970.`);
  }
  if (!isNumeric(format) && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw invalidInput(name, `its number [${row}] is too large to be exact; send the column as ${text}.`);
  }
  return value;
}

/** 1 and 0 are true and false, unless the column has its own meaning of them. */
function booleanCell(value: number, { true: yes, false: no }: BooleanFormat): Cell {
  if ((value !== 1 && value !== 0) || yes.includes(String(value)) || no.includes(String(value))) return value;
  return value === 1;
}

function numbersOfJson(tensor: InputTensor, count: number): Cell[] {
  const { name, datatype } = tensor;
  const { has } = datatypeOf(tensor);
  return Array.from(itemsOfJson(tensor, [count, 1]), (value, row) => {
    if (value === null) return null;
    if (!has(value)) throw notOfType(name, datatype, row, 1);
    return datatype === 'BOOL' ? Boolean(value) : value;
  });
}

function cellsOfBytes(tensor: InputTensor, bytes: Buffer, count: number): Cell[] {
  const numbers = numbersOfBytes(tensor, datatypeOf(tensor), bytes, [count, 1]);
  return tensor.datatype === 'BOOL' ? Array.from(numbers, Boolean) : Array.from(numbers);
}

function textsOfJson(tensor: InputTensor, count: number): Cell[] {
  return Array.from(itemsOfJson(tensor, [count, 1]), (value, row) => {
    if (typeof value === 'string' || value === null) return value;
    throw invalidInput(tensor.name, `its element [${row}] is no text, as ${text} has.`);
  });
}

/** Each element is its length (u32, little-endian) and its text in UTF-8. */
function textsOfBytes({ name }: InputTensor, bytes: Buffer, count: number): Cell[] {
  const texts: string[] = [];
  let at = 0;
  while (at < bytes.length && texts.length < count) {
    const start = at + 4;
    const end = start > bytes.length ? Infinity : start + bytes.readUInt32LE(at);
    if (end > bytes.length) {
      throw invalidInput(name, `its element [${texts.length}] is longer than its bytes.`);
    }
    const element = bytes.subarray(start, end);
    if (!isUtf8(element)) throw invalidInput(name, `its element [${texts.length}] is not UTF-8.`);
    texts.push(element.toString());
    at = end;
  }
  if (texts.length === count && at === bytes.length) return texts;
  const found = texts.length < count ? `only ${texts.length}` : 'more';
  throw invalidInput(name, `its shape says ${count} elements, but its bytes have ${found}.`);
}

function tooFewBytes(name: string, stated: number | null, own: Buffer, bytes: Buffer): TrainyardError {
  const hint = bytes.length === 0 ? ' Inference-Header-Content-Length says where they begin.' : '';
  return invalidInput(
    name,
    `it states ${stated} bytes after the JSON, but only ${own.length} are left.${hint}`,
  );
}

function tooManyBytes(stated: number, { length }: Buffer): TrainyardError {
  return new TrainyardError(
    'INVALID_REQUEST',
    `The inputs state ${stated} bytes after the JSON, but there are ${length}.`,
  );
}
