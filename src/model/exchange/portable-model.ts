/**
 * A version as its exporters see it: all that decides what it answers, in the order in which it is computed. Cells of a table
 * become inputs, inputs are scaled, networks make outputs of them, and the head says what the outputs mean.
 */
import type { PictureInput } from '../../lib/picture-input.js';
import { membersOfModel, type DecodedModel, type ModelDescription } from '../files/model-file.js';
import type { Head } from '../heads/head.js';
import { tensorOf } from '../network/initialization.js';
import { joinMembers } from '../network/members.js';
import { denseLayers, type Activation, type StateDict, type Tensor } from '../network/network.js';
import type { AffineMap } from '../preprocessing/affine.js';
import type { TablePreprocessing } from '../preprocessing/table.js';

export interface PortableModel {
  name: string;
  version: number;
  /** What makes inputs of the columns of a table: see parts.ts for the arithmetic. null: inputs come as numbers. */
  table: TablePreprocessing | null;
  /** How a picture becomes inputs. null: they are not of a dataset of pictures. */
  image: PictureInput | null;
  /** Of each network. */
  inputs: number;
  /** Applied to every input, in float64, and rounded once to float32: see `applyAffine`. null: they stay as they are. */
  scaling: AffineMap | null;
  /** The layers of each network, in order. Several networks of the same shape answer with their mean: see mean-outputs.ts. */
  members: PortableLayer[][];
  /** What the outputs mean: labels, calibration and threshold, or the names and units of values. */
  head: Head;
}

/** activation(weight · x + bias), in float32. */
export interface PortableLayer {
  /** As PyTorch names its module: fc1, fc2, … */
  name: string;
  inputs: number;
  outputs: number;
  /** (outputs, inputs), row-major. */
  weight: Float32Array;
  /** (outputs) */
  bias: Float32Array;
  activation: Activation;
}

/** The parameters are shared, not copied. */
export function portableModel(
  { name, version }: { name: string; version: number },
  model: DecodedModel,
): PortableModel {
  const { network, head, scaling, preprocessing = null, image = null } = model.description;
  return {
    name,
    version,
    table: preprocessing,
    image,
    inputs: network.inputs,
    scaling,
    members: membersOfModel(model).map((parameters) => layersOf(model.description, parameters)),
    head,
  };
}

/** What the model is, beside its parameters. Dropout is of training, and is left out. */
export function descriptionOf({
  inputs,
  members,
  head,
  scaling,
  table,
  image,
}: PortableModel): ModelDescription {
  const [layers = []] = members;
  const hidden = layers.slice(0, -1);
  return {
    format_version: 2,
    network: {
      inputs,
      hidden: hidden.map(({ outputs, activation }) => ({ units: outputs, activation, dropout: 0 })),
      outputs: layers.at(-1)?.outputs ?? 0,
    },
    head,
    scaling,
    ...(table && { preprocessing: table }),
    ...(image && { image }),
    ...(members.length > 1 && { ensemble: members.length }),
  };
}

/** The parameters by PyTorch's names, those of several networks with `member1.`, `member2.`, … before them. */
export function stateDictOf({ members }: PortableModel): StateDict {
  return joinMembers(
    members.map(
      (layers) =>
        new Map(
          layers.flatMap(({ name, inputs, outputs, weight, bias }): [string, Tensor][] => [
            [`${name}.weight`, { shape: [outputs, inputs], data: weight }],
            [`${name}.bias`, { shape: [outputs], data: bias }],
          ]),
        ),
    ),
  );
}

function layersOf({ network }: ModelDescription, parameters: StateDict): PortableLayer[] {
  return denseLayers(network).map(({ name, inputs, outputs, activation }) => ({
    name,
    inputs,
    outputs,
    weight: tensorOf(parameters, `${name}.weight`).data,
    bias: tensorOf(parameters, `${name}.bias`).data,
    activation,
  }));
}
