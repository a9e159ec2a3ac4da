/** What a standalone file holds of its model: a document, which is written as JSON, and the parameters. */
import { TrainyardError } from '../../../errors.js';
import { megabytes } from '../../engines/training-memory.js';
import type { ModelDescription } from '../../files/model-file.js';
import { descriptionOf, stateDictOf, type PortableModel } from '../portable-model.js';

export interface StandaloneDocument extends Pick<
  ModelDescription,
  'network' | 'head' | 'scaling' | 'preprocessing' | 'image' | 'ensemble'
> {
  model: string;
  version: number;
}

export function documentOf(portable: PortableModel): StandaloneDocument {
  const { network, head, scaling, preprocessing, image, ensemble } = descriptionOf(portable);
  return {
    model: portable.name,
    version: portable.version,
    network,
    head,
    scaling,
    ...(preprocessing && { preprocessing }),
    ...(image && { image }),
    ...(ensemble !== undefined && { ensemble }),
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
