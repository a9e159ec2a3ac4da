/** From a file that another program has written, and what its sender says of it, to a model as this service keeps it. */
import { decodeModelFile, type DecodedModel } from '../../files/model-file.js';
import { readSafetensors } from '../../files/safetensors.js';
import type { StateDict, Tensor } from '../../network/network.js';
import { looksLikeOnnx, readOnnx } from '../onnx/read-onnx.js';
import { readStateDict } from '../pytorch/read-state-dict.js';
import { describedModel, linearLayers } from './foreign-network.js';
import { refuseDescription, refuseFields, type ImportDescription } from './import-description.js';
import { asInvalidFile, modelFileInvalid, shownName } from './model-file-invalid.js';
import { floatsOf, type NumberType } from './number-types.js';

export type ImportFormat = 'pth' | 'safetensors' | 'onnx';

/** What came in, and as what. */
export interface ImportedModel {
  format: ImportFormat;
  model: DecodedModel;
}

/**
 * The content says what the file is. A safetensors or ONNX file of this service needs no description, and takes none.
 * @throws TrainyardError MODEL_FILE_INVALID, INVALID_REQUEST
 */
export function importModel(file: Buffer, description: ImportDescription): ImportedModel {
  if (file.subarray(0, 4).equals(zipSignature)) {
    const layers = linearLayers(readStateDict(file), description);
    return { format: 'pth', model: describedModel(layers, description) };
  }
  // A pickle of protocol 2.
  if (file[0] === 0x80 && file[1] === 2) {
    throw modelFileInvalid(
      'is of PyTorch before 1.6, or a pickle. Load it and save it again: torch.save(state_dict, "model.pth")',
    );
  }
  // After the length of its header.
  if (file[8] === '{'.charCodeAt(0))
    return { format: 'safetensors', model: importSafetensors(file, description) };
  if (looksLikeOnnx(file)) return { format: 'onnx', model: readOnnx(file, description) };
  throw modelFileInvalid('is neither a state dict of PyTorch (.pth) nor safetensors nor ONNX');
}

const zipSignature = Buffer.from('PK\x03\x04', 'latin1');

const dtypes: Readonly<Record<string, NumberType>> = {
  F32: 'float32',
  F64: 'float64',
  F16: 'float16',
  BF16: 'bfloat16',
};

function importSafetensors(file: Buffer, description: ImportDescription): DecodedModel {
  const { metadata, tensors } = asInvalidFile(() =>
    readSafetensors(file, { F32: 4, F64: 8, F16: 2, BF16: 2 }),
  );
  if (Object.hasOwn(metadata, 'network') && Object.hasOwn(metadata, 'format_version')) {
    refuseFields(
      description,
      Object.keys(description),
      'The file is of this service and says everything itself',
    );
    return asInvalidFile(() => decodeModelFile(file));
  }
  const floats = [...tensors].map(([name, { dtype, shape, bytes }]): [string, Tensor] => [
    name,
    { shape, data: floatsOf(dtypes[dtype], bytes, shownName(name)) },
  ]);
  return describedModel(linearLayers(inOrder(new Map(floats), description), description), description);
}

/**
 * Writers of safetensors sort the tensors. Where the modules are numbered (fc1, fc2, net.0, net.2), the numbers are the order.
 * @throws TrainyardError INVALID_REQUEST where they are not
 */
function inOrder(tensors: StateDict, { layers }: ImportDescription): StateDict {
  const modules = new Set([...tensors.keys()].map((name) => name.replace(/\.?[^.]*$/, '')));
  const stems = new Set([...modules].map((name) => name.replace(/\d+/g, '#')));
  if (layers === undefined && modules.size > 1 && stems.size > 1) {
    const names = [...modules].slice(0, 20).map(shownName).join(', ');
    refuseDescription(
      'layers',
      `A safetensors file does not say in which order its layers are: name them in layers (${names}).`,
    );
  }
  const { compare } = new Intl.Collator('en', { numeric: true });
  return new Map([...tensors].sort(([one], [other]) => compare(one, other)));
}
