/** A trained network, read from a model file: its layers, what is done to its inputs, and what its outputs mean. */
import { readSafetensors, type Tensor } from './safetensors.js';

export interface DenseLayer {
  inputs: number;
  units: number;
  /** (units, inputs) */
  weights: Float32Array;
  /** (units) */
  biases: Float32Array;
  activation: string;
}

export interface NetworkModel {
  inputs: number;
  /** Of each network that answers; of a model that is no ensemble there is one. */
  members: DenseLayer[][];
  /** Applied to every raw input; null: inputs come as the network takes them. */
  scaling: { divide_by: number; mean: number; std: number } | null;
  head: ClassHead | ValueHead;
  /** One name for each input of a model of a table; null: it takes numbers. */
  inputNames: string[] | null;
}

export interface ClassHead {
  kind: 'classes';
  labels: string[];
  probabilities: 'softmax' | 'nearest_distribution';
  temperature?: number;
}

export interface ValueHead {
  kind: 'values';
  names: string[];
  scaling?: { mean: number; std: number }[];
}

interface NetworkSpec {
  inputs: number;
  hidden: { units: number; activation: string }[];
  outputs: number;
}

interface TablePreprocessing {
  columns: { name: string; parts: Part[] }[];
}

/** A few inputs of one column. */
interface Part {
  kind: string;
  width: number;
  levels?: string[];
  /** Between the pieces. */
  edges?: number[];
  period?: string;
}

/** @throws Error when the file is no model file of the format that this service writes */
export function readNetworkModel(file: ArrayBuffer): NetworkModel {
  const { metadata, tensors } = readSafetensors(file);
  const field = (name: string): unknown => JSON.parse(metadata[name] ?? 'null');
  const network = field('network') as NetworkSpec | null;
  const head = field('head') as NetworkModel['head'] | null;
  if (!network || !head) throw new Error('This is no model file of this service.');
  const count = (field('ensemble') ?? 1) as number;
  const prefixes = count === 1 ? [''] : Array.from({ length: count }, (_, i) => `member${i + 1}.`);
  const table = field('preprocessing') as TablePreprocessing | null;
  return {
    inputs: network.inputs,
    members: prefixes.map((prefix) => layersOf(network, tensors, prefix)),
    scaling: field('scaling') as NetworkModel['scaling'],
    head,
    inputNames: table && namesOf(table),
  };
}

function layersOf(network: NetworkSpec, tensors: ReadonlyMap<string, Tensor>, prefix: string): DenseLayer[] {
  const widths = [network.inputs, ...network.hidden.map(({ units }) => units), network.outputs];
  return widths.slice(1).map((units, index) => {
    const weights = tensors.get(`${prefix}fc${index + 1}.weight`);
    const biases = tensors.get(`${prefix}fc${index + 1}.bias`);
    if (!weights || !biases) throw new Error(`The model file lacks layer ${index + 1}.`);
    return {
      inputs: widths[index] ?? 0,
      units,
      weights: weights.data,
      biases: biases.data,
      activation: network.hidden[index]?.activation ?? 'identity',
    };
  });
}

/** The name of the column, and what of it the input says where the column becomes several. */
function namesOf({ columns }: TablePreprocessing): string[] {
  return columns.flatMap(({ name, parts }) =>
    parts.flatMap((part) =>
      Array.from({ length: part.width }, (_, place) => `${name}${detailOf(part, place)}`),
    ),
  );
}

function detailOf({ kind, levels, edges, period }: Part, place: number): string {
  if (kind === 'one_hot') return ` = ${levels?.[place] ?? '(rare)'}`;
  if (kind === 'sign') return ` = ${levels?.[0] ?? ''}`;
  if (kind === 'missing') return ' is missing';
  if (kind === 'piecewise' && edges?.[place] !== undefined)
    return ` from ${Number(edges[place].toPrecision(4))}`;
  if (kind === 'cycle') return ` in the ${period ?? ''}, ${place === 0 ? 'sine' : 'cosine'}`;
  return '';
}
