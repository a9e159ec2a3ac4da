/** Raw inputs as they come, packed as engines take them, each number checked. */
import { TrainyardError } from '../errors.js';

/**
 * (rows.length, width), row-major, raw. Nothing need be known of the rows; `field` is where they came from, for the
 * message.
 * @throws TrainyardError INVALID_REQUEST
 */
export function packRows(rows: readonly unknown[], width: number, field = 'inputs'): Float32Array {
  const packed = new Float32Array(rows.length * width);
  for (let sample = 0; sample < rows.length; sample++) {
    const row = rows[sample];
    if (!Array.isArray(row)) throw invalidRow(field, sample, 'is no list of numbers');
    if (row.length !== width) {
      throw invalidRow(field, sample, `has ${row.length} numbers; the model takes ${width}`);
    }
    const start = sample * width;
    for (let column = 0; column < width; column++) {
      const value = (row as unknown[])[column];
      if (typeof value !== 'number') throw notFinite(field, sample, column);
      packed[start + column] = value;
      // After rounding: a number beyond float32 has become infinite.
      if (!Number.isFinite(packed[start + column])) throw notFinite(field, sample, column);
    }
  }
  return packed;
}

/** @throws TrainyardError INVALID_REQUEST where a number of `inputs` (count, width) is not finite */
export function refuseNotFinite(inputs: Float32Array, width: number, field = 'inputs'): void {
  for (let i = 0; i < inputs.length; i++) {
    if (!Number.isFinite(inputs[i])) throw notFinite(field, Math.floor(i / width), i % width);
  }
}

function invalidRow(field: string, sample: number, problem: string): TrainyardError {
  const pointer = `/${field}/${sample}`;
  return new TrainyardError('INVALID_REQUEST', `${field}[${sample}] ${problem}`, { pointer });
}

function notFinite(field: string, sample: number, column: number): TrainyardError {
  const message = `${field}[${sample}][${column}] is not a finite float32 number`;
  return new TrainyardError('INVALID_REQUEST', message, { pointer: `/${field}/${sample}/${column}` });
}
