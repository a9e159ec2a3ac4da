/** Operators that change no number, only how numbers lie, and those that ask how they lie. */
import { elements } from '../../network/network.js';
import { transposed } from './constants.js';
import type { Flow } from './flow.js';
import { flowOf, isSides, refuse, widthOf, type Step, type Value } from './operator-step.js';

export function unchanged({ node, inputs }: Step): Value {
  return inputs[0] ?? refuse(node);
}

/** TensorProto.DataType of the numbers with a fraction. */
export const fractions = [1, 10, 11, 16];

export function cast({ node, inputs: [value] }: Step): Value {
  if (value === undefined) return refuse(node);
  const isFlow = 'linear' in value;
  if (isFlow && !fractions.includes(node.attributes.get('to')?.number ?? 0)) refuse(node);
  return value;
}

export function flatten(step: Step): Flow {
  const flow = flowOf(step, 0);
  if ((step.node.attributes.get('axis')?.number ?? 1) !== 1) refuse(step.node);
  return { ...flow, dims: [widthOf(flow.dims)] };
}

export function reshape(step: Step): Value {
  const { node, inputs, isOneRow } = step;
  const [value, wanted] = inputs;
  if (value === undefined || wanted === undefined || 'linear' in wanted) return refuse(node);
  const sides = 'sides' in wanted ? wanted.sides : Array.from(wanted.data);
  if ('data' in value)
    return { ...value, shape: resolved(sides, value.shape, elements(value.shape)) ?? refuse(node) };
  const { dims } = flowOf(step, 0);
  const [rows, ...own] = sides;
  const keepsRows = rows === 'rows' || rows === -1 || rows === 0 || (rows === 1 && isOneRow);
  const wantedDims = keepsRows ? resolved(own, dims, widthOf(dims)) : null;
  return { ...flowOf(step, 0), dims: wantedDims ?? refuse(node) };
}

/** The sides with the free one, -1, filled in, and with 0 as the side that was there. null: they do not fit. */
function resolved(
  sides: readonly (number | 'rows')[],
  before: readonly number[],
  size: number,
): number[] | null {
  const known = sides.map((side, axis) =>
    side === 0 ? (before[axis] ?? NaN) : side === 'rows' ? NaN : side,
  );
  const rest = size / known.reduce((product, side) => (side === -1 ? product : product * side), 1);
  const whole = known.map((side) => (side === -1 ? rest : side));
  const fits = whole.every((side) => Number.isSafeInteger(side) && side > 0) && elements(whole) === size;
  return fits && sides.length <= 8 ? whole : null;
}

export function transpose(step: Step): Value {
  const { node, inputs } = step;
  const order = node.attributes.get('perm')?.numbers ?? [];
  const [value] = inputs;
  if (value === undefined || 'sides' in value || 'linear' in value || value.shape.length !== 2)
    return refuse(node);
  return order.join() === '0,1' ? value : transposed(value);
}

export function shape(step: Step): Value {
  const { attributes } = step.node;
  const [start, end] = [attributes.get('start')?.number, attributes.get('end')?.number];
  return { sides: ['rows' as const, ...flowOf(step, 0).dims].slice(start, end) };
}

export function gather({ node, inputs: [from, indices] }: Step): Value {
  if (!isSides(from) || indices === undefined || !('data' in indices)) return refuse(node);
  const sides = Array.from(indices.data, (index) => from.sides.at(index) ?? refuse(node));
  return { sides };
}

export function concat({ node, inputs }: Step): Value {
  const sides = inputs.flatMap((value) => {
    if (isSides(value)) return value.sides;
    return value !== undefined && 'data' in value && value.data.length <= 8
      ? Array.from(value.data)
      : refuse(node);
  });
  return { sides };
}
