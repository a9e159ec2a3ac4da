/** The predictor of a model, whatever it consists of: one network, or the members of an ensemble, which answer as one. */
import type { Head } from '../heads/head.js';
import { meanOutputs } from '../heads/mean-outputs.js';
import { splitMembers } from '../network/members.js';
import type { StateDict } from '../network/network.js';
import type { Engine, PredictionProgram, Predictor } from './engine.js';

/** What decides a model's outputs, apart from its parameters. */
export interface PredictedModel extends PredictionProgram {
  head: Head;
  /** Members; left out: 1. */
  ensemble?: number;
}

/** @throws TrainyardError CHECKPOINT_CORRUPT, NETWORK_TOO_LARGE */
export async function modelPredictor(
  engine: Pick<Engine, 'predictor'>,
  { network, scaling, head, ensemble = 1 }: PredictedModel,
  parameters: StateDict,
): Promise<Predictor> {
  const members: Predictor[] = [];
  const dispose = (): void => members.forEach((member) => member.dispose());
  try {
    for (const own of splitMembers(parameters, ensemble)) {
      members.push(await engine.predictor({ network, scaling }, own));
    }
  } catch (error) {
    dispose();
    throw error;
  }
  if (members.length === 1) return members[0];
  return {
    sizeBytes: members.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    dispose,

    async predict(inputs, count) {
      const outputs: Float32Array[] = [];
      for (const member of members) outputs.push(await member.predict(inputs, count));
      return meanOutputs(head, outputs);
    },
  };
}
