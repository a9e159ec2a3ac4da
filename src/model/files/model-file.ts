/**
 * A model in one safetensors file: the parameters in PyTorch's names and layout, and in `__metadata__` all that it takes
 * to predict with them. `safetensors.torch.load_file` and `load_state_dict` read it unchanged.
 */
import { TrainyardError } from '../../errors.js';
import {
  classHead,
  outputsOf,
  type ClassHead,
  type Head,
  type Threshold,
  type ValueHead,
  type ValueScaling,
} from '../heads/head.js';
import {
  activations,
  withDropout,
  type Activation,
  type NetworkSpec,
  type StateDict,
  type StoredNetworkSpec,
  type Tensor,
} from '../network/network.js';
import { ensembleShapes, joinMembers, mostMembers, splitMembers } from '../network/members.js';
import type { AffineMap } from '../preprocessing/affine.js';
import type { TablePreprocessing } from '../preprocessing/table.js';
import { problemOfRecord } from '../preprocessing/table-record.js';
import { pictureFits, pictureInputs, type PictureFit, type PictureInput } from '../../lib/picture-input.js';
import { createSlicedWork } from '../../lib/sliced-work.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  viewSafetensors,
  type DecodedSafetensors,
} from './safetensors.js';

/** What a model is, beside its parameters. A document. */
export interface ModelDescription {
  format_version: 2;
  network: NetworkSpec;
  /** What its outputs mean. */
  head: Head;
  /** Applied to every raw input. null: inputs come as the network takes them. */
  scaling: AffineMap | null;
  /** Makes inputs of the columns of a table. Left out: inputs come as numbers. */
  preprocessing?: TablePreprocessing;
  /** How a picture becomes an input. Left out: inputs are numbers, or a square of grey levels. */
  image?: PictureInput;
  /** How many networks of this kind answer with their mean: see members.ts for their parameters. Left out: there is one. */
  ensemble?: number;
}

/** The same description and parameters give the same bytes. */
export function encodeModelFile(description: ModelDescription, parameters: StateDict): Buffer {
  const { format_version, network, head, scaling, preprocessing, image, ensemble } = description;
  return encodeSafetensors(parameters, {
    // What PyTorch's own writer says of its layout; some readers insist on it.
    format: 'pt',
    format_version: JSON.stringify(format_version),
    network: JSON.stringify(network),
    head: JSON.stringify(head),
    scaling: JSON.stringify(scaling),
    ...(preprocessing && { preprocessing: JSON.stringify(preprocessing) }),
    ...(image && { image: JSON.stringify(image) }),
    ...(ensemble !== undefined && { ensemble: JSON.stringify(ensemble) }),
  });
}

/**
 * The parameters are exactly the network's, in the order of its layers, member by member, and finite. Files of format 1 are read too.
 * @throws TrainyardError CHECKPOINT_CORRUPT
 */
export function decodeModelFile(bytes: Buffer): DecodedModel {
  const model = readModel(decodeSafetensors(bytes));
  for (const [name, { data }] of model.parameters) refuseInfinite(name, data);
  return model;
}

/**
 * As `decodeModelFile`, but the parameters are the memory of `bytes`, which nobody may change, and the event loop turns
 * while they are looked at.
 */
export async function viewModelFile(bytes: Buffer): Promise<DecodedModel> {
  const model = readModel(viewSafetensors(bytes));
  const inSlices = createSlicedWork();
  for (const [name, { data }] of model.parameters) {
    await inSlices(data.length, data.BYTES_PER_ELEMENT, (start, end) =>
      refuseInfinite(name, data.subarray(start, end)),
    );
  }
  return model;
}

export interface DecodedModel {
  description: ModelDescription;
  parameters: StateDict;
}

/** The model whose members these are. They differ by their parameters alone. */
export function ensembleOf(members: readonly DecodedModel[]): DecodedModel {
  const [{ description }] = members;
  const parameters = joinMembers(members.map((member) => member.parameters));
  return members.length === 1
    ? { description, parameters }
    : { description: { ...description, ensemble: members.length }, parameters };
}

/** The parameters of each of its members; of a single network its own. */
export function membersOfModel({ description, parameters }: DecodedModel): StateDict[] {
  return splitMembers(parameters, description.ensemble ?? 1);
}

