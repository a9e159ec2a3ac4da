/** The space as a box of numbers: where a value lies on the scale of a range, or its index in a list of values. */
import {
  endsOnScale,
  isRange,
  onScale,
  valueAt,
  type JsonValue,
  type NumberRange,
  type Parameters,
  type Space,
} from './space.js';

export interface RangeDimension {
  path: string;
  range: NumberRange;
  low: number;
  high: number;
}

export interface ListDimension {
  path: string;
  values: readonly JsonValue[];
}

export type Dimension = RangeDimension | ListDimension;

export function dimensionsOf(space: Space): Dimension[] {
  return Object.entries(space).map(([path, parameter]) =>
    isRange(parameter)
      ? { path, range: parameter, ...endsOnScale(parameter) }
      : { path, values: parameter.values },
  );
}

/** (dimensions) */
export function placesOf(dimensions: readonly Dimension[], parameters: Parameters): Float64Array {
  return Float64Array.from(dimensions, (dimension) => {
    const value = parameters[dimension.path];
    return 'range' in dimension
      ? onScale(dimension.range, value as number)
      : indexOfValue(dimension.values, value);
  });
}

/** Values at the places; of a range of integers, those nearest to them. */
export function parametersAt(dimensions: readonly Dimension[], places: Float64Array): Parameters {
  return Object.fromEntries(
    dimensions.map((dimension, index) => [
      dimension.path,
      'range' in dimension ? valueAt(dimension.range, places[index]) : dimension.values[places[index]],
    ]),
  );
}

/** Values are equal when their JSON is. */
export function indexOfValue(values: readonly JsonValue[], value: JsonValue): number {
  const text = JSON.stringify(value);
  return values.findIndex((other) => JSON.stringify(other) === text);
}
