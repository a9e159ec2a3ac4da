/**
 * The space of a search: which fields of a job vary, and in what range. A parameter is a range of numbers or a list of
 * values; its name is the path of a field of a job, such as `optimizer.learning_rate`.
 */
import { TrainyardError } from '../../errors.js';
import { pointerTo } from '../../lib/json-pointer.js';

export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export interface NumberRange {
  /** The range includes both ends. */
  min: number;
  max: number;
  /** `log`: each factor is as likely as another, such as from 0.001 to 0.01 and from 0.01 to 0.1. Default: `linear`. */
  scale?: 'linear' | 'log';
  integer?: boolean;
}

export type Parameter = NumberRange | { values: readonly JsonValue[] };

/** By the path of the field. */
export type Space = Readonly<Record<string, Parameter>>;

/** One value for each path of the space. */
export type Parameters = Record<string, JsonValue>;

export interface EndedTrial {
  trial: number;
  parameters: Parameters;
  /** The figure that the search improves; null where the trial failed. */
  value: number | null;
}

export interface PendingTrial {
  trial: number;
  parameters: Parameters;
}

export const searchMethods = ['tpe', 'random', 'grid'] as const;
export type SearchMethod = (typeof searchMethods)[number];

export type Goal = 'minimize' | 'maximize';

/** Of the range of a parameter, a grid takes this many values, evenly spaced on its scale. */
const gridValuesOfRange = 5;

/** A grid with more combinations than this is no search that anyone waits for. */
const mostGridCombinations = 10_000;

export function isRange(parameter: Parameter): parameter is NumberRange {
  return !('values' in parameter);
}

/** @throws TrainyardError INVALID_REQUEST with the pointer of the field to change, below `/parameters` */
export function refuseSpace(space: Space, method: SearchMethod = 'tpe'): void {
  const parameters = Object.entries(space);
  if (parameters.length === 0) refuse([], 'A search needs at least one parameter to vary');
  for (const [path, parameter] of parameters) {
    if (isRange(parameter)) refuseRange(path, parameter);
    else refuseValues(path, parameter.values);
  }
  if (method !== 'grid') return;
  const combinations = parameters.reduce(
    (product, [, parameter]) => product * gridValues(parameter).length,
    1,
  );
  if (combinations > mostGridCombinations) {
    const size = `The grid has ${combinations} combinations, and at most ${mostGridCombinations} are allowed`;
    refuse([], `${size}. Name fewer values, or use the method random or tpe`);
  }
}

function refuseRange(path: string, { min, max, scale, integer }: NumberRange): void {
  const ends = { min, max };
  for (const end of ['min', 'max'] as const) {
    if (!Number.isFinite(ends[end])) refuse([path, end], `${end} must be a finite number`);
    if (integer && !Number.isSafeInteger(ends[end])) {
      refuse([path, end], `${end} is ${ends[end]}, and must be an integer where integer is true`);
    }
  }
  if (min >= max) refuse([path, 'min'], `min is ${min}, and must be less than max, which is ${max}`);
  if (!Number.isFinite(max - min)) refuse([path, 'max'], 'max − min must be a finite number');
  if (scale === 'log' && min <= 0) {
    refuse([path, 'min'], `min is ${min}, and must be more than 0 where the scale is log`);
  }
}

function refuseValues(path: string, values: readonly JsonValue[]): void {
  if (values.length === 0) refuse([path, 'values'], 'values must hold at least one value');
  const places = new Map<string, number>();
  values.forEach((value, index) => {
    const text = JSON.stringify(value);
    const first = places.get(text);
    if (first !== undefined)
      refuse([path, 'values', index], `${text} is the same value as number ${first + 1}`);
    places.set(text, index);
  });
}

function refuse(path: readonly (string | number)[], problem: string): never {
  const where = path.length > 0 ? `The parameter ${path[0]}: ` : '';
  throw new TrainyardError('INVALID_REQUEST', `${where}${problem}.`, {
    pointer: pointerTo(['parameters', ...path]),
  });
}

/** Where the search looks for a range, and the values of one place in it: the logarithms of a log scale, the numbers else. */
export function onScale(range: NumberRange, value: number): number {
  return range.scale === 'log' ? Math.log(value) : value;
}

/**
 * The ends of the range on its scale. Each integer has the stretch of numbers that are rounded to it, so a range of integers
 * begins half before its first one and ends half after its last one.
 */
export function endsOnScale(range: NumberRange): { low: number; high: number } {
  const half = range.integer ? 0.5 : 0;
  return { low: onScale(range, range.min - half), high: onScale(range, range.max + half) };
}

/** The value at a place between the ends. Rounding never leaves the range. */
export function valueAt(range: NumberRange, place: number): number {
  const value = range.scale === 'log' ? Math.exp(place) : place;
  return Math.min(Math.max(range.integer ? Math.round(value) : value, range.min), range.max);
}

/** The values of a grid, in ascending order for a range. */
export function gridValues(parameter: Parameter): readonly JsonValue[] {
  if (!isRange(parameter)) return parameter.values;
  const { min, max, integer } = parameter;
  const low = onScale(parameter, min);
  const high = onScale(parameter, max);
  const count = integer ? Math.min(gridValuesOfRange, max - min + 1) : gridValuesOfRange;
  const values = Array.from({ length: count }, (_, index) => {
    if (index === count - 1) return max;
    return index === 0 ? min : valueAt(parameter, low + ((high - low) * index) / (count - 1));
  });
  return [...new Set(values)];
}

/** How many values a parameter has; infinite for a range of numbers that need not be integers. */
export function countValues(parameter: Parameter): number {
  if (!isRange(parameter)) return parameter.values.length;
  return parameter.integer ? parameter.max - parameter.min + 1 : Infinity;
}

/** Equal for equal parameters, whatever the order of their fields. */
export function parametersKey(space: Space, parameters: Parameters): string {
  return JSON.stringify(Object.keys(space).map((path) => parameters[path]));
}