function readModel({ metadata, tensors }: DecodedSafetensors): DecodedModel {
  const description = readDescription(metadata);
  return { description, parameters: readParameters(description, tensors) };
}

function refuseInfinite(name: string, numbers: Float32Array): void {
  for (const number of numbers)
    if (!Number.isFinite(number)) throw corrupt(`${name} holds a number that is not finite`);
}

function readDescription(metadata: Record<string, string>): ModelDescription {
  const version = readField(metadata, 'format_version');
  if (version !== 1 && version !== 2) throw corrupt('its format version is neither 1 nor 2');
  const network = readField(metadata, 'network');
  if (!isNetwork(network)) throw corrupt('its network is not a network');
  const head = version === 1 ? readHeadOfFormat1(metadata) : readField(metadata, 'head');
  if (!isHead(head) || outputsOf(head) !== network.outputs) {
    throw corrupt(`its ${version === 1 ? 'labels do' : 'head does'} not name ${network.outputs} outputs`);
  }
  const field = version === 1 ? 'preprocessing' : 'scaling';
  const scaling = readField(metadata, field);
  if (!isAffineMap(scaling) && !(version === 2 && scaling === null)) {
    throw corrupt(`its ${field} is not an affine map`);
  }
  const description: ModelDescription = {
    format_version: 2,
    network: withDropout(network),
    head,
    scaling,
    ...readImage(metadata, network.inputs),
    ...readEnsemble(metadata),
  };
  // In format 1 the field is the affine map.
  if (version === 1 || !Object.hasOwn(metadata, 'preprocessing')) return description;
  const preprocessing = readField(metadata, 'preprocessing');
  const problem = problemOfRecord(preprocessing);
  if (problem !== null) throw corrupt(`in its preprocessing, ${problem}`);
  const table = preprocessing as TablePreprocessing;
  if (table.width !== network.inputs) {
    throw corrupt(`its preprocessing makes ${table.width} inputs, and its network takes ${network.inputs}`);
  }
  return { ...description, preprocessing: table };
}

function readImage(metadata: Record<string, string>, inputs: number): Pick<ModelDescription, 'image'> {
  if (!Object.hasOwn(metadata, 'image')) return {};
  const image = readField(metadata, 'image');
  if (isPictureInput(image) && pictureInputs(image) === inputs) return { image };
  throw corrupt(`its image is not one of ${inputs} numbers`);
}

function readEnsemble(metadata: Record<string, string>): Pick<ModelDescription, 'ensemble'> {
  if (!Object.hasOwn(metadata, 'ensemble')) return {};
  const ensemble = readField(metadata, 'ensemble');
  if (isWidth(ensemble) && ensemble > 1 && ensemble <= mostMembers) return { ensemble };
  throw corrupt(`its ensemble is not a number of members from 2 to ${mostMembers}`);
}

/** Files of format 1 name a loss and labels. Without a loss, as the oldest are, it was cross-entropy. */
function readHeadOfFormat1(metadata: Record<string, string>): unknown {
  const loss = Object.hasOwn(metadata, 'loss') ? readField(metadata, 'loss') : 'cross_entropy';
  if (loss !== 'cross_entropy' && loss !== 'mse') throw corrupt('its loss is not cross_entropy or mse');
  const labels = readField(metadata, 'labels');
  return classHead(loss === 'mse' ? 'one_hot_mse' : loss, labels as string[]);
}

function readField(metadata: Record<string, string>, name: string): unknown {
  const text = Object.hasOwn(metadata, name) ? metadata[name] : undefined;
  if (text === undefined) throw corrupt(`it has no ${name} in its metadata`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw corrupt(`the ${name} in its metadata is not JSON`, cause);
  }
}

function readParameters(
  { network, ensemble = 1 }: ModelDescription,
  tensors: Map<string, Tensor>,
): StateDict {
  const shapes = ensembleShapes(network, ensemble);
  if (tensors.size !== shapes.length) {
    throw corrupt(
      `it has ${tensors.size} tensors where its ${ensemble > 1 ? 'ensemble' : 'network'} has ${shapes.length}`,
    );
  }
  return new Map(
    shapes.map(({ name, shape }) => {
      const tensor = tensors.get(name);
      if (tensor?.shape.join() !== shape.join())
        throw corrupt(`it has no ${name} of shape [${shape.join(', ')}]`);
      return [name, tensor];
    }),
  );
}

