/** The formats that a version can be exported to. */
import { encodeOnnx } from './onnx/onnx-model.js';
import { stateDictOf, type PortableModel } from './portable-model.js';
import { pythonSource } from './pytorch/python-source.js';
import { encodeStateDict } from './pytorch/write-state-dict.js';

export interface ExportFormat {
  /** As the command line calls it: the ending of its file. */
  name: string;
  /** The last part of the version's URL. */
  file: string;
  mediaType: string;
  /** Of the route, for the API's description. */
  summary: string;
  description: string;
  /** The same version gives the same bytes. */
  encode: (model: PortableModel) => Buffer | Promise<Buffer>;
}

export const exportFormats: readonly ExportFormat[] = [
  {
    name: 'pth',
    file: 'model.pth',
    mediaType: 'application/octet-stream',
    summary: 'Download a version for PyTorch',
    description:
      'The parameters as a state dict, which `torch.load(…, weights_only=True)` and `load_state_dict` read. `model.py` has the ' +
      'network for it, and what comes before and after the network.',
    encode: (model) => encodeStateDict(stateDictOf(model)),
  },
  {
    name: 'py',
    file: 'model.py',
    mediaType: 'text/x-python; charset=utf-8',
    summary: 'Download the network of a version as Python',
    description:
      'A module that rebuilds the network for `model.pth` in PyTorch, with the preprocessing, the calibration and the labels, and ' +
      'gives the answers of the service. It needs nothing else.',
    encode: (model) => Buffer.from(pythonSource(model)),
  },
  {
    name: 'onnx',
    file: 'model.onnx',
    mediaType: 'application/octet-stream',
    summary: 'Download a version as ONNX',
    description:
      'One graph of opset 17 with the preprocessing, the calibration and the labels. Each column of a table is an input by its name, ' +
      '(rows, 1): numbers as float64, with NaN where they are missing, and texts as strings.',
    encode: encodeOnnx,
  },
];
