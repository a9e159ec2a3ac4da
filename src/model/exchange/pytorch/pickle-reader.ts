/**
 * Reads the pickle of a state dict as data. It knows the opcodes and the globals of tensors and plain values; whatever else a
 * pickle asks for is refused, and nothing is ever imported or called. A pickle cannot make more values than it has bytes.
 * The machine is that of Python's Lib/pickle.py; the calls are those of torch/_utils.py.
 */
import { modelFileInvalid, shownName } from '../import/model-file-invalid.js';
import { opcodes } from './pickle-opcodes.js';

export type PickleValue =
  | null
  | boolean
  | number
  | string
  | Global
  | StorageRef
  | TensorRef
  /** A tuple or a list, which may contain itself. */
  | PickleValue[]
  | Map<PickleValue, PickleValue>;

/** Something in a Python module. */
export class Global {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Numbers in an entry of the archive. */
export class StorageRef {
  /** A type of PyTorch: FloatStorage. */
  readonly type: string;
  readonly key: string;

  constructor(type: string, key: string) {
    this.type = type;
    this.key = key;
  }
}

/** Where the numbers of a tensor are; offset and strides count elements of the storage. Nothing of it is checked. */
export interface TensorPlace {
  storage: StorageRef;
  offset: number;
  shape: readonly number[];
  strides: readonly number[];
}

export class TensorRef {
  readonly place: TensorPlace;

  constructor(place: TensorPlace) {
    this.place = place;
  }
}

/** A state dict of a thousand layers, and the state of an optimiser beside it, need less. */
const mostBytes = 2 ** 20;

/** Tuples within lists within dicts: a state dict nests a few. */
const mostMarks = 1_000;

const globals = new Set([
  'collections.OrderedDict',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_parameter',
  ...['Float', 'Double', 'Half', 'BFloat16', 'Long', 'Int', 'Short', 'Char', 'Byte', 'Bool'].map(
    (type) => `torch.${type}Storage`,
  ),
]);

/** @throws TrainyardError MODEL_FILE_INVALID */
export function readPickle(bytes: Buffer): PickleValue {
  if (bytes.length > mostBytes) throw invalid(`is longer than ${mostBytes} bytes`);
  return new PickleMachine(bytes).run();
}

class PickleMachine {
  readonly #bytes: Buffer;
  #at = 0;
  #stack: PickleValue[] = [];
  /** The stacks below the marks. */
  readonly #below: PickleValue[][] = [];
  readonly #memo = new Map<number, PickleValue>();

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  run(): PickleValue {
    for (;;) {
      const opcode = this.#byte();
      if (opcode === opcodes.STOP) return this.#pop();
      this.#step(opcode);
    }
  }

  #step(opcode: number): void {
    switch (opcode) {
      case opcodes.PROTO:
        this.#byte();
        break;
      case opcodes.FRAME:
        this.#take(8);
        break;
      case opcodes.MARK:
        if (this.#below.length === mostMarks) throw invalid(`nests more than ${mostMarks} values`);
        this.#below.push(this.#stack);
        this.#stack = [];
        break;
      case opcodes.POP:
        this.#pop();
        break;
      case opcodes.GLOBAL:
        this.#push(globalOf(this.#line(), this.#line()));
        break;
      case opcodes.STACK_GLOBAL: {
        const name = this.#pop();
        this.#push(globalOf(textOf(this.#pop()), textOf(name)));
        break;
      }
      case opcodes.REDUCE: {
        const given = listOf(this.#pop());
        this.#push(called(this.#pop(), given));
        break;
      }
      case opcodes.BUILD:
        // Of an OrderedDict, which has the versions of its modules as an attribute.
        this.#pop();
        mapOf(this.#top());
        break;
      case opcodes.BINPERSID:
        this.#push(storageOf(listOf(this.#pop())));
        break;
      default:
        if (!this.#pushConstant(opcode) && !this.#collect(opcode) && !this.#remember(opcode)) {
          throw invalid(`has the opcode 0x${opcode.toString(16)}, which no state dict needs`);
        }
    }
  }

  #pushConstant(opcode: number): boolean {
    switch (opcode) {
      case opcodes.NONE:
        this.#push(null);
        break;
      case opcodes.NEWTRUE:
      case opcodes.NEWFALSE:
        this.#push(opcode === opcodes.NEWTRUE);
        break;
      case opcodes.BININT:
        this.#push(this.#take(4).readInt32LE());
        break;
      case opcodes.BININT1:
        this.#push(this.#byte());
        break;
      case opcodes.BININT2:
        this.#push(this.#take(2).readUInt16LE());
        break;
      case opcodes.LONG1:
        this.#push(longOf(this.#take(this.#byte())));
        break;
      case opcodes.BINFLOAT:
        this.#push(this.#take(8).readDoubleBE());
        break;
      case opcodes.BINUNICODE:
        this.#push(this.#take(this.#take(4).readUInt32LE()).toString());
        break;
      case opcodes.SHORT_BINUNICODE:
        this.#push(this.#take(this.#byte()).toString());
        break;
      case opcodes.EMPTY_TUPLE:
      case opcodes.EMPTY_LIST:
        this.#push([]);
        break;
      case opcodes.EMPTY_DICT:
        this.#push(new Map());
        break;
      default:
        return false;
    }
    return true;
  }

  #collect(opcode: number): boolean {
    switch (opcode) {
      case opcodes.TUPLE:
        this.#push(this.#popMark());
        break;
      case opcodes.TUPLE1:
      case opcodes.TUPLE2:
      case opcodes.TUPLE3: {
        const length = opcode - opcodes.TUPLE1 + 1;
        const items = Array.from({ length }, () => this.#pop());
        this.#push(items.reverse());
        break;
      }
      case opcodes.APPEND: {
        const item = this.#pop();
        listOf(this.#top()).push(item);
        break;
      }
      case opcodes.APPENDS: {
        const items = this.#popMark();
        const list = listOf(this.#top());
        for (const item of items) list.push(item);
        break;
      }
      case opcodes.SETITEM: {
        const value = this.#pop();
        const key = this.#pop();
        mapOf(this.#top()).set(key, value);
        break;
      }
      case opcodes.SETITEMS: {
        const items = this.#popMark();
        const map = mapOf(this.#top());
        if (items.length % 2 === 1) throw invalid('has a key without a value');
        for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
        break;
      }
      default:
        return false;
    }
    return true;
  }

  #remember(opcode: number): boolean {
    switch (opcode) {
      case opcodes.BINPUT:
        this.#memo.set(this.#byte(), this.#top());
        break;
      case opcodes.LONG_BINPUT:
        this.#memo.set(this.#take(4).readUInt32LE(), this.#top());
        break;
      case opcodes.MEMOIZE:
        this.#memo.set(this.#memo.size, this.#top());
        break;
      case opcodes.BINGET:
        this.#push(this.#remembered(this.#byte()));
        break;
      case opcodes.LONG_BINGET:
        this.#push(this.#remembered(this.#take(4).readUInt32LE()));
        break;
      default:
        return false;
    }
    return true;
  }

  #remembered(key: number): PickleValue {
    const value = this.#memo.get(key);
    if (value === undefined) throw invalid('refers to a value that it does not have');
    return value;
  }

  #push(value: PickleValue): void {
    this.#stack.push(value);
  }

  #pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined) throw invalid('takes a value where there is none');
    return value;
  }

  #top(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined) throw invalid('takes a value where there is none');
    return value;
  }

