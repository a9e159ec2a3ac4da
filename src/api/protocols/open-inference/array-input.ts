/** Reads the samples of models that take arrays of numbers: one tensor, of any shape with enough numbers a sample. */
import { TrainyardError } from '../../../errors.js';
import { shapeText, sizeOfShape } from '../../../model/serving/packed-numbers.js';
import { refuseNotFinite } from '../../../model/serving/raw-inputs.js';
import { fp32, type Datatype, type Numbers } from './datatypes.js';
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

/** The one input of these models. */
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
  const stated = statedBytes(tensor);
  refuseOtherLengths(stated ?? 0, bytes);
  const inputs =
    stated === null
      ? floatsOfJson(tensor, datatype, [count, width])
      : rounded(numbersOfBytes(tensor, datatype, bytes, [count, width]));
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
  refuseOtherCounts(inputName, count);
  const inputs = rounded(fp32.read(bytes));
  refuseNotFinite(inputs, width, inputName);
  return { inputs, count };
}

function onlyTensor(tensors: readonly InputTensor[]): InputTensor {
  const [tensor, second] = tensors;
  if (tensor === undefined)
    throw new TrainyardError('INVALID_REQUEST', `inputs lacks the tensor ${inputName}.`);
  for (const { name } of tensors) {
    if (name === inputName) continue;
    const message = `The model has no input ${JSON.stringify(shownName(name))}; its only input is ${inputName}.`;
    throw new TrainyardError('INVALID_REQUEST', message);
  }
  if (second !== undefined) throw invalid('it is given more than once.');
  return tensor;
}

function countOf({ shape }: InputTensor, width: number): number {
  const [count, ...sample] = shape;
  if (count === undefined || sample.length === 0 || sizeOfShape(sample) !== width) {
    throw invalid(
      `its shape is ${shapeText(shape)}; the model takes [samples, ${width}], or another shape with ${width} ` +
        'numbers a sample.',
    );
  }
  refuseOtherCounts(inputName, count);
  return count;
}

function refuseOtherLengths(stated: number, bytes: Buffer): void {
  if (stated === bytes.length) return;
  const hint = bytes.length === 0 ? ' Inference-Header-Content-Length says where they begin.' : '';
  throw invalid(`it states ${stated} bytes after the JSON, but there are ${bytes.length}.${hint}`);
}

/** (count, width) */
function floatsOfJson(
  tensor: InputTensor,
  { has }: Datatype,
  [count, width]: [count: number, width: number],
): Float32Array {
  const items = itemsOfJson(tensor, [count, width]);
  const numbers = new Float32Array(items.length);
  for (let i = 0; i < items.length; i++) {
    const value = items[i];
    if (!has(value)) throw notOfType(inputName, tensor.datatype, i, width);
    numbers[i] = Number(value);
  }
  return numbers;
}

/** To float32, which networks take. */
function rounded(numbers: Numbers): Float32Array {
  return numbers instanceof Float32Array ? numbers : new Float32Array(numbers);
}

function invalid(problem: string): TrainyardError {
  return invalidInput(inputName, problem);
}
