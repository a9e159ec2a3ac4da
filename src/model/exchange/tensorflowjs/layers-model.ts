/**
 * A version as a layers model of TensorFlow.js, as `tf.loadLayersModel` reads it: model.json says what the layers are, and
 * weights.bin has their numbers. Scaling, temperature and units are multiplied into the weights, so that raw inputs become
 * probabilities or values. What layers cannot do is left to the caller, and the metadata says so.
 */
import { createSlicedWork } from '../../../lib/sliced-work.js';
import type { Head, ValueScaling } from '../../heads/head.js';
import type { Activation } from '../../network/network.js';
import type { AffineMap } from '../../preprocessing/affine.js';
import type { PortableLayer, PortableModel } from '../portable-model.js';

export interface LayersModel {
  /** model.json */
  model: Buffer;
  /** weights.bin */
  weights: Buffer;
}

/** Keras' names. leaky_relu is a layer of its own. */
const activationNames: Record<Exclude<Activation, 'leaky_relu'>, string> = {
  identity: 'linear',
  relu: 'relu',
  sigmoid: 'sigmoid',
  tanh: 'tanh',
  gelu: 'gelu',
  silu: 'swish',
  mish: 'mish',
  selu: 'selu',
};

/** A layer of Keras, and where its inputs come from. */
interface KerasLayer {
  class_name: string;
  name: string;
  config: Record<string, unknown>;
  inbound: string[];
}

interface Weight {
  name: string;
  shape: number[];
  /** (shape), row-major. */
  data: Float32Array;
}

export async function layersModel(portable: PortableModel): Promise<LayersModel> {
  const { members } = portable;
  const weights: Weight[] = [];
  for (const [member, layers] of members.entries()) {
    for (const [at, layer] of layers.entries()) {
      const name = nameIn(members.length, member, layer.name);
      weights.push(...(await weightsOf(layer, foldedInto(portable, at, layers), name)));
    }
  }
  const topology = {
    keras_version: '2.15.0',
    backend: 'tensor_flow.js',
    model_config: { class_name: 'Model', config: configOf(portable) },
  };
  const document = {
    format: 'layers-model',
    generatedBy: 'Trainyard',
    convertedBy: null,
    modelTopology: topology,
    weightsManifest: [
      {
        paths: ['weights.bin'],
        weights: weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })),
      },
    ],
    userDefinedMetadata: metadataOf(portable),
  };
  return {
    model: Buffer.from(JSON.stringify(document)),
    weights: Buffer.concat(
      weights.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
    ),
  };
}

function configOf(portable: PortableModel): object {
  const { members } = portable;
  const input = { class_name: 'InputLayer', name: 'input', inbound: [] };
  const layers: KerasLayer[] = [
    { ...input, config: { batch_input_shape: [null, portable.inputs], dtype: 'float32', sparse: false } },
  ];
  const ends = members.map((own, member) => {
    let before = 'input';
    const add = (class_name: string, name: string, config: object): void => {
      layers.push({ class_name, name, config: { ...config }, inbound: [before] });
      before = name;
    };
    for (const { name, outputs, activation } of own) {
      const full = nameIn(members.length, member, name);
      const isLeaky = activation === 'leaky_relu';
      const units = { units: outputs, use_bias: true };
      add('Dense', full, { ...units, activation: isLeaky ? 'linear' : activationNames[activation] });
      if (isLeaky) add('LeakyReLU', `${full}_leaky`, { alpha: 0.01 });
    }
    if (isSoftmax(portable)) {
      add('Activation', nameIn(members.length, member, 'probabilities'), { activation: 'softmax' });
    }
    return before;
  });
  const isMean = ends.length > 1 && !isProjected(portable);
  if (isMean) layers.push({ class_name: 'Average', name: 'mean', config: {}, inbound: ends });
  return {
    name: portable.name,
    layers: layers.map(({ class_name, name, config, inbound }) => ({
      class_name,
      name,
      config: { ...config, name, trainable: true },
      inbound_nodes: inbound.length === 0 ? [] : [inbound.map((from) => [from, 0, 0, {}])],
    })),
    input_layers: [['input', 0, 0]],
    output_layers: (isMean ? ['mean'] : ends).map((name) => [name, 0, 0]),
  };
}

