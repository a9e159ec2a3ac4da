/** The state that a run begins with: random parameters, or those of the published version that it starts from. */
import { TrainyardError } from '../../errors.js';
import { membersOfModel, type DecodedModel, type ModelDescription } from '../../model/files/model-file.js';
import { knownOutputs } from '../../model/heads/known-outputs.js';
import { initialState, type TrainingState } from '../../model/network/initialization.js';
import { warmState } from '../../model/network/warm-start.js';
import type { Registry } from '../../model/registry/registry.js';
import type { RunSpec } from '../runs/run-spec.js';
import { specOfMember } from '../runs/ensemble.js';

/**
 * The version that the spec pins; null: it names none.
 * @throws TrainyardError INIT_FROM_CHANGED where it is gone or holds other parameters, STORAGE_UNAVAILABLE
 */
export async function readSource(
  registry: Pick<Registry, 'load'>,
  { init_from }: Pick<RunSpec, 'init_from'>,
): Promise<DecodedModel | null> {
  if (init_from === undefined) return null;
  const { model, version, sha256 } = init_from;
  const refuse = (why: string, cause?: unknown): never => {
    const message = `The job starts from version ${version} of ${model}, and that ${why} Submit the job again with another version.`;
    throw new TrainyardError('INIT_FROM_CHANGED', message, { cause });
  };
  try {
    const source = await registry.load(model, version);
    const found = source.manifest.file.sha256;
    if (found !== sha256)
      refuse(`holds other parameters now: the SHA-256 of its file is ${found}, not ${sha256}.`);
    return source;
  } catch (error) {
    if (error instanceof TrainyardError && goneCodes.includes(error.code)) {
      return refuse(`cannot be read any more: ${error.message}`, error);
    }
    throw error;
  }
}

const goneCodes = ['MODEL_NOT_FOUND', 'VERSION_NOT_FOUND', 'CHECKPOINT_CORRUPT'];

/** Of a member, from 1. A single network starts all members, and an ensemble each of its members one. */
export function startState(
  spec: RunSpec,
  member: number,
  { head }: Pick<ModelDescription, 'head'>,
  source: DecodedModel | null,
): TrainingState {
  const { network, optimizer, seed } = specOfMember(spec, member);
  if (source === null) return initialState(network, optimizer, seed);
  const known = knownOutputs(source.description.head, head);
  const parameters = membersOfModel(source)[member - 1] ?? source.parameters;
  return warmState(network, optimizer, seed, { parameters, known });
}
