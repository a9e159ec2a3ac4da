/** Arithmetic between constants of a graph, as far as exporters leave it there, and constants as vectors of a row. */
import type { Constant } from './tensor-proto.js';
import type { Vector } from './flow.js';

export function transposed({ shape: [rows, columns], data }: Constant): Constant {
  const turned = data instanceof Float32Array ? new Float32Array(data.length) : new Float64Array(data.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) turned[c * rows + r] = data[r * columns + c];
  }
  return { shape: [columns, rows], data: turned };
}

/** Number by number, of one shape, or where one of them is a single number. null: they are neither. */
export function combinedConstants(
  one: Constant,
  other: Constant,
  operator: (a: number, b: number) => number,
): Constant | null {
  const { shape } = one.data.length >= other.data.length ? one : other;
  if (one.data.length !== 1 && other.data.length !== 1 && one.shape.join() !== other.shape.join())
    return null;
  const of = ({ data }: Constant, i: number): number => (data.length === 1 ? data[0] : data[i]);
  const length = Math.max(one.data.length, other.data.length);
  return { shape, data: Float64Array.from({ length }, (_, i) => operator(of(one, i), of(other, i))) };
}

/** The constant beside each row of a flow. null: it does not go with the row, or differs from row to row. */
export function vectorBeside({ shape, data }: Constant, dims: readonly number[]): Vector | null {
  if (data.length === 1) return shape.length <= dims.length + 1 ? data[0] : null;
  const isOfRows = shape.length > dims.length;
  if (isOfRows && (shape.length > dims.length + 1 || shape[0] !== 1)) return null;
  const own = isOfRows ? shape.slice(1) : shape;
  const sides = [...new Array<number>(dims.length - own.length).fill(1), ...own];
  if (!sides.every((side, axis) => side === 1 || side === dims[axis])) return null;
  const width = dims.reduce((product, side) => product * side, 1);
  if (data.length === width) return Float64Array.from(data);
  return Float64Array.from({ length: width }, (_, place) => {
    let rest = place;
    let index = 0;
    let stride = 1;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      if (sides[axis] > 1) index += (rest % dims[axis]) * stride;
      stride *= sides[axis];
      rest = Math.floor(rest / dims[axis]);
    }
    return data[index];
  });
}
