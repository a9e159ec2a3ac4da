/** What a standalone file holds of its model: a document, which is written as JSON, and the parameters. */
import { TrainyardError } from '../../../errors.js';
import { megabytes } from '../../engines/training-memory.js';
import type { ModelDescription } from '../../files/model-file.js';
import { stateDictOf, type PortableModel } from '../portable-model.js';

export interface StandaloneDocument extends Pick<
  ModelDescription,
  'network' | 'head' | 'scaling' | 'preprocessing' | 'ensemble'
> {
  model: string;
  version: number;
}

export function documentOf(portable: PortableModel): StandaloneDocument {
  const { name, version, inputs, members, head, scaling, table } = portable;
  const [layers = []] = members;
  return {
    model: name,
    version,
    network: {
      inputs,
      hidden: layers
        .slice(0, -1)
        .map(({ outputs, activation }) => ({ units: outputs, activation, dropout: 0 })),
      outputs: layers.at(-1)?.outputs ?? 0,
    },
    head,
    scaling,
    ...(table && { preprocessing: table }),
    ...(members.length > 1 && { ensemble: members.length }),
  };
}

/** Texts have an end, and browsers read the whole file before they show it. */
const mostBytes = 64 * 2 ** 20;

/**
 * All tensors of the state dict, in its order, as float32 in base64.
 * @throws TrainyardError MODEL_TOO_LARGE
 */
export function encodedParameters(portable: PortableModel): string {
  const tensors = [...stateDictOf(portable).values()].map(({ data }) =>
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  );
  const bytes = Buffer.concat(tensors);
  if (bytes.length <= mostBytes) return bytes.toString('base64');
  const message =
    `${portable.name} has ${megabytes(bytes.length)} of parameters, and a file that predicts on its own holds at most ` +
    `${megabytes(mostBytes)}. Take model.safetensors, or another of its formats.`;
  throw new TrainyardError('MODEL_TOO_LARGE', message);
}