  #popMark(): PickleValue[] {
    const items = this.#stack;
    const below = this.#below.pop();
    if (below === undefined) throw invalid('has no mark where it needs one');
    this.#stack = below;
    return items;
  }

  #byte(): number {
    return this.#take(1)[0];
  }

  #take(bytes: number): Buffer {
    const end = this.#at + bytes;
    if (end > this.#bytes.length) throw invalid('ends too early');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end === -1) throw invalid('ends too early');
    const line = this.#take(end - this.#at).toString();
    this.#at++;
    return line;
  }
}

function globalOf(module: string, name: string): Global {
  const full = `${module}.${name}`;
  if (globals.has(full)) return new Global(full);
  throw modelFileInvalid(
    `has more than tensors: it names ${shownName(full)}. Save the state dict alone: torch.save(model.state_dict(), "model.pth")`,
  );
}

/** What the calls of a state dict give. */
function called(callee: PickleValue, given: PickleValue[]): PickleValue {
  const name = callee instanceof Global ? callee.name : '';
  const [first] = given;
  if (name === 'collections.OrderedDict') return new Map(given.length === 0 ? [] : listOf(first).map(pairOf));
  // A parameter is its tensor, with what training needs to know.
  if (name === 'torch._utils._rebuild_parameter' && first instanceof TensorRef) return first;
  if (name === 'torch._utils._rebuild_tensor_v2' && first instanceof StorageRef) {
    const [, offset, shape, strides] = given;
    return new TensorRef({
      storage: first,
      offset: sizeOf(offset),
      shape: listOf(shape).map(sizeOf),
      strides: listOf(strides).map(sizeOf),
    });
  }
  throw invalid('calls what a state dict does not call');
}

function pairOf(value: PickleValue): [PickleValue, PickleValue] {
  const [key = null, item = null] = listOf(value);
  return [key, item];
}

/** ('storage', type, key, device, elements) */
function storageOf([kind, type, key]: PickleValue[]): StorageRef {
  if (kind !== 'storage' || !(type instanceof Global) || typeof key !== 'string')
    throw invalid('refers to no storage');
  return new StorageRef(type.name.replace('torch.', ''), key);
}

function sizeOf(value: PickleValue | undefined): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalid('has a tensor with a size that is no size');
}

function textOf(value: PickleValue): string {
  if (typeof value === 'string') return value;
  throw invalid('has another value where it needs text');
}

function listOf(value: PickleValue | undefined): PickleValue[] {
  if (Array.isArray(value)) return value;
  throw invalid('has another value where it needs a list');
}

function mapOf(value: PickleValue): Map<PickleValue, PickleValue> {
  if (value instanceof Map) return value;
  throw invalid('has another value where it needs a dict');
}

/** Little-endian, with a sign. */
function longOf(bytes: Buffer): number {
  if (bytes.length === 0) return 0;
  if (bytes.length > 8) throw invalid('has a number that is longer than eight bytes');
  const negative = bytes[bytes.length - 1] >= 0x80;
  const whole = Buffer.alloc(8, negative ? 0xff : 0);
  bytes.copy(whole);
  return Number(whole.readBigInt64LE());
}

function invalid(problem: string): Error {
  return modelFileInvalid(`cannot be read: its pickle ${problem}`);
}
