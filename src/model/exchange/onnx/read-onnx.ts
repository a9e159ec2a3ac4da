/** Reads a network out of a file of ONNX: one that this service has written, or any multi-layer perceptron. */
import type { DecodedModel } from '../../files/model-file.js';
import { describedModel, type LinearLayer } from '../import/foreign-network.js';
import { refuseDescription, refuseFields, type ImportDescription } from '../import/import-description.js';
import { modelFileInvalid } from '../import/model-file-invalid.js';
import { identityOf } from './flow.js';
import { networkOfGraph } from './graph-network.js';
import { readOnnxFile } from './onnx-file.js';
import { ownDescription, ownModel } from './own-metadata.js';

/** ModelProto begins with the version of the format, its field 1, in every file that is written in the order of the fields. */
export function looksLikeOnnx(file: Buffer): boolean {
  return file[0] === 0x08;
}

/** @throws TrainyardError MODEL_FILE_INVALID, INVALID_REQUEST */
export function readOnnx(bytes: Buffer, description: ImportDescription): DecodedModel {
  const file = readOnnxFile(bytes);
  const own = ownDescription(file);
  if (own !== null) {
    refuseFields(
      description,
      Object.keys(description),
      'The file is of this service and says everything itself',
    );
    return ownModel(file, own);
  }
  refuseFields(description, ['activations', 'layers'], 'The graph says it');
  const hasScaling = description.scaling !== undefined || description.columns !== undefined;
  const { layers, activations, scaling, endsInSoftmax } = networkOfGraph(file, !hasScaling);
  if (endsInSoftmax && description.labels === undefined) {
    refuseDescription('labels', 'The graph ends in a Softmax: send labels, the names of its classes.');
  }
  const last = activations.pop();
  const outputs = layers[layers.length - 1].outputs;
  if (
    last === 'sigmoid' &&
    description.labels !== undefined &&
    (outputs !== 1 || description.labels.length !== 2)
  ) {
    throw modelFileInvalid(
      `ends in a Sigmoid of ${outputs} ${outputs === 1 ? 'output' : 'outputs'}; classes are the outputs of a Softmax, or two labels of one Sigmoid`,
    );
  }
  // The sigmoid of one logit is the probability of the second of two classes, which the head makes of it.
  if (
    last !== undefined &&
    last !== 'identity' &&
    !(last === 'sigmoid' && description.labels !== undefined)
  ) {
    layers.push(identityLayer(outputs));
    activations.push(last);
  }
  return describedModel(layers, {
    ...description,
    activations,
    ...(scaling && { scaling: { divide_by: 1, mean: -scaling.shift / scaling.gain, std: 1 / scaling.gain } }),
  });
}

const mostIdentities = 1024;

/** What a network has after an activation at its end: here a last layer is linear. */
function identityLayer(outputs: number): LinearLayer {
  if (outputs > mostIdentities) {
    throw modelFileInvalid(`ends in an activation of ${outputs} outputs; at most ${mostIdentities} are read`);
  }
  const weight = identityOf(outputs).data as Float32Array;
  return { name: 'the outputs', inputs: outputs, outputs, weight, bias: new Float32Array(outputs) };
}
