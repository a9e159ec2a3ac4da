/**
 * A state dict as `torch.save` writes it: a ZIP archive with a pickle of the names and shapes, and the numbers of each tensor in
 * an entry of their own. `torch.load(weights_only=True)` reads it. The opcodes are those of Python's pickletools.py.
 */
import { elements, type StateDict, type Tensor } from '../../network/network.js';
import { writeZip } from '../zip-writer.js';
import { opcodes } from './pickle-opcodes.js';

/** As `torch.save`, so that `torch.load(mmap=True)` can map the numbers. */
const alignmentBytes = 64;

export function encodeStateDict(parameters: StateDict): Buffer {
  const tensors = [...parameters.values()];
  const entries = [
    { name: 'model/data.pkl', content: pickleOf(parameters) },
    { name: 'model/byteorder', content: Buffer.from('little') },
    ...tensors.map(({ data: { buffer, byteOffset, byteLength } }, index) => ({
      name: `model/data/${index}`,
      content: Buffer.from(buffer, byteOffset, byteLength),
    })),
    { name: 'model/version', content: Buffer.from('3\n') },
  ];
  return writeZip(entries, alignmentBytes);
}

/** OrderedDict({name: _rebuild_tensor_v2(storage, offset, shape, stride, requires_grad, hooks), …}) */
function pickleOf(parameters: StateDict): Buffer {
  const tensors = [...parameters].flatMap(([name, tensor], index) => [
    text(name),
    ...tensorParts(tensor, index),
  ]);
  return Buffer.concat([
    Buffer.from([opcodes.PROTO, 2]),
    ...emptyDict,
    Buffer.from([opcodes.MARK]),
    ...tensors,
    Buffer.from([opcodes.SETITEMS, opcodes.STOP]),
  ]);
}

const emptyDict = [
  global('collections', 'OrderedDict'),
  Buffer.from([opcodes.EMPTY_TUPLE, opcodes.REDUCE]),
] as const;

function tensorParts({ shape, data }: Tensor, index: number): Buffer[] {
  const mark = Buffer.from([opcodes.MARK]);
  return [
    global('torch._utils', '_rebuild_tensor_v2'),
    mark,
    mark,
    text('storage'),
    global('torch', 'FloatStorage'),
    text(String(index)),
    text('cpu'),
    integer(data.length),
    Buffer.from([opcodes.TUPLE, opcodes.BINPERSID]),
    integer(0),
    ...tuple(shape),
    ...tuple(shape.map((_, axis) => elements(shape.slice(axis + 1)))),
    Buffer.from([opcodes.NEWFALSE]),
    ...emptyDict,
    Buffer.from([opcodes.TUPLE, opcodes.REDUCE]),
  ];
}

function tuple(numbers: readonly number[]): Buffer[] {
  return [Buffer.from([opcodes.MARK]), ...numbers.map(integer), Buffer.from([opcodes.TUPLE])];
}

/** At least 0. */
function integer(value: number): Buffer {
  // Four bytes with a sign; eight bytes where these do not suffice.
  const isShort = value < 2 ** 31;
  const bytes = Buffer.alloc(isShort ? 5 : 10);
  if (isShort) {
    bytes[0] = opcodes.BININT;
    bytes.writeInt32LE(value, 1);
  } else {
    bytes[0] = opcodes.LONG1;
    bytes[1] = 8;
    bytes.writeBigInt64LE(BigInt(value), 2);
  }
  return bytes;
}

function text(value: string): Buffer {
  const content = Buffer.from(value);
  const head = Buffer.alloc(5);
  head[0] = opcodes.BINUNICODE;
  head.writeUInt32LE(content.length, 1);
  return Buffer.concat([head, content]);
}

function global(module: string, name: string): Buffer {
  return Buffer.concat([Buffer.from([opcodes.GLOBAL]), Buffer.from(`${module}\n${name}\n`)]);
}
