/** A tensor of a file of ONNX. Its numbers are read when they are asked for: most of a file is in them. */
import { modelFileInvalid, shownName } from '../import/model-file-invalid.js';
import { bytesOfType, floatsOf, type NumberType } from '../import/number-types.js';
import { elements } from '../../network/network.js';
import type { ProtobufReader } from './protobuf-reader.js';

/** Numbers that the graph holds, row-major. */
export interface Constant {
  shape: readonly number[];
  /** float64 where the file has it, so that constants of a normalisation lose nothing. Integers are in float64, too. */
  data: Float32Array | Float64Array;
}

/** TensorProto.DataType */
const floatTypes: Readonly<Record<number, NumberType>> = {
  1: 'float32',
  10: 'float16',
  11: 'float64',
  16: 'bfloat16',
};
const int32 = 6;
const int64 = 7;

export class TensorProto {
  name = '';
  readonly shape: number[] = [];
  #type = 0;
  /** Where it is written: as bytes, or as a list of the field of its type. */
  #raw: Buffer | null = null;
  readonly #lists: Buffer[] = [];
  readonly #integers: number[] = [];
  #isOutside = false;

  constructor(reader: ProtobufReader, message: Buffer) {
    const list = ({ bytes }: { bytes: Buffer }): void => void this.#lists.push(bytes);
    const integers = ({ integer, bytes }: { integer: number; bytes: Buffer }): void => {
      for (const each of Number.isNaN(integer) ? reader.integers(bytes) : [integer])
        this.#integers.push(each);
    };
    reader.read(message, {
      1: ({ integer, bytes }) => {
        if (Number.isNaN(integer)) for (const side of reader.integers(bytes)) this.shape.push(side);
        else this.shape.push(integer);
      },
      2: ({ integer }) => (this.#type = integer),
      4: list,
      5: integers,
      7: integers,
      8: ({ bytes }) => (this.name = bytes.toString()),
      9: ({ bytes }) => (this.#raw = bytes),
      10: list,
      13: () => (this.#isOutside = true),
      14: ({ integer }) => (this.#isOutside ||= integer === 1),
    });
  }

  /** @throws TrainyardError MODEL_FILE_INVALID */
  read(): Constant {
    const shown = `the tensor ${shownName(this.name)}`;
    if (this.#isOutside) {
      throw modelFileInvalid(
        `has the numbers of ${shown} in another file. Save all in one: torch.onnx.export(…, external_data=False)`,
      );
    }
    const data = this.#numbers(shown);
    if (
      this.shape.length > 8 ||
      !this.shape.every((side) => side >= 0) ||
      elements(this.shape) !== data.length
    ) {
      throw modelFileInvalid(
        `has ${data.length} numbers for ${shown} of shape [${this.shape.slice(0, 9).join(', ')}]`,
      );
    }
    return { shape: this.shape, data };
  }

  #numbers(shown: string): Float32Array | Float64Array {
    if (this.#type === int64 || this.#type === int32) return this.#wholeNumbers(shown);
    const type = Object.hasOwn(floatTypes, this.#type) ? floatTypes[this.#type] : undefined;
    if (type === undefined) {
      throw modelFileInvalid(
        `has ${shown} of type ${this.#type} of ONNX; weights are float32, float64, float16 or bfloat16`,
      );
    }
    const bytes = this.#raw ?? this.#listed(type);
    if (bytes.length % bytesOfType[type] !== 0) throw modelFileInvalid(`has half a number in ${shown}`);
    return type === 'float64' ? doublesOf(bytes, shown) : floatsOf(type, bytes, shown);
  }

  /** float16 and bfloat16 are listed as integers of their bits. */
  #listed(type: NumberType): Buffer {
    return type === 'float16' || type === 'bfloat16'
      ? Buffer.from(Uint16Array.from(this.#integers).buffer)
      : Buffer.concat(this.#lists);
  }

  #wholeNumbers(shown: string): Float64Array {
    if (this.#raw === null) return Float64Array.from(this.#integers);
    const size = this.#type === int64 ? 8 : 4;
    if (this.#raw.length % size !== 0) throw modelFileInvalid(`has half a number in ${shown}`);
    const raw = this.#raw;
    return Float64Array.from({ length: raw.length / size }, (_, i) =>
      size === 8 ? Number(raw.readBigInt64LE(i * size)) : raw.readInt32LE(i * size),
    );
  }
}

function doublesOf(bytes: Buffer, shown: string): Float64Array {
  const doubles = new Float64Array(bytes.length / 8);
  for (let i = 0; i < doubles.length; i++) {
    doubles[i] = bytes.readDoubleLE(8 * i);
    if (!Number.isFinite(doubles[i])) throw modelFileInvalid(`has ${doubles[i]} in ${shown}`);
  }
  return doubles;
}
