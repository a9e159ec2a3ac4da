/** Samples out of bytes: images, and numbers as they lie in memory. */
import { setImmediate } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import { TrainyardError } from '../../errors.js';
import type { Fit } from '../../images/fit.js';
import type { ImageReader } from '../../images/image-reader.js';
import type { ServedModel } from '../../model/serving/loaded-model.js';
import { refuseNotFinite } from '../../model/serving/raw-inputs.js';
import { mostSamples } from './prediction-schemas.js';
import { refuseUnwanted, type Samples } from './ask.js';
import { bytesOfNumber, numberTypeOf, type NumberType } from './number-type.js';

/** `told`: the numbers' type, where the request says it. @throws TrainyardError INVALID_REQUEST */
export function samplesOfBytes(
  bytes: Buffer,
  { network }: ServedModel,
  told: NumberType | undefined,
): Samples {
  const width = network.inputs;
  const type = told ?? numberTypeOf(bytes, width);
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
      refuseUnwanted(request);
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
