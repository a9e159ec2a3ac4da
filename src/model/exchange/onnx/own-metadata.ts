/** What a graph of this service says of itself, so that it comes back as the model that it was. */
import { createHash } from 'node:crypto';
import {
  decodeModelFile,
  encodeModelFile,
  type DecodedModel,
  type ModelDescription,
} from '../../files/model-file.js';
import { joinMembers } from '../../network/members.js';
import type { StateDict, Tensor } from '../../network/network.js';
import { asInvalidFile, modelFileInvalid } from '../import/model-file-invalid.js';
import type { OnnxFile } from './onnx-file.js';

/** Under which name a graph of this service has its description and its own digest. */
export const ownMetadata = 'trainyard';

/** A document. */
export interface OwnMetadata {
  description: ModelDescription;
  /** Of the graph: a program that changes it cannot know that it must change the description. */
  graph_sha256: string;
}

export function graphDigest(graph: Buffer): string {
  return createHash('sha256').update(graph).digest('hex');
}

/** null: the file is of another program, or another program has changed the graph. */
export function ownDescription({ metadata, graphBytes }: OnnxFile): ModelDescription | null {
  try {
    const own = JSON.parse(metadata.get(ownMetadata) ?? 'null') as Partial<OwnMetadata> | null;
    if (own?.graph_sha256 !== graphDigest(graphBytes)) return null;
    return own.description ?? null;
  } catch {
    return null;
  }
}

/** The layers of all members are the Gemm nodes of the graph, in order. @throws TrainyardError MODEL_FILE_INVALID */
export function ownModel({ nodes, initializers }: OnnxFile, description: ModelDescription): DecodedModel {
  const named = nodes
    .filter(({ operator }) => operator === 'Gemm')
    .map(({ inputs: [, weight, bias] }) => [weight, bias]);
  const { ensemble: members = 1 } = description;
  const depth = named.length / members;
  const areTwice = new Set(named.flat()).size < 2 * named.length;
  const layers = areTwice ? [] : named.map((names) => names.map((name) => initializers.get(name)?.read()));
  const areFloats = layers.flat().every((constant) => constant?.data instanceof Float32Array);
  if (!Number.isSafeInteger(depth) || areTwice || !areFloats) {
    throw modelFileInvalid('is damaged: its description is of another graph');
  }
  const dicts = Array.from({ length: members }, (_, member): StateDict => {
    const own = layers.slice(member * depth, (member + 1) * depth);
    return new Map(
      own.flatMap(([weight, bias], layer): [string, Tensor][] => [
        [`fc${layer + 1}.weight`, weight as Tensor],
        [`fc${layer + 1}.bias`, bias as Tensor],
      ]),
    );
  });
  return asInvalidFile(() => decodeModelFile(encodeModelFile(description, joinMembers(dicts))));
}
