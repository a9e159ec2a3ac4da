/** Reads the fields of messages that a stranger has written: https://protobuf.dev/programming-guides/encoding. */
import { modelFileInvalid } from '../import/model-file-invalid.js';

/** What a field holds, by how it is written: a number, 4 or 8 bytes, or bytes of a length of their own. */
export interface Field {
  /** Of int32, int64 and enum; beyond 2⁵³ only near it. */
  integer: number;
  /** Of everything else. */
  bytes: Buffer;
}

/** By the number of the field. Other fields are skipped. */
export type FieldHandlers = Readonly<Record<number, (field: Field) => void>>;

/** Of a whole file. A network of a thousand layers has some ten thousand. */
const mostFields = 1_000_000;

const noBytes = Buffer.alloc(0);

/** One for a file: it counts all fields of it. */
export class ProtobufReader {
  #fields = 0;

  /** Calls the handlers in the order of the fields. @throws TrainyardError MODEL_FILE_INVALID */
  read(message: Buffer, handlers: FieldHandlers): void {
    const cursor = new Cursor(message);
    while (!cursor.isAtEnd) {
      if (++this.#fields > mostFields) throw modelFileInvalid(`has more than ${mostFields} fields`);
      const tag = cursor.varint();
      const field = fieldAt(cursor, tag % 8);
      const number = Math.floor(tag / 8);
      if (Object.hasOwn(handlers, number)) handlers[number](field);
    }
  }

  /** Integers that are written one after another in one field, as those of lists are. @throws TrainyardError MODEL_FILE_INVALID */
  integers(packed: Buffer): number[] {
    const cursor = new Cursor(packed);
    const integers: number[] = [];
    while (!cursor.isAtEnd) {
      if (++this.#fields > mostFields) throw modelFileInvalid(`has more than ${mostFields} fields`);
      integers.push(cursor.varint());
    }
    return integers;
  }
}

function fieldAt(cursor: Cursor, wireType: number): Field {
  switch (wireType) {
    case 0:
      return { integer: cursor.varint(), bytes: noBytes };
    case 1:
      return { integer: NaN, bytes: cursor.take(8) };
    case 2:
      return { integer: NaN, bytes: cursor.take(cursor.varint()) };
    case 5:
      return { integer: NaN, bytes: cursor.take(4) };
    default:
      throw damaged();
  }
}

class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(length: number): Buffer {
    if (!(length >= 0 && length <= this.#bytes.length - this.#at)) throw damaged();
    return this.#bytes.subarray(this.#at, (this.#at += length));
  }

  /** Seven bits a byte, the lowest first, at most 64 bits; negative numbers as those of 64 bits. */
  varint(): number {
    const start = this.#at;
    let value = 0;
    for (let power = 1; this.#at - start < 8; power *= 128) {
      const byte = this.#next();
      value += (byte & 0x7f) * power;
      if (byte < 0x80) return value;
    }
    // Beyond 53 bits the sum of above would round, and a small negative number be lost.
    let exact = 0n;
    this.#at = start;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#next();
      exact |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, exact));
    }
    throw damaged();
  }

  #next(): number {
    if (this.isAtEnd) throw damaged();
    return this.#bytes[this.#at++];
  }
}

function damaged(): Error {
  return modelFileInvalid('is cut short or damaged: it cannot be read as ONNX');
}
