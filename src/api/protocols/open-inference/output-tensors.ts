/**
 * Which tensors a request wants back and in which form, and how they are made from a model's probabilities. The
 * classification extension gives the likeliest classes as text, `value:index:label`, in place of the probabilities:
 * https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_classification.md
 */
import { TrainyardError } from '../../../errors.js';
import { classRows, likeliest, rankClasses } from '../../../model/heads/class-ranking.js';
import type { OutputTensor } from './binary-tensors.js';
import type { OutputRequest } from './infer-schemas.js';

const outputNames = ['probabilities', 'class'] as const;

type OutputName = (typeof outputNames)[number];

export interface WantedOutput {
  name: OutputName;
  /** Whether to return bytes. */
  binary: boolean;
  /** Returns this many of the likeliest classes in place of the tensor. */
  classification?: number | undefined;
  /** What the request states about the tensor. */
  datatype?: string | undefined;
  shape?: number[] | undefined;
}

/**
 * Without `requests`, all outputs. `binary` is the default for outputs that do not state it.
 * @throws TrainyardError INVALID_REQUEST
 */
export function wantedOutputs(
  requests: readonly OutputRequest[] | undefined,
  binary: boolean,
): WantedOutput[] {
  if (requests === undefined || requests.length === 0) return outputNames.map((name) => ({ name, binary }));
  const wanted = requests.map(({ name: asked, parameters = {}, ...said }): WantedOutput => {
    const name = outputNames.find((each) => each === asked);
    if (name === undefined) {
      throw invalid(`The model has no output ${JSON.stringify(asked)}; it has ${outputNames.join(' and ')}.`);
    }
    const { binary_data: own = binary, classification, shared_memory_region: region } = parameters;
    if (region !== undefined) throw invalid(`Output ${name}: shared memory is not supported.`);
    if (classification !== undefined && name !== 'probabilities') {
      throw invalid(`Output ${name}: only probabilities can be returned as a classification.`);
    }
    return { name, binary: own, classification, ...said };
  });
  const twice = wanted.find(({ name }, index) => wanted.findIndex((each) => each.name === name) < index);
  if (twice) throw invalid(`Output ${twice.name} is requested more than once.`);
  return wanted;
}

/** `probabilities` (count, classes) */
export function outputTensor(
  { name, classification }: WantedOutput,
  probabilities: Float32Array,
  labels: readonly string[],
): OutputTensor {
  if (classification !== undefined) return classificationTensor(probabilities, labels, classification);
  return name === 'class'
    ? classTensor(probabilities, labels)
    : probabilityTensor(probabilities, labels.length);
}

/** Checks what the request states about an output. @throws TrainyardError INVALID_REQUEST */
export function refuseOtherTensor({ name, datatype, shape }: WantedOutput, tensor: OutputTensor): void {
  if (datatype !== undefined && datatype !== tensor.datatype) {
    throw invalid(`Output ${name}: its datatype is ${tensor.datatype}, not ${JSON.stringify(datatype)}.`);
  }
  const isOther = (size: number, axis: number): boolean => size !== -1 && size !== tensor.shape[axis];
  if (shape === undefined || (shape.length === tensor.shape.length && !shape.some(isOther))) return;
  throw invalid(`Output ${name}: its shape is [${tensor.shape.join(', ')}], not [${shape.join(', ')}].`);
}

/** FP32 (count, classes) */
function probabilityTensor(probabilities: Float32Array, classes: number): OutputTensor {
  const { buffer, byteOffset, byteLength, length } = probabilities;
  return {
    datatype: 'FP32',
    shape: [length / classes, classes],
    toJson: () => Array.from(probabilities),
    toBytes: () => Buffer.from(buffer, byteOffset, byteLength),
  };
}

/** INT64 (count): the likeliest class of each sample */
function classTensor(probabilities: Float32Array, labels: readonly string[]): OutputTensor {
  const indices = classRows(probabilities, labels.length).map((row) => likeliest(row, labels).index);
  return {
    datatype: 'INT64',
    shape: [indices.length],
    toJson: () => indices,
    toBytes: () => Buffer.from(BigInt64Array.from(indices, BigInt).buffer),
  };
}

function invalid(message: string): TrainyardError {
  return new TrainyardError('INVALID_REQUEST', message);
}

/** BYTES (count, most), or (count, classes) where there are fewer. `probabilities` is (count, classes). */
function classificationTensor(
  probabilities: Float32Array,
  labels: readonly string[],
  most: number,
): OutputTensor {
  const rows = classRows(probabilities, labels.length);
  const texts = rows.flatMap((row) =>
    rankClasses(row, labels, most).map(({ confidence, index, label }) => `${confidence}:${index}:${label}`),
  );
  return {
    datatype: 'BYTES',
    shape: [rows.length, texts.length / rows.length],
    toJson: () => texts,
    toBytes: () => Buffer.concat(texts.flatMap(lengthAndText)),
  };
}

/** The layout of a BYTES element: its length (u32, little-endian) and its bytes. */
function lengthAndText(text: string): Buffer[] {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(text));
  return [length, Buffer.from(text)];
}
