/**
 * Which tensors a request wants back and in which form, and how they are made from a model's results. The classification
 * extension gives the likeliest classes as text, `value:index:label`, in place of the probabilities:
 * https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_classification.md
 */
import { TrainyardError } from '../../../errors.js';
import { answeredIndex, classRows, rankClasses } from '../../../model/heads/class-ranking.js';
import { requireLabels, type ClassHead, type Head } from '../../../model/heads/head.js';
import type { OutputTensor } from './binary-tensors.js';
import type { OutputRequest } from './infer-schemas.js';
import { shownName } from './input-tensor.js';

/** What is known of an output before there are samples. */
export interface OutputInfo extends Pick<OutputTensor, 'datatype' | 'shape'> {
  name: string;
}

/** The outputs of a model; -1 stands for the number of samples. */
export function outputsOf(head: Head): OutputInfo[] {
  if (head.kind === 'values') return head.names.map((name) => ({ name, datatype: 'FP32', shape: [-1] }));
  return [
    { name: 'probabilities', datatype: 'FP32', shape: [-1, head.labels.length] },
    { name: 'class', datatype: 'INT64', shape: [-1] },
  ];
}

export interface WantedOutput {
  name: string;
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
  head: Head,
  requests: readonly OutputRequest[] | undefined,
  binary: boolean,
): WantedOutput[] {
  const names = outputsOf(head).map(({ name }) => name);
  if (requests === undefined || requests.length === 0) return names.map((name) => ({ name, binary }));
  const wanted = requests.map(({ name, parameters = {}, ...said }): WantedOutput => {
    if (!names.includes(name)) {
      const shown = JSON.stringify(shownName(name));
      throw invalid(`The model has no output ${shown}; it has ${names.map(shownName).join(' and ')}.`);
    }
    const { binary_data: own = binary, classification, shared_memory_region: region } = parameters;
    if (region !== undefined) throw invalid(`Output ${shownName(name)}: shared memory is not supported.`);
    if (classification !== undefined) refuseToClassify(head, name);
    return { name, binary: own, classification, ...said };
  });
  const twice = wanted.find(({ name }, index) => wanted.findIndex((each) => each.name === name) < index);
  if (twice) throw invalid(`Output ${shownName(twice.name)} is requested more than once.`);
  return wanted;
}

function refuseToClassify(head: Head, name: string): void {
  requireLabels(head);
  if (name === 'probabilities') return;
  throw invalid(`Output ${shownName(name)}: only probabilities can be returned as a classification.`);
}

/** `results` (count, outputs) of the head */
export function outputTensor(
  { name, classification }: WantedOutput,
  results: Float32Array,
  head: Head,
): OutputTensor {
  if (head.kind === 'values') return valueTensor(results, head.names, name);
  const { labels } = head;
  if (classification !== undefined) return classificationTensor(results, labels, classification);
  return name === 'class' ? classTensor(results, head) : probabilityTensor(results, labels.length);
}

/** Checks what the request states about an output. @throws TrainyardError INVALID_REQUEST */
export function refuseOtherTensor({ name, datatype, shape }: WantedOutput, tensor: OutputTensor): void {
  if (datatype !== undefined && datatype !== tensor.datatype) {
    throw invalid(
      `Output ${shownName(name)}: its datatype is ${tensor.datatype}, not ${JSON.stringify(datatype)}.`,
    );
  }
  const isOther = (size: number, axis: number): boolean => size !== -1 && size !== tensor.shape[axis];
  if (shape === undefined || (shape.length === tensor.shape.length && !shape.some(isOther))) return;
  throw invalid(
    `Output ${shownName(name)}: its shape is [${tensor.shape.join(', ')}], not [${shape.join(', ')}].`,
  );
}

/** FP32 (count): one of the values of each sample. `results` is (count, names). */
function valueTensor(results: Float32Array, names: readonly string[], name: string): OutputTensor {
  const index = names.indexOf(name);
  return floatTensor(names.length === 1 ? results : results.filter((_, i) => i % names.length === index), [
    results.length / names.length,
  ]);
}

/** FP32 (count, classes) */
function probabilityTensor(probabilities: Float32Array, classes: number): OutputTensor {
  return floatTensor(probabilities, [probabilities.length / classes, classes]);
}

function floatTensor(numbers: Float32Array, shape: number[]): OutputTensor {
  const { buffer, byteOffset, byteLength } = numbers;
  return {
    datatype: 'FP32',
    shape,
    toJson: () => Array.from(numbers),
    toBytes: () => Buffer.from(buffer, byteOffset, byteLength),
  };
}

/** INT64 (count): the class that each sample is given */
function classTensor(probabilities: Float32Array, head: ClassHead): OutputTensor {
  const indices = classRows(probabilities, head.labels.length).map((row) => answeredIndex(row, head));
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
