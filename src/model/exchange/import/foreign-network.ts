/**
 * A network that was trained elsewhere: its linear layers, whichever file they come from, and the model that they become with
 * their description.
 */
import type { Head } from '../../heads/head.js';
import type { DecodedModel, ModelDescription } from '../../files/model-file.js';
import { withDropout, type Activation, type StateDict, type Tensor } from '../../network/network.js';
import type { AffineMap } from '../../preprocessing/affine.js';
import { describedTable } from './described-columns.js';
import { refuseDescription, type ImportDescription } from './import-description.js';
import { modelFileInvalid, shownName } from './model-file-invalid.js';

/** weight · x + bias */
export interface LinearLayer {
  /** As messages call it. */
  name: string;
  inputs: number;
  outputs: number;
  /** (outputs, inputs) */
  weight: Float32Array;
  /** (outputs) */
  bias: Float32Array;
}

const mostLayers = 256;

/**
 * The linear layers of a state dict, first to last: those of the description, or else all, in the order of the state dict. A layer
 * without a bias has one of 0.
 * @throws TrainyardError MODEL_FILE_INVALID, INVALID_REQUEST
 */
export function linearLayers(tensors: StateDict, { layers: described }: ImportDescription): LinearLayer[] {
  const found = [...tensors.keys()].map(moduleOf);
  const names = described ?? [...new Set(found)];
  const unused = found.find((name) => !names.includes(name));
  if (unused !== undefined) {
    refuseDescription('layers', `The file has the layer ${shownName(unused)}, which layers does not name.`);
  }
  if (names.length > mostLayers)
    throw modelFileInvalid(`has ${names.length} layers, and at most ${mostLayers} are read`);
  const layers = names.map((name) => linearLayer(tensors, name));
  refuseUnchained(layers);
  return layers;
}

/** `net.0.weight` → `net.0` @throws TrainyardError MODEL_FILE_INVALID */
function moduleOf(tensor: string): string {
  if (/^(?:.+\.)?(?:weight|bias)$/s.test(tensor)) return tensor.replace(/\.?[^.]*$/, '');
  throw modelFileInvalid(
    `has ${shownName(tensor)}, and a network of linear layers has only weights and biases; export it as ONNX if it has other layers`,
  );
}

function linearLayer(tensors: StateDict, name: string): LinearLayer {
  const of = (part: string): string => (name === '' ? part : `${name}.${part}`);
  const weight = tensors.get(of('weight'));
  if (weight?.shape.length !== 2) {
    const what = weight === undefined ? 'no weight' : `a weight of shape [${weight.shape.join(', ')}]`;
    throw modelFileInvalid(`has ${what} for ${shownName(name)}; that of a linear layer is (outputs, inputs)`);
  }
  const [outputs, inputs] = weight.shape;
  const bias = tensors.get(of('bias')) ?? { shape: [outputs], data: new Float32Array(outputs) };
  if (outputs < 1 || inputs < 1) throw modelFileInvalid(`has no numbers in ${shownName(name)}`);
  if (bias.shape.join() !== String(outputs)) throw modelFileInvalid(whyNoBias(name, weight, bias));
  return { name, inputs, outputs, weight: weight.data, bias: bias.data };
}

function whyNoBias(name: string, { shape: [outputs, inputs] }: Tensor, { shape }: Tensor): string {
  const mismatch = `has a weight (${outputs}, ${inputs}) and a bias (${shape.join(', ')}) in ${shownName(name)}`;
  return shape.join() === String(inputs)
    ? `${mismatch}; the weight seems to be transposed: it must be (outputs, inputs)`
    : `${mismatch}; the bias must be as long as there are outputs`;
}

/** @throws TrainyardError MODEL_FILE_INVALID */
function refuseUnchained(layers: readonly LinearLayer[]): void {
  if (layers.length === 0) throw modelFileInvalid('has no layers');
  layers.slice(1).forEach((layer, index) => {
    const before = layers[index];
    if (before.outputs === layer.inputs) return;
    throw modelFileInvalid(
      `has ${shownName(layer.name)}, which takes ${layer.inputs} inputs, after ${shownName(before.name)}, which gives ` +
        `${before.outputs}. Name the layers in their order in "layers"; a weight must be (outputs, inputs)`,
    );
  });
}

/**
 * The model that the layers are, as the description says.
 * @throws TrainyardError INVALID_REQUEST
 */
