/** What a request states about an input tensor, checked in the same way for every model. */
import { TrainyardError } from '../../../errors.js';
import { rectangleOf, shapeText } from '../../../model/serving/packed-numbers.js';
import { mostSamples } from '../../predictions/prediction-schemas.js';
import { datatypes, type Datatype, type Numbers } from './datatypes.js';
import type { InputTensor } from './infer-schemas.js';

const mostNameInMessage = 64;

/** The name of a tensor in a message: no answer is made long by what a client made long. */
export function shownName(name: string): string {
  return name.length > mostNameInMessage ? `${name.slice(0, mostNameInMessage)}…` : name;
}

export function invalidInput(name: string, problem: string): TrainyardError {
  return new TrainyardError('INVALID_REQUEST', `Input ${shownName(name)}: ${problem}`);
}

/** @throws TrainyardError INVALID_REQUEST */
export function datatypeOf({ name, datatype }: InputTensor): Datatype {
  const found = datatypes.get(datatype);
  if (found) return found;
  const supported = [...datatypes.keys()].join(', ');
  throw invalidInput(name, `its datatype is ${JSON.stringify(datatype)}; supported are ${supported}.`);
}

/** @throws TrainyardError INVALID_REQUEST */
export function refuseOtherCounts(name: string, count: number): void {
  if (count >= 1 && count <= mostSamples) return;
  throw invalidInput(name, `it has ${count} samples; a request takes from 1 to ${mostSamples}.`);
}

/**
 * How many bytes after the JSON are the tensor's; null: it is in the JSON. It must be in exactly one place.
 * @throws TrainyardError INVALID_REQUEST
 */
export function statedBytes({ name, data, parameters = {} }: InputTensor): number | null {
  const { binary_data_size: size, shared_memory_region: region } = parameters;
  if (region !== undefined) throw invalidInput(name, 'shared memory is not supported; send the numbers.');
  if (data === undefined && size === undefined) {
    throw invalidInput(name, 'it has neither data nor the parameter binary_data_size.');
  }
  if (data !== undefined && size !== undefined) {
    throw invalidInput(name, 'it has both data and binary_data_size.');
  }
  return size ?? null;
}

/**
 * (count · width), from bytes that are all the tensor's.
 * @throws TrainyardError INVALID_REQUEST
 */
export function numbersOfBytes(
  { name, datatype, shape }: InputTensor,
  { sizeBytes, read, wrongAt }: Datatype,
  bytes: Buffer,
  [count, width]: [count: number, width: number],
): Numbers {
  const wanted = count * width * sizeBytes;
  if (bytes.length !== wanted) {
    throw invalidInput(
      name,
      `it has ${bytes.length} bytes; ${datatype} of the shape ${shapeText(shape)} takes ${wanted}.`,
    );
  }
  const numbers = read(bytes);
  const wrong = wrongAt?.(numbers) ?? -1;
  if (wrong >= 0) throw notOfType(name, datatype, wrong, width);
  return numbers;
}

/**
 * (count · width), not validated, from a JSON array that is flat or nested by samples.
 * @throws TrainyardError INVALID_REQUEST
 */
export function itemsOfJson(
  { name, shape, data = [] }: InputTensor,
  [count, width]: [count: number, width: number],
): ArrayLike<unknown> {
  const rectangle = rectangleOf(data);
  if ('problem' in rectangle) {
    const indices = rectangle.path.map((index) => `[${index}]`).join('');
    throw invalidInput(name, `its data${indices} ${rectangle.problem}.`);
  }
  const { shape: found, items } = rectangle;
  const isFlat = found.length === 1;
  if (items.length !== count * width || (!isFlat && found[0] !== count)) {
    const what = isFlat ? `${items.length} numbers` : `the shape ${shapeText(found)}`;
    throw invalidInput(name, `its data has ${what}; its shape is ${shapeText(shape)}.`);
  }
  return items;
}

export function notOfType(name: string, datatype: string, index: number, width: number): TrainyardError {
  const at = `[${Math.floor(index / width)}][${index % width}]`;
  return invalidInput(name, `its number ${at} is not of the datatype ${datatype}.`);
}
