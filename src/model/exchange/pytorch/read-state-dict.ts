/** Reads what `torch.save` has written of a state dict, or of a dict that has one among other things, as checkpoints do. */
import { modelFileInvalid, shownName } from '../import/model-file-invalid.js';
import { bytesOfType, floatsOf, type NumberType } from '../import/number-types.js';
import { elements, type StateDict, type Tensor } from '../../network/network.js';
import { readZip } from '../zip-reader.js';
import { readPickle, TensorRef, type PickleValue, type TensorPlace } from './pickle-reader.js';

const numberTypes: Readonly<Record<string, NumberType>> = {
  FloatStorage: 'float32',
  DoubleStorage: 'float64',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
};

/** Under which names checkpoints keep the state dict. */
const stateDictNames = ['state_dict', 'model_state_dict', 'model'];

/**
 * The tensors in float32 and row-major, in the order of the file, which is that of the modules. Together they have no more numbers
 * than the file has bytes.
 * @throws TrainyardError MODEL_FILE_INVALID
 */
export function readStateDict(archive: Buffer): StateDict {
  const entries = readZip(archive);
  const pickle = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle.length !== 1)
    throw modelFileInvalid('is a ZIP archive that torch.save has not written: it has no data.pkl');
  const folder = pickle[0].replace(/data\.pkl$/, '');
  if (entries.has(`${folder}constants.pkl`)) {
    throw modelFileInvalid(
      'is a TorchScript program. Save the state dict: torch.save(model.state_dict(), "model.pth")',
    );
  }
  const byteOrder = entries.get(`${folder}byteorder`)?.toString() ?? 'little';
  if (byteOrder !== 'little') throw modelFileInvalid('has big-endian numbers');
  const tensors = tensorsOf(readPickle(entries.get(pickle[0]) ?? Buffer.alloc(0)));
  // Tensors may share numbers, or repeat them by a stride of 0.
  let room = archive.length / bytesOfType.float16;
  return new Map(
    tensors.map(([name, { place }]) => {
      room -= Math.max(elements(place.shape), spanOf(place));
      if (!(room >= 0)) throw modelFileInvalid('has tensors that are larger than it is');
      return [name, readTensor(name, place, entries.get(`${folder}data/${place.storage.key}`))];
    }),
  );
}

function tensorsOf(root: PickleValue): [string, TensorRef][] {
  if (!(root instanceof Map))
    throw modelFileInvalid('holds no dict. Save the state dict: torch.save(model.state_dict(), …)');
  const nested = stateDictNames.map((name) => root.get(name)).find((value) => value instanceof Map);
  const found = [...(nested ?? root)].filter(
    (entry): entry is [string, TensorRef] => typeof entry[0] === 'string' && entry[1] instanceof TensorRef,
  );
  if (found.length > 0) return found;
  throw modelFileInvalid(`has no tensors, neither at its top nor under ${stateDictNames.join(', ')}`);
}

/** Row-major, whatever the strides are: those of a transposed weight are in another order. */
function readTensor(name: string, place: TensorPlace, storage: Buffer | undefined): Tensor {
  const { shape, strides, offset } = place;
  const numberType = place.storage.type;
  const type = Object.hasOwn(numberTypes, numberType) ? numberTypes[numberType] : undefined;
  if (type === undefined) {
    const kind = numberType.replace('Storage', '').toLowerCase();
    throw modelFileInvalid(
      `has ${shownName(name)} of type ${kind}; weights are float32, float64, float16 or bfloat16`,
    );
  }
  const size = bytesOfType[type];
  const [start, end] = [offset * size, (offset + spanOf(place)) * size];
  if (strides.length !== shape.length || storage === undefined || end > storage.length) {
    throw modelFileInvalid(`has no numbers for ${shownName(name)}, or too few`);
  }
  const numbers = floatsOf(type, storage.subarray(start, end), shownName(name));
  return { shape, data: inOrder(numbers, shape, strides) };
}

/** How many elements of its storage lie between the first and the last one of the tensor, both included. */
function spanOf({ shape, strides }: TensorPlace): number {
  if (elements(shape) === 0) return 0;
  return 1 + shape.reduce((sum, side, axis) => sum + (side - 1) * (strides[axis] ?? 0), 0);
}

/** `numbers` (span) by their strides → row-major. */
function inOrder(numbers: Float32Array, shape: readonly number[], strides: readonly number[]): Float32Array {
  const count = elements(shape);
  const ordered = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let rest = i;
    let at = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += (rest % shape[axis]) * strides[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    ordered[i] = numbers[at];
  }
  return ordered;
}
