/** The samples of a request, in each of the forms that TensorFlow Serving has for them, as rows of numbers. */
import { TrainyardError } from '../../../errors.js';
import { isNumberList, isPacked, itemCount, type NumberList } from '../../../model/serving/packed-numbers.js';
import { mostSamples } from '../../predictions/prediction-schemas.js';
import { inputName } from './schemas.js';

export interface Rows {
  /** Each should be a list of numbers. */
  rows: NumberList;
  /** What the client calls them. */
  field: string;
}

/**
 * Rows (`instances`) or columns (`inputs`); with one input they differ in name only.
 * @throws TrainyardError INVALID_REQUEST
 */
export function rowsOf({ instances, inputs }: { instances?: NumberList; inputs?: unknown }): Rows {
  if ((instances === undefined) === (inputs === undefined)) {
    throw invalid('Send either instances or inputs.', '');
  }
  const { rows, field } = instances === undefined ? columns(inputs) : rowsOfInstances(instances);
  refuseOtherCounts(rows, field);
  return { rows, field };
}

/**
 * A feature stands in each example or, for all of them, in the context.
 * @throws TrainyardError INVALID_REQUEST
 */
export function rowsOfExamples(examples: NumberList, context: object | undefined): Rows {
  refuseOtherCounts(examples, 'examples');
  // Where no example has a name.
  if (isPacked(examples)) throw mustBeNamed('examples[0]');
  const common = context === undefined ? undefined : memberOf(context, 'context', { optional: true });
  const rows = examples.map((example, index) => {
    const field = `examples[${index}]`;
    const own = memberOf(example, field, { optional: common !== undefined });
    if (own !== undefined && common !== undefined) {
      throw invalid(
        `${field} has the feature ${inputName}, which the context has too.`,
        `/examples/${index}`,
      );
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

/** Lists, or objects that name the input, but not a mix of both. */
function rowsOfInstances(instances: NumberList): Rows {
  const field = 'instances';
  if (isPacked(instances) || !isObject(instances[0])) return { rows: instances, field };
  return { rows: instances.map((instance, index) => memberOf(instance, `${field}[${index}]`)), field };
}

/** What the object has under the name of the input, which is all that it may have. */
function memberOf(object: unknown, field: string, { optional = false } = {}): unknown {
  if (!isObject(object)) throw mustBeNamed(field);
  const names = Object.keys(object);
  if (names.length === 1 && names[0] === 'b64') {
    throw invalid(`${field} is binary ({"b64": …}), and the model takes numbers.`);
  }
  const unknown = names.find((name) => name !== inputName);
  if (unknown !== undefined) {
    throw invalid(
      `${field} has ${JSON.stringify(unknown.slice(0, 64))}; the model has one input, ${inputName}.`,
    );
  }
  if (names.length === 0 && !optional) throw invalid(`${field} lacks the input ${inputName}.`);
  return object[inputName];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !isNumberList(value);
}

function mustBeNamed(field: string): TrainyardError {
  return invalid(`${field} must be {"${inputName}": …}.`);
}

function refuseOtherCounts(rows: NumberList, field: string): void {
  const count = itemCount(rows);
  if (count >= 1 && count <= mostSamples) return;
  const message = `${field} has ${count} samples; at least 1 and at most ${mostSamples} are taken at a time.`;
  throw invalid(message);
}

function invalid(message: string, pointer?: string): TrainyardError {
  return new TrainyardError('INVALID_REQUEST', message, pointer === undefined ? {} : { pointer });
}
