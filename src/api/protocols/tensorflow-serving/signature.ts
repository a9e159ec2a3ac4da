/** The one signature that models have here: the names and shapes of its tensors, and that there is no other. */
import { TrainyardError } from '../../../errors.js';
import type { NetworkSpec } from '../../../model/network/network.js';

export const inputName = 'input';

const signatureName = 'serving_default';

/** @throws TrainyardError INVALID_REQUEST */
export function refuseOtherSignatures(asked: string | undefined): void {
  // Empty is the default.
  if (asked === undefined || asked === '' || asked === signatureName) return;
  const message = `The model has no signature ${JSON.stringify(asked)}; it has ${signatureName}.`;
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/signature_name' });
}

/** As a SignatureDefMap is written in JSON. */
export function signatures({ inputs, outputs }: NetworkSpec) {
  const signature = {
    inputs: { [inputName]: tensorInfo(inputName, inputs) },
    outputs: { probabilities: tensorInfo('probabilities', outputs) },
    method_name: 'tensorflow/serving/predict',
  };
  return { signature_def: { [signatureName]: signature } };
}

/** Of the shape (any, columns). */
function tensorInfo(name: string, columns: number) {
  const dim = [-1, columns].map((size) => ({ size: String(size), name: '' }));
  return { dtype: 'DT_FLOAT', tensor_shape: { dim, unknown_rank: false }, name: `${name}:0` };
}
