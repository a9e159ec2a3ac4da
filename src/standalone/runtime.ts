/**
 * What predicts in a file that holds a model: the preprocessing, the kernels and the head of the service, so that it answers
 * with the service's numbers. scripts/build-standalone.mjs bundles it; src/model/exchange/standalone puts it into files.
 */
import { fitDigit } from '../images/fit.js';
import { fitPicture } from '../images/fit-picture.js';
import { decodeImage, readPicture } from '../images/read-picture.js';
import { createEmbeddedEngine } from '../model/engines/wasm/embedded-engine.js';
import { modelPredictor } from '../model/engines/model-predictor.js';
import type { PictureInput } from '../lib/picture-input.js';
import type { StandaloneDocument } from '../model/exchange/standalone/document.js';
import { answeredClass, classRows, type RankedClass } from '../model/heads/class-ranking.js';
import { applyHead, labelsOf, refuseOverflow, type Head } from '../model/heads/head.js';
import { namedValues, type NamedValues } from '../model/heads/named-values.js';
import { ensembleShapes } from '../model/network/members.js';
import { elements, type StateDict, type Tensor } from '../model/network/network.js';
import { shownColumn, signatureOf, type ShownColumn } from '../model/registry/table-signature.js';
import { blankPictures } from '../model/serving/blank-pictures.js';
import { packRows } from '../model/serving/raw-inputs.js';
import { inputsOfRows, type PredictionWarning, type TableInputs } from '../model/serving/table-inputs.js';

/** As `POST /predict` answers. */
export interface Answer {
  model: string;
  version: number;
  predictions: (NamedValues | (RankedClass & { probabilities: number[] }))[];
  warnings?: PredictionWarning[];
}

export interface StandaloneModel {
  model: string;
  version: number;
  /** Of classes, by index; a model of values has none. */
  labels: string[];
  /** What it predicts, of a table. */
  targets: string[];
  /** Of a table, in the order of rows that are lists; null: it takes numbers. */
  columns: ShownColumn[] | null;
  /** How many numbers the network takes. */
  width: number;
  /** How a picture became them; null: the dataset had no pictures of its own. */
  image: PictureInput | null;
  /**
   * Samples as `inputs` of `POST /predict` has them.
   * @throws TrainyardError INVALID_REQUEST where they cannot be read
   */
  predict(inputs: readonly unknown[]): Promise<Answer>;
  /**
   * The input of a PNG or JPEG file, with the bits that `POST /predict` makes of it. Of a model of pictures: (channels, height, width);
   * otherwise (side, side) of grey levels, for a model whose inputs are a square.
   * @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE
   */
  inputOfPicture(file: Uint8Array): Float32Array;
}

/** `parameters` (all tensors of the state dict, in its order) as little-endian float32, and the kernels, in base64. */
export async function openModel(
  document: StandaloneDocument,
  { parameters, kernels }: { parameters: string; kernels: string },
): Promise<StandaloneModel> {
  const { model, version, network, head, preprocessing = null, image = null, ensemble = 1 } = document;
  const predictor = await modelPredictor(
    await createEmbeddedEngine(bytesOf(kernels)),
    document,
    stateDictOf(ensembleShapes(network, ensemble), bytesOf(parameters)),
  );

  function read(inputs: readonly unknown[]): TableInputs {
    if (preprocessing !== null) return inputsOfRows(preprocessing, inputs);
    const packed = { inputs: packRows(inputs, network.inputs), count: inputs.length };
    return {
      ...packed,
      warnings: blankPictures({ network, preprocessing, image }, { ...packed, field: 'inputs' }),
    };
  }

  return {
    model,
    version,
    labels: labelsOf(head),
    targets: preprocessing?.targets ?? [],
    columns: preprocessing && signatureOf(preprocessing).columns.map(shownColumn),
    width: network.inputs,
    image,

    async predict(rows) {
      const { inputs, count, warnings } = read(rows);
      const results = applyHead(head, await predictor.predict(inputs, count));
      refuseOverflow(results, network.outputs);
      const predictions = predictionsOf(head, results);
      return { model, version, predictions, ...(warnings.length > 0 && { warnings }) };
    },

    inputOfPicture: (file) =>
      image === null
        ? fitDigit(decodeImage(file), Math.sqrt(network.inputs))
        : Float32Array.from(fitPicture(readPicture(file), image)),
  };
}

function predictionsOf(head: Head, results: Float32Array): Answer['predictions'] {
  if (head.kind === 'values') return namedValues(results, head.names);
  return classRows(results, head.labels.length).map((row) => ({
    ...answeredClass(row, head),
    probabilities: Array.from(row),
  }));
}

function stateDictOf(shapes: { name: string; shape: number[] }[], bytes: Uint8Array): StateDict {
  const floats = new Float32Array(bytes.buffer);
  let start = 0;
  return new Map(
    shapes.map(({ name, shape }): [string, Tensor] => {
      const data = floats.subarray(start, (start += elements(shape)));
      return [name, { shape, data }];
    }),
  );
}

function bytesOf(base64: string): Uint8Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
