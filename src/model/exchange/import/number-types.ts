/** The types of numbers in foreign files, and how they become float32. */
import { modelFileInvalid } from './model-file-invalid.js';

export type NumberType = 'float16' | 'bfloat16' | 'float32' | 'float64';

export const bytesOfType: Readonly<Record<NumberType, number>> = {
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
};

/**
 * Little-endian numbers, of as many bytes as they have. float16 and bfloat16 lose nothing; float64 is rounded to the nearest.
 * @throws TrainyardError MODEL_FILE_INVALID where a number is not finite or is beyond float32
 */
export function floatsOf(type: NumberType, bytes: Uint8Array, name: string): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = bytesOfType[type];
  const floats = new Float32Array(bytes.byteLength / size);
  const read = readers[type];
  for (let i = 0; i < floats.length; i++) {
    const float = read(view, i * size);
    floats[i] = float;
    if (!Number.isFinite(floats[i]))
      throw modelFileInvalid(`has ${float} in ${name}, which is not finite in float32`);
  }
  return floats;
}

const readers: Record<NumberType, (view: DataView, at: number) => number> = {
  float64: (view, at) => view.getFloat64(at, true),
  float32: (view, at) => view.getFloat32(at, true),
  bfloat16: (view, at) => bfloat16Of(view.getUint16(at, true)),
  float16: (view, at) => float16Of(view.getUint16(at, true)),
};

const scratch = new DataView(new ArrayBuffer(4));

/** The upper half of a float32. */
function bfloat16Of(bits: number): number {
  scratch.setUint16(0, bits);
  scratch.setUint16(2, 0);
  return scratch.getFloat32(0);
}

/** IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction. */
function float16Of(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