type StoredLayer = StoredNetworkSpec['hidden'][number];

// The checks are by hand and not by TypeBox, which takes a quarter of a second to load: a training process reads these
// files too, and must be at its first step sooner than that.

function isNetwork(value: unknown): value is StoredNetworkSpec {
  return hasKeys<StoredNetworkSpec>(value, ['inputs', 'hidden', 'outputs'])
    ? isWidth(value.inputs) && isWidth(value.outputs) && isArrayOf(value.hidden, isHiddenLayer)
    : false;
}

function isHiddenLayer(value: unknown): value is StoredLayer {
  if (hasKeys<StoredLayer>(value, ['units', 'activation', 'dropout'])) {
    return isWidth(value.units) && isActivation(value.activation) && isDropout(value.dropout);
  }
  return hasKeys<StoredLayer>(value, ['units', 'activation'])
    ? isWidth(value.units) && isActivation(value.activation)
    : false;
}

function isActivation(value: unknown): value is Activation {
  return activations.includes(value as Activation);
}

function isDropout(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < 1;
}

function isHead(value: unknown): value is Head {
  if (hasKeys<ClassHead>(value, ['kind', 'labels', 'probabilities'], ['temperature', 'threshold'])) {
    const { kind, labels, probabilities, temperature = 1, threshold } = value;
    const isKnown = probabilities === 'softmax' || probabilities === 'nearest_distribution';
    const isScaled = Number.isFinite(temperature) && (temperature as number) > 0;
    return (
      kind === 'classes' &&
      isArrayOf(labels, isString) &&
      isKnown &&
      isScaled &&
      (threshold === undefined || (labels.length === 2 && isThreshold(threshold)))
    );
  }
  if (hasKeys<ValueHead>(value, ['kind', 'names', 'scaling'])) {
    return (
      isValueHead(value) &&
      isArrayOf(value.scaling, isValueScaling) &&
      value.scaling.length === value.names.length
    );
  }
  return hasKeys<ValueHead>(value, ['kind', 'names']) && isValueHead(value);
}

function isThreshold(value: unknown): value is Threshold {
  if (!hasKeys<Threshold>(value, ['positive', 'at_least'])) return false;
  return (value.positive === 0 || value.positive === 1) && Number.isFinite(value.at_least);
}

function isValueHead(value: { kind: unknown; names: unknown }): value is { kind: 'values'; names: string[] } {
  return value.kind === 'values' && isArrayOf(value.names, isString);
}

function isValueScaling(value: unknown): value is ValueScaling {
  if (!hasKeys<ValueScaling>(value, ['mean', 'std'])) return false;
  return Number.isFinite(value.mean) && Number.isFinite(value.std) && value.std !== 0;
}

function isAffineMap(value: unknown): value is AffineMap {
  if (!hasKeys<AffineMap>(value, ['divide_by', 'mean', 'std'])) return false;
  return Object.values(value).every(Number.isFinite) && value.divide_by !== 0 && value.std !== 0;
}

function isPictureInput(value: unknown): value is PictureInput {
  if (!hasKeys<PictureInput>(value, ['width', 'height', 'channels', 'fit'])) return false;
  const { width, height, channels, fit } = value;
  return (
    isWidth(width) &&
    isWidth(height) &&
    (channels === 1 || channels === 3) &&
    pictureFits.includes(fit as PictureFit)
  );
}

/** An object with these keys, some of `more`, and no others: a newer field could change what the known ones mean. */
function hasKeys<Document>(
  value: unknown,
  keys: (keyof Document)[],
  more: (keyof Document)[] = [],
): value is Record<keyof Document, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const known = more.filter((key) => Object.hasOwn(value, key));
  return (
    Object.keys(value).length === keys.length + known.length && keys.every((key) => Object.hasOwn(value, key))
  );
}

function isArrayOf<Item>(value: unknown, isItem: (item: unknown) => item is Item): value is Item[] {
  return Array.isArray(value) && value.every(isItem);
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isWidth(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function corrupt(problem: string, cause?: unknown): TrainyardError {
  return new TrainyardError('CHECKPOINT_CORRUPT', `This is not a readable model file: ${problem}.`, {
    cause,
  });
}
