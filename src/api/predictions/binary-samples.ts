/** Reads samples from bytes: from images, and from raw numbers. */
import { setImmediate } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import { TrainyardError } from '../../errors.js';
import type { Fit } from '../../images/fit.js';
import type { ImageReader } from '../../images/image-reader.js';
import type { ServedModel } from '../../model/serving/loaded-model.js';
import { refuseNotFinite } from '../../model/serving/raw-inputs.js';
import { mostSamples, numberTypes } from './prediction-schemas.js';
import { refuseLateOrGone, type Samples } from './run-prediction.js';

/** `told`: the numbers' type, where the request says it. @throws TrainyardError INVALID_REQUEST */
export function samplesOfBytes(
  bytes: Buffer,
  { network }: ServedModel,
  told: NumberType | undefined,
): Samples {
  const width = network.inputs;
  const type = told ?? detectNumberType(bytes, width);
  const sampleBytes = width * bytesOfNumber[type];
  const count = bytes.length / sampleBytes;
  if (count === 0 || !Number.isInteger(count)) {
    const problem = `The body has ${bytes.length} bytes; samples of the model’s ${width} ${type} numbers have ${sampleBytes} each.`;
    throw new TrainyardError('INVALID_REQUEST', problem, { pointer: '' });
  }
  if (count > mostSamples) {
    const problem = `The body has ${count} samples, and there may be at most ${mostSamples}.`;
    throw new TrainyardError('INVALID_REQUEST', problem, { pointer: '' });
  }
  const inputs = numbersOf(bytes, type);
  refuseNotFinite(inputs, width, 'samples');
  return { inputs, count, field: 'samples' };
}

/** Little-endian, as the service's machine must be: see open-inference/datatypes.ts. */
function numbersOf(bytes: Buffer, type: NumberType): Float32Array {
  if (type === 'uint8') return Float32Array.from(bytes);
  // Copied as a whole, as the bytes need not lie where numbers may.
  const { buffer } = Uint8Array.from(bytes);
  return type === 'float32' ? new Float32Array(buffer) : Float32Array.from(new Float64Array(buffer));
}

/** @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE, INPUT_UNSUPPORTED, OVERLOADED, DEADLINE_EXCEEDED, CLIENT_GONE */
export async function samplesOfImages(
  images: readonly Buffer[],
  { manifest, network }: ServedModel,
  fit: Fit,
  reader: Pick<ImageReader, 'read'>,
  request: FastifyRequest,
): Promise<Samples> {
  const side = Math.sqrt(network.inputs);
  if (!Number.isInteger(side)) throw notSquare(manifest.model, network.inputs);
  const inputs = new Float32Array(images.length * network.inputs);
  for (const [index, bytes] of images.entries()) {
    if (index > 0) {
      // Whoever else has asked something is heard between two images.
      await setImmediate();
      refuseLateOrGone(request);
    }
    try {
      inputs.set(await reader.read({ bytes, fit, side }), index * network.inputs);
    } catch (error) {
      throw images.length === 1 ? error : namingImage(error, index);
    }
  }
  return { inputs, count: images.length, field: 'image' };
}

function notSquare(model: string, inputs: number): TrainyardError {
  const message =
    `${model} takes ${inputs} numbers, and these are no square of pixels. ` +
    'Send them as application/json or application/octet-stream.';
  return new TrainyardError('INPUT_UNSUPPORTED', message);
}

/** One of several is to blame. */
function namingImage(error: unknown, index: number): unknown {
  if (!(error instanceof TrainyardError) || !error.code.startsWith('IMAGE_')) return error;
  const message = `image[${index}]: ${error.message}`;
  return new TrainyardError(error.code, message, { pointer: `/image/${index}`, cause: error });
}

export type NumberType = (typeof numberTypes)[number];

export const bytesOfNumber: Readonly<Record<NumberType, number>> = { float32: 4, float64: 8, uint8: 1 };

/** Integers and the halves of float64 numbers, read as float32, soon are smaller or larger than that. */
const usual = { least: 2 ** -48, most: 2 ** 48 };

/** Arbitrary bits read as float32 are usual in three of eight cases: so many of them are not by chance. */
const enough = 20;

/**
 * `width` numbers are a sample. Of a length that fits no type, float32.
 * @throws TrainyardError INVALID_REQUEST where it cannot be told
 */
export function detectNumberType(bytes: Buffer, width: number): NumberType {
  const bytesPerInput = bytes.length / width;
  if (!Number.isInteger(bytesPerInput) || bytesPerInput === 0) return 'float32';
  // An even number may be half as many samples of float16.
  if (bytesPerInput % 2 === 1) return 'uint8';
  const fitsFloat64 = bytesPerInput % 8 === 0;
  if (fitsFloat64 && bytesPerInput / 4 > mostSamples) return 'float64';
  if (bytesPerInput % 4 === 0 && isFloat32(bytes, fitsFloat64)) return 'float32';
  throw new TrainyardError(
    'INVALID_REQUEST',
    `It cannot be told which numbers these ${bytes.length} bytes are: say so with dtype, one of ${numberTypes.join(', ')}.`,
    { pointer: '' },
  );
}

/** Whether all numbers are usual as float32, and some of them cannot be halves of float64 numbers. */
function isFloat32(bytes: Buffer, mayBeFloat64: boolean): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let signs = mayBeFloat64 ? 0 : enough;
  for (let at = 0; at < bytes.length; at += 4) {
    const magnitude = Math.abs(view.getFloat32(at, true));
    if (magnitude !== 0 && !(magnitude >= usual.least && magnitude < usual.most)) return false;
    if (signs >= enough || at % 8 !== 0) continue;
    const low = view.getUint32(at, true);
    // The upper half of a float64 number is 0 only where all of it is.
    if (low !== 0 && view.getUint32(at + 4, true) === 0) signs = enough;
    // The lower half of an integer is 0, and that of a rounded float32 has three bits.
    else if ((low & 0x1fff_ffff) !== 0) signs++;
  }
  return signs >= enough;
}
