/** Reads samples from bytes: from images, and from raw numbers. */
import { setImmediate } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import { TrainyardError } from '../../errors.js';
import type { ImageReader, WantedInput } from '../../images/image-reader.js';
import type { PictureFit } from '../../lib/picture-input.js';
import type { AnsweringModel } from '../../model/serving/loaded-model.js';
import { refuseNotFinite } from '../../model/serving/raw-inputs.js';
import { refuseTableModel } from '../../model/serving/table-inputs.js';
import { mostSamples, numberTypes } from './prediction-schemas.js';
import { refuseLateOrGone, type Samples } from './run-prediction.js';

/**
 * `declaredType` is the type of the numbers, where the request states it.
 * @throws TrainyardError INVALID_REQUEST, INPUT_UNSUPPORTED
 */
export function samplesOfBytes(
  bytes: Buffer,
  model: AnsweringModel,
  declaredType: NumberType | undefined,
): Samples {
  refuseTableModel(model);
  const { network } = model;
  const width = network.inputs;
  const type = declaredType ?? detectNumberType(bytes, width);
  const sampleBytes = width * bytesPerNumber[type];
  const count = bytes.length / sampleBytes;
  if (count === 0 || !Number.isInteger(count)) {
    const problem =
      `The body has ${bytes.length} bytes. A sample for this model is ${width} ${type} numbers, which are ` +
      `${sampleBytes} bytes.`;
    throw new TrainyardError('INVALID_REQUEST', problem, { pointer: '' });
  }
  if (count > mostSamples) {
    const problem = `The body has ${count} samples; at most ${mostSamples} are allowed.`;
    throw new TrainyardError('INVALID_REQUEST', problem, { pointer: '' });
  }
  const inputs = numbersOf(bytes, type);
  refuseNotFinite(inputs, width, 'samples');
  return { inputs, count, field: 'samples' };
}

/** Little-endian, like every machine that the service runs on: see open-inference/datatypes.ts. */
function numbersOf(bytes: Buffer, type: NumberType): Float32Array {
  if (type === 'uint8') return Float32Array.from(bytes);
  // Copied, because the bytes need not be aligned as numbers must be.
  const { buffer } = Uint8Array.from(bytes);
  return type === 'float32' ? new Float32Array(buffer) : Float32Array.from(new Float64Array(buffer));
}

/**
 * `fit`: where the request says it.
 * @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE, INPUT_UNSUPPORTED, OVERLOADED, DEADLINE_EXCEEDED, CLIENT_GONE
 */
export async function samplesOfImages(
  images: readonly Buffer[],
  model: AnsweringModel,
  fit: PictureFit | undefined,
  reader: Pick<ImageReader, 'read'>,
  request: FastifyRequest,
): Promise<Samples> {
  refuseTableModel(model);
  const width = model.network.inputs;
  const input = wantedInput(model, fit);
  const inputs = new Float32Array(images.length * width);
  for (const [index, bytes] of images.entries()) {
    if (index > 0) {
      // Other requests get their turn between two images.
      await setImmediate();
      refuseLateOrGone(request);
    }
    try {
      inputs.set(await reader.read({ bytes, input }), index * width);
    } catch (error) {
      throw images.length === 1 ? error : namingImage(error, index);
    }
  }
  return { inputs, count: images.length, field: 'image' };
}

/** @throws TrainyardError INPUT_UNSUPPORTED, INVALID_REQUEST */
function wantedInput({ manifest, network, image }: AnsweringModel, fit: PictureFit | undefined): WantedInput {
  const side = Math.sqrt(network.inputs);
  if (image === null) {
    if (!Number.isInteger(side)) throw notSquare(manifest.model, network.inputs);
    if (fit === undefined || fit === 'digit' || fit === 'stretch') return { fit: fit ?? 'digit', side };
    const message = `${manifest.model} did not learn from a dataset of pictures: image_fit is digit or stretch.`;
    throw new TrainyardError('INVALID_REQUEST', message);
  }
  if (fit === 'digit' && (image.channels !== 1 || image.width !== image.height)) {
    const message = `image_fit digit is for grey squares, and ${manifest.model} takes ${image.width} × ${image.height} pixels of ${image.channels} channels.`;
    throw new TrainyardError('INVALID_REQUEST', message);
  }
  return { ...image, ...(fit && { fit }) };
}

function notSquare(model: string, inputs: number): TrainyardError {
  const message =
    `${model} takes ${inputs} numbers, which do not form a square image. Send them as application/json or ` +
    'application/octet-stream.';
  return new TrainyardError('INPUT_UNSUPPORTED', message);
}

/** Names the image at fault among several. */
function namingImage(error: unknown, index: number): unknown {
  if (!(error instanceof TrainyardError) || !error.code.startsWith('IMAGE_')) return error;
  const message = `image[${index}]: ${error.message}`;
  return new TrainyardError(error.code, message, { pointer: `/image/${index}`, cause: error });
}

export type NumberType = (typeof numberTypes)[number];

const bytesPerNumber: Readonly<Record<NumberType, number>> = { float32: 4, float64: 8, uint8: 1 };

/** Integers, and halves of float64 numbers, that are read as float32 soon fall outside this range. */
const plausible = { least: 2 ** -48, most: 2 ** 48 };

/** Arbitrary bits read as float32 fall inside it in three of eight cases; this many in a row do not by chance. */
const enoughSigns = 20;

/**
 * Detects the type of the numbers from their length and their values. A wrong guess would give wrong answers without a
 * sign, so an ambiguous body is refused. A length that fits no type counts as float32.
 * @param width numbers in a sample
 * @throws TrainyardError INVALID_REQUEST when the type is ambiguous
 */
function detectNumberType(bytes: Buffer, width: number): NumberType {
  const bytesPerInput = bytes.length / width;
  if (!Number.isInteger(bytesPerInput) || bytesPerInput === 0) return 'float32';
  // An even length may also be half as many samples of float16.
  if (bytesPerInput % 2 === 1) return 'uint8';
  const fitsFloat64 = bytesPerInput % 8 === 0;
  if (fitsFloat64 && bytesPerInput / 4 > mostSamples) return 'float64';
  if (bytesPerInput % 4 === 0 && isFloat32(bytes, fitsFloat64)) return 'float32';
  throw new TrainyardError(
    'INVALID_REQUEST',
    `The type of the numbers in these ${bytes.length} bytes is ambiguous. State it with dtype, one of ` +
      `${numberTypes.join(', ')}.`,
    { pointer: '' },
  );
}

/** Whether all numbers are plausible as float32, and some of them cannot be halves of float64 numbers. */
function isFloat32(bytes: Buffer, mayBeFloat64: boolean): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let signs = mayBeFloat64 ? 0 : enoughSigns;
  for (let at = 0; at < bytes.length; at += 4) {
    const magnitude = Math.abs(view.getFloat32(at, true));
    if (magnitude !== 0 && !(magnitude >= plausible.least && magnitude < plausible.most)) return false;
    if (signs >= enoughSigns || at % 8 !== 0) continue;
    const low = view.getUint32(at, true);
    // The upper half of a float64 number is 0 only where the whole number is.
    if (low !== 0 && view.getUint32(at + 4, true) === 0) signs = enoughSigns;
    // The lower half of an integer is 0, and that of a rounded float32 has three bits.
    else if ((low & 0x1fff_ffff) !== 0) signs++;
  }
  return signs >= enoughSigns;
}
