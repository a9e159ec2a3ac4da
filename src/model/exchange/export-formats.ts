/** The formats that a version can be exported to. */
import type { ErrorCode } from '../../errors.js';
import { encodeOnnx } from './onnx/onnx-model.js';
import { stateDictOf, type PortableModel } from './portable-model.js';
import { pythonSource } from './pytorch/python-source.js';
import { encodeStateDict } from './pytorch/write-state-dict.js';
import { writeModule } from './standalone/write-module.js';
import { writePage } from './standalone/write-page.js';
import { layersModel } from './tensorflowjs/layers-model.js';
import { writeZip } from './zip-writer.js';

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
  /** Why a version cannot be had in it, beyond what every format has. */
  problems?: readonly ErrorCode[];
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
    name: 'tfjs.zip',
    file: 'tfjs.zip',
    mediaType: 'application/zip',
    summary: 'Download a version for TensorFlow.js',
    description:
      'A folder with a layers model: model.json and weights.bin. Scaling, temperature and units are in its weights. What layers ' +
      'cannot do, such as reading the cells of a table, is in `userDefinedMetadata`, with `left_to_you` as sentences.',
    async encode(portable) {
      const { model, weights } = await layersModel(portable);
      return writeZip([
        { name: 'model.json', content: model },
        { name: 'weights.bin', content: weights },
      ]);
    },
  },
  {
    name: 'tfjs.json',
    file: 'tfjs/model.json',
    mediaType: 'application/json',
    summary: 'Get a version as a layers model of TensorFlow.js',
    description: '`tf.loadLayersModel` takes this URL, and finds weights.bin beside it.',
    encode: async (portable) => (await layersModel(portable)).model,
  },
  {
    name: 'tfjs.bin',
    file: 'tfjs/weights.bin',
    mediaType: 'application/octet-stream',
    summary: 'Get the weights of a layers model of TensorFlow.js',
    description: 'What model.json beside it refers to.',
    encode: async (portable) => (await layersModel(portable)).weights,
  },
  {
    name: 'mjs',
    file: 'model.mjs',
    mediaType: 'text/javascript',
    summary: 'Download a version as a JavaScript module',
    description:
      'One file with the network, its preprocessing and the WebAssembly that computes it, for Node.js and browsers: ' +
      '`import { predict } from "./model.mjs"`. `predict(inputs)` answers as `POST /predict` does, with the same numbers as the ' +
      'engine `wasm`, and needs no service.',
    encode: writeModule,
    problems: ['MODEL_TOO_LARGE'],
  },
  {
    name: 'html',
    file: 'model.html',
    mediaType: 'text/html',
    summary: 'Download a version as a page',
    description:
      'One file that predicts in a browser, from a form of the columns or a drawing, without a network: its policy forbids the ' +
      'browser every request.',
    encode: writePage,
    problems: ['MODEL_TOO_LARGE'],
  },
  {
    name: 'py',
    file: 'model.py',
    mediaType: 'text/x-python',
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