export function describedModel(given: readonly LinearLayer[], description: ImportDescription): DecodedModel {
  const layers = [...given.slice(0, -1), lastLayer(given[given.length - 1], description)];
  const hidden = layers.slice(0, -1);
  const activations = activationsOf(hidden.length, description);
  const network = withDropout({
    inputs: layers[0].inputs,
    hidden: hidden.map(({ outputs }, index) => ({ units: outputs, activation: activations[index] })),
    outputs: layers[layers.length - 1].outputs,
  });
  return {
    description: {
      format_version: 2,
      network,
      head: headOf(network.outputs, description),
      ...inputsOf(network.inputs, description),
    },
    parameters: new Map(
      layers.flatMap(({ inputs, outputs, weight, bias }, index): [string, Tensor][] => [
        [`fc${index + 1}.weight`, { shape: [outputs, inputs], data: weight }],
        [`fc${index + 1}.bias`, { shape: [outputs], data: bias }],
      ]),
    ),
  };
}

/** One logit for two classes becomes two: the softmax of 0 and z has σ(z) for the second. */
function lastLayer(layer: LinearLayer, { labels }: ImportDescription): LinearLayer {
  if (layer.outputs !== 1 || labels?.length !== 2) return layer;
  const weight = new Float32Array(2 * layer.inputs);
  weight.set(layer.weight, layer.inputs);
  return { ...layer, outputs: 2, weight, bias: Float32Array.of(0, layer.bias[0]) };
}

function activationsOf(hidden: number, { activations }: ImportDescription): Activation[] {
  if (hidden === 0) return [];
  if (typeof activations === 'string') return new Array<Activation>(hidden).fill(activations);
  if (activations?.length === hidden) return activations;
  const layers = `${hidden} hidden ${hidden === 1 ? 'layer' : 'layers'}`;
  return refuseDescription(
    'activations',
    `The network has ${layers}; activations must name one activation for all, or ${hidden}. The file does not say which they are.`,
  );
}

function headOf(outputs: number, description: ImportDescription): Head {
  const { labels, values, temperature, threshold } = description;
  if ((labels === undefined) === (values === undefined)) {
    return refuseDescription(
      'labels',
      'Send either labels, for classes, or values, the names of the outputs.',
    );
  }
  if (labels !== undefined) {
    refuseOtherCount('labels', labels, outputs);
    return {
      kind: 'classes',
      labels,
      probabilities: 'softmax',
      ...(temperature !== undefined && { temperature }),
      ...(threshold && { threshold: thresholdOf(labels, threshold) }),
    };
  }
  if (temperature !== undefined) refuseDescription('temperature', 'temperature is of classes: send labels.');
  if (threshold !== undefined) refuseDescription('threshold', 'threshold is of classes: send labels.');
  const named = (values ?? []).map((value) => (typeof value === 'string' ? { name: value } : value));
  const names = named.map(({ name }) => name);
  refuseOtherCount('values', names, outputs);
  const isScaled = named.some((value) => 'mean' in value || 'std' in value);
  const scaling = named.map(({ mean = 0, std = 1 }: { mean?: number; std?: number }) => ({ mean, std }));
  return { kind: 'values', names, ...(isScaled && { scaling }) };
}

function refuseOtherCount(field: 'labels' | 'values', names: readonly string[], outputs: number): void {
  if (names.length !== outputs) {
    refuseDescription(field, `${field} has ${names.length} names, and the network has ${outputs} outputs.`);
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) refuseDescription(field, `${field} has ${JSON.stringify(twice)} twice.`);
}

function thresholdOf(
  labels: readonly string[],
  { positive: label, at_least }: NonNullable<ImportDescription['threshold']>,
): { positive: number; at_least: number } {
  const positive = labels.indexOf(label);
  if (labels.length !== 2) refuseDescription('threshold', 'A threshold is for two classes.');
  if (positive === -1)
    refuseDescription('threshold', `threshold.positive is ${JSON.stringify(label)}, which is no label.`);
  return { positive, at_least };
}

/** What comes before the network. */
function inputsOf(
  inputs: number,
  { scaling, columns, target = [] }: ImportDescription,
): Pick<ModelDescription, 'scaling' | 'preprocessing'> {
  if (columns === undefined) {
    if (target.length > 0) refuseDescription('target', 'A target is a column of a table: send columns, too.');
    return { scaling: scaling === undefined ? null : affineOf(scaling) };
  }
  if (scaling !== undefined)
    refuseDescription('scaling', 'Columns have a mean and a std each: leave out scaling.');
  const preprocessing = describedTable(columns, target);
  if (preprocessing.width !== inputs) {
    const each = preprocessing.columns.map(
      ({ name, parts }) => `${name} ${parts.reduce((sum, { width }) => sum + width, 0)}`,
    );
    refuseDescription(
      'columns',
      `The columns become ${preprocessing.width} inputs (${each.slice(0, 20).join(', ')}), and the network takes ${inputs}.`,
    );
  }
  return { scaling: null, preprocessing };
}

function affineOf({
  divide_by = 1,
  mean = 0,
  std = 1,
}: NonNullable<ImportDescription['scaling']>): AffineMap {
  return { divide_by, mean, std };
}
