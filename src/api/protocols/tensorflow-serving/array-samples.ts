/** Reads the samples of models that take arrays, in each of TensorFlow Serving's forms, as rows of numbers. */
import { TrainyardError } from '../../../errors.js';
import { isNumberList, isPacked, itemCount, type NumberList } from '../../../model/serving/packed-numbers.js';
import { mostSamples } from '../../predictions/prediction-schemas.js';
import { inputName } from './schemas.js';

export interface Rows {
  /** Each must be a list of numbers; that is checked later. */
  rows: NumberList;
  /** The client's name for them. */
  field: string;
}

/**
 * Rows (`instances`) or columns (`inputs`). With one input they differ in name only.
 * @throws TrainyardError INVALID_REQUEST
 */
export function rowsOf({ instances, inputs }: { instances?: NumberList; inputs?: unknown }): Rows {
  const { rows, field } = instances === undefined ? columns(inputs) : rowsOfInstances(instances);
  refuseOtherCounts(itemCount(rows), field);
  return { rows, field };
}

/**
 * A feature is in each example or, for all of them, in the context.
 * @throws TrainyardError INVALID_REQUEST
 */
export function rowsOfExamples(examples: NumberList, context: object | undefined): Rows {
  refuseOtherCounts(itemCount(examples), 'examples');
  // Packed numbers have no names.
  if (isPacked(examples)) throw mustBeNamed('examples[0]');
  const common = context === undefined ? undefined : memberOf(context, 'context', { optional: true });
  const rows = examples.map((example, index) => {
    const field = `examples[${index}]`;
    const own = memberOf(example, field, { optional: common !== undefined });
    if (own !== undefined && common !== undefined) {
      throw invalid(`${field} has the feature ${inputName}, but so does the context.`, `/examples/${index}`);
    }
    return own ?? common;
  });
  return { rows, field: 'examples' };
}

function columns(inputs: unknown): Rows {
  if (isNumberList(inputs)) return { rows: inputs, field: 'inputs' };
  const field = `inputs.${inputName}`;
  const rows = memberOf(inputs, 'inputs');
  if (isNumberList(rows)) return { rows, field };
  throw invalid(`${field} must be a list of lists of numbers.`, `/inputs/${inputName}`);
}

/** All lists, or all objects that name the input. */
function rowsOfInstances(instances: NumberList): Rows {
  const field = 'instances';
  if (isPacked(instances) || !isObject(instances[0])) return { rows: instances, field };
  return { rows: instances.map((instance, index) => memberOf(instance, `${field}[${index}]`)), field };
}

/** The object's value under the name of the input, its only allowed member. */
function memberOf(object: unknown, field: string, { optional = false } = {}): unknown {
  if (!isObject(object)) throw mustBeNamed(field);
  const names = Object.keys(object);
  if (names.length === 1 && names[0] === 'b64') {
    throw invalid(`${field} is binary ({"b64": …}), but the model takes numbers.`);
  }
  const unknown = names.find((name) => name !== inputName);
  if (unknown !== undefined) {
    throw invalid(
      `${field} has ${JSON.stringify(unknown.slice(0, 64))}; the only input of the model is ${inputName}.`,
    );
  }
  if (names.length === 0 && !optional) throw invalid(`${field} lacks the input ${inputName}.`);
  return object[inputName];
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !isNumberList(value);
}

function mustBeNamed(field: string): TrainyardError {
  return invalid(`${field} must be {"${inputName}": …}.`);
}

/** @throws TrainyardError INVALID_REQUEST */
export function refuseOtherCounts(count: number, field: string): void {
  if (count >= 1 && count <= mostSamples) return;
  const message = `${field} has ${count} samples; a request takes from 1 to ${mostSamples}.`;
  throw invalid(message);
}

export function invalid(message: string, pointer?: string): TrainyardError {
  return new TrainyardError('INVALID_REQUEST', message, pointer === undefined ? {} : { pointer });
}