function isSoftmax({ head }: PortableModel): boolean {
  return head.kind === 'classes' && head.probabilities === 'softmax';
}

/** No layer projects, so that there is no mean of projections either: each member's outputs come out. */
function isProjected({ head }: PortableModel): boolean {
  return head.kind === 'classes' && head.probabilities === 'nearest_distribution';
}

/** What is multiplied into the numbers of a layer. */
interface Folded {
  /** Applied to its inputs; null: they stay as they are. */
  scaling: AffineMap | null;
  /** (outputs) Applied to its outputs; null: they stay as they are. */
  units: ValueScaling[] | null;
}

/** Raw inputs go in, and what the head makes of the outputs comes out, as far as a multiplication and an addition do it. */
function foldedInto(
  { scaling, head, members }: PortableModel,
  at: number,
  layers: readonly PortableLayer[],
): Folded {
  const isLast = at === layers.length - 1;
  return { scaling: at === 0 ? scaling : null, units: isLast ? unitsOf(head, members.length) : null };
}

function unitsOf(head: Head, members: number): ValueScaling[] | null {
  if (head.kind === 'values') return head.scaling ?? null;
  const { temperature = 1, labels } = head;
  // The mean of several members comes before the temperature.
  return members > 1 ? null : labels.map(() => ({ mean: 0, std: 1 / temperature }));
}

/** Keras has a kernel as (inputs, outputs). Computed in float64, and rounded once. */
async function weightsOf(layer: PortableLayer, { scaling, units }: Folded, name: string): Promise<Weight[]> {
  const { inputs, outputs, weight } = layer;
  const { divide_by, mean: center, std: spread } = scaling ?? { divide_by: 1, mean: 0, std: 1 };
  const kernel = new Float32Array(inputs * outputs);
  const bias = new Float32Array(outputs);
  await createSlicedWork()(outputs, inputs * weight.BYTES_PER_ELEMENT, (first, end) => {
    for (let output = first; output < end; output++) {
      const { mean, std } = units?.[output] ?? { mean: 0, std: 1 };
      let sum = 0;
      for (let input = 0; input < inputs; input++) {
        const own = weight[output * inputs + input];
        sum += own;
        kernel[input * outputs + output] = (own * std) / (divide_by * spread);
      }
      bias[output] = (layer.bias[output] - (center / spread) * sum) * std + mean;
    }
  });
  return [
    { name: `${name}/kernel`, shape: [inputs, outputs], data: kernel },
    { name: `${name}/bias`, shape: [outputs], data: bias },
  ];
}

function nameIn(members: number, member: number, name: string): string {
  return members === 1 ? name : `member${member + 1}_${name}`;
}

/** What the file means, and what is left to whoever uses it. */
function metadataOf(portable: PortableModel): object {
  const { name, version, table, head, members } = portable;
  const temperature = head.kind === 'classes' ? (head.temperature ?? 1) : 1;
  const left = [
    ...(table
      ? [
          'inputs: the numbers that `preprocessing` makes of a row; POST /predict shows them as network_inputs',
        ]
      : []),
    ...(isProjected(portable)
      ? [
          'probabilities: the mean of the outputs, each projected onto the simplex (Duchi et al., 2008, figure 1)',
        ]
      : []),
    ...(members.length > 1 && temperature !== 1
      ? [`calibration: each probability to the power of 1 / ${temperature}, divided by their sum`]
      : []),
    ...(head.kind === 'classes' && head.threshold ? ['label: the threshold of `head` decides it'] : []),
  ];
  return { model: name, version, head, ...(table && { preprocessing: table }), left_to_you: left };
}
