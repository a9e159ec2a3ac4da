/** Packs raw inputs as engines take them, and checks every number. */
import { TrainyardError } from '../../errors.js';
import {
  isNumberList,
  isPacked,
  rectangleOf,
  shapeText,
  sizeOfShape,
  type NumberList,
} from './packed-numbers.js';

/**
 * Returns (rows, width), row-major, raw. A row has `width` numbers, flat or nested as a rectangle. The rows need not be
 * validated; `field` is their name in the request, for messages.
 * @throws TrainyardError INVALID_REQUEST
 */
export function packRows(rows: NumberList, width: number, field = 'inputs'): Float32Array {
  if (isPacked(rows)) {
    const [count = 0, ...shape] = rows.shape;
    if (count > 0) refuseOtherShape({ field, sample: 0, count, shape, width });
    const packed = Float32Array.from(rows.data);
    refuseNotFinite(packed, width, field);
    return packed;
  }
  const packed = new Float32Array(rows.length * width);
  for (let sample = 0; sample < rows.length; sample++) {
    const row = rows[sample];
    if (!isNumberList(row)) throw invalidRow(field, [sample], notAList);
    const rectangle = rectangleOf(row);
    if ('problem' in rectangle) throw invalidRow(field, [sample, ...rectangle.path], rectangle.problem);
    const { shape, items } = rectangle;
    refuseOtherShape({ field, sample, count: rows.length, shape, width });
    const start = sample * width;
    for (let column = 0; column < width; column++) {
      const value = items[column];
      if (typeof value !== 'number') throw notFinite(field, sample, column, shape);
      packed[start + column] = value;
      // Checked after rounding: a number beyond the range of float32 is infinite.
      if (!Number.isFinite(packed[start + column])) throw notFinite(field, sample, column, shape);
    }
  }
  return packed;
}

/** @throws TrainyardError INVALID_REQUEST where a number of `inputs` (count, width) is not finite */
export function refuseNotFinite(inputs: Float32Array, width: number, field = 'inputs'): void {
  for (let i = 0; i < inputs.length; i++) {
    if (!Number.isFinite(inputs[i])) throw notFinite(field, Math.floor(i / width), i % width);
  }
}

const notAList = 'is not a list of numbers';

interface SampleShape {
  field: string;
  sample: number;
  /** The number of samples. */
  count: number;
  /** The shape of the sample. */
  shape: readonly number[];
  width: number;
}

function refuseOtherShape({ field, sample, count, shape, width }: SampleShape): void {
  if (shape.length === 0) throw invalidRow(field, [sample], notAList);
  const size = sizeOfShape(shape);
  if (size === width) return;
  const found =
    shape.length === 1 ? `${size} numbers` : `the shape ${shapeText(shape)}, which is ${size} numbers`;
  const whole = [count, ...shape];
  const hint =
    count * size === width && count > 1
      ? `. If ${field} is one sample of the shape ${shapeText(whole)}, put it into a list: ${shapeText([1, ...whole])}`
      : '';
  throw invalidRow(field, [sample], `has ${found}; the model takes ${width}${hint}`);
}

function invalidRow(field: string, path: readonly number[], problem: string): TrainyardError {
  const pointer = `/${[field, ...path].join('/')}`;
  return new TrainyardError('INVALID_REQUEST', `${nameOf(field, path)} ${problem}`, { pointer });
}

/** `column` is the row-major index in a sample of this shape. */
function notFinite(
  field: string,
  sample: number,
  column: number,
  shape: readonly number[] = [Infinity],
): TrainyardError {
  let rest = column;
  const indices = shape.toReversed().map((length) => {
    const index = rest % length;
    rest = (rest - index) / length;
    return index;
  });
  return invalidRow(field, [sample, ...indices.reverse()], 'is not a finite float32 number');
}

function nameOf(field: string, path: readonly number[]): string {
  return field + path.map((index) => `[${index}]`).join('');
}
