/** Reads the samples from the tensors of a request, and checks all that the request states about them. */
import { TrainyardError } from '../../../errors.js';
import {
  rectangleOf,
  shapeText,
  sizeOfShape,
  type NumberList,
} from '../../../model/serving/packed-numbers.js';
import { refuseNotFinite } from '../../../model/serving/raw-inputs.js';
import { mostSamples } from '../../predictions/prediction-schemas.js';
import { datatypes, fp32, type Datatype } from './datatypes.js';
import type { InputTensor } from './infer-schemas.js';

/** The one input of every model. */
export const inputName = 'input';

export interface InputSamples {
  /** (count, width), finite */
  inputs: Float32Array;
  count: number;
}

/**
 * @param bytes those after the JSON
 * @param width numbers in a sample
 * @throws TrainyardError INVALID_REQUEST
 */
export function readInput(tensors: readonly InputTensor[], bytes: Buffer, width: number): InputSamples {
  const tensor = onlyTensor(tensors);
  const datatype = datatypeOf(tensor);
  const count = countOf(tensor, width);
  const { data, parameters = {} } = tensor;
  refuseOtherPlaces(parameters, data, bytes);
  const inputs =
    data === undefined
      ? readBytes(tensor, datatype, bytes, [count, width])
      : readJson(tensor, data, datatype.has, [count, width]);
  refuseNotFinite(inputs, width, inputName);
  return { inputs, count };
}

/**
 * Reads a body of FP32 numbers only. Its length says how many samples there are.
 * @throws TrainyardError INVALID_REQUEST
 */
export function readRawInput(bytes: Buffer, width: number): InputSamples {
  const sampleBytes = width * fp32.sizeBytes;
  if (bytes.length % sampleBytes !== 0) {
    throw invalid(
      `the body has ${bytes.length} bytes; a sample of ${width} FP32 numbers has ${sampleBytes}.`,
    );
  }
  const count = bytes.length / sampleBytes;
  refuseOtherCounts(count);
  const inputs = fp32.read(bytes);
  refuseNotFinite(inputs, width, inputName);
  return { inputs, count };
}

function onlyTensor(tensors: readonly InputTensor[]): InputTensor {
  const [tensor, second] = tensors;
  if (tensor === undefined)
    throw new TrainyardError('INVALID_REQUEST', `inputs lacks the tensor ${inputName}.`);
  for (const { name } of tensors) {
    if (name === inputName) continue;
    const message = `The model has no input ${JSON.stringify(name)}; its only input is ${inputName}.`;
    throw new TrainyardError('INVALID_REQUEST', message);
  }
  if (second !== undefined) throw invalid('it is given more than once.');
  return tensor;
}

function datatypeOf({ datatype: name }: InputTensor): Datatype {
  const datatype = datatypes.get(name);
  if (datatype) return datatype;
  throw invalid(
    `its datatype is ${JSON.stringify(name)}; supported are ${[...datatypes.keys()].join(', ')}.`,
  );
}

function countOf({ shape }: InputTensor, width: number): number {
  const [count, ...sample] = shape;
  if (count === undefined || sample.length === 0 || sizeOfShape(sample) !== width) {
    throw invalid(
      `its shape is ${shapeText(shape)}; the model takes [samples, ${width}], or another shape with ${width} ` +
        'numbers a sample.',
    );
  }
  refuseOtherCounts(count);
  return count;
}

function refuseOtherCounts(count: number): void {
  if (count >= 1 && count <= mostSamples) return;
  throw invalid(`it has ${count} samples; a request takes from 1 to ${mostSamples}.`);
}

/** The numbers of a tensor must be in exactly one place. */
function refuseOtherPlaces(
  { binary_data_size: size, shared_memory_region: region }: NonNullable<InputTensor['parameters']>,
  data: NumberList | undefined,
  bytes: Buffer,
): void {
  if (region !== undefined) throw invalid('shared memory is not supported; send the numbers.');
  if (data === undefined && size === undefined) {
    throw invalid('it has neither data nor the parameter binary_data_size.');
  }
  if (data !== undefined && size !== undefined) throw invalid('it has both data and binary_data_size.');
  const said = size ?? 0;
  if (said === bytes.length) return;
  const hint = bytes.length === 0 ? ' Inference-Header-Content-Length says where they begin.' : '';
  throw invalid(`it states ${said} bytes after the JSON, but there are ${bytes.length}.${hint}`);
}

/** (count, width) */
function readBytes(
  { datatype: name, shape }: InputTensor,
  { sizeBytes, read, wrongAt }: Datatype,
  bytes: Buffer,
  [count, width]: [count: number, width: number],
): Float32Array {
  const wanted = count * width * sizeBytes;
  if (bytes.length !== wanted) {
    throw invalid(`it has ${bytes.length} bytes; ${name} of the shape ${shapeText(shape)} takes ${wanted}.`);
  }
  const numbers = read(bytes);
  const wrong = wrongAt?.(numbers) ?? -1;
  if (wrong >= 0) throw notOfType(name, wrong, width);
  return numbers;
}

/** (count, width), from a JSON array that is flat or nested by samples */
function readJson(
  { datatype: name, shape }: InputTensor,
  data: NumberList,
  has: Datatype['has'],
  [count, width]: [count: number, width: number],
): Float32Array {
  const rectangle = rectangleOf(data);
  if ('problem' in rectangle) {
    const indices = rectangle.path.map((index) => `[${index}]`).join('');
    throw invalid(`its data${indices} ${rectangle.problem}.`);
  }
  const { shape: found, items } = rectangle;
  const isFlat = found.length === 1;
  if (items.length !== count * width || (!isFlat && found[0] !== count)) {
    const what = isFlat ? `${items.length} numbers` : `the shape ${shapeText(found)}`;
    throw invalid(`its data has ${what}; its shape is ${shapeText(shape)}.`);
  }
  const numbers = new Float32Array(items.length);
  for (let i = 0; i < items.length; i++) {
    const value = items[i];
    if (!has(value)) throw notOfType(name, i, width);
    numbers[i] = Number(value);
  }
  return numbers;
}

function notOfType(datatype: string, index: number, width: number): TrainyardError {
  return invalid(
    `its number [${Math.floor(index / width)}][${index % width}] is not of the datatype ${datatype}.`,
  );
}

function invalid(problem: string): TrainyardError {
  return new TrainyardError('INVALID_REQUEST', `Input ${inputName}: ${problem}`);
}
