/**
 * Which numbers a body of bytes is made of. Where the request does not say, it is told by the length and by the numbers, or
 * the request is refused: bytes read as another type than they are would be answered without a sign that it is wrong.
 */
import { TrainyardError } from '../../errors.js';
import { mostSamples } from './prediction-schemas.js';
import { numberTypes } from './prediction-body-schemas.js';

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
export function numberTypeOf(bytes: Buffer, width: number): NumberType {
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
