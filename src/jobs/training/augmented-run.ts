/** The changed pictures of a run whose spec asks for them. */
import { AugmentedInputs } from '../../model/augmentation/augmented-inputs.js';
import type { Samples } from '../../model/engines/engine.js';
import type { RunSpec } from '../runs/run-spec.js';

/** @param epochsDone the run goes on with the epoch after these */
export function augmentedInputsOf(
  { augment, seed, epochs }: RunSpec,
  { inputs, width }: Samples,
  epochsDone: number,
): AugmentedInputs | null {
  if (augment === undefined || !(inputs instanceof Uint8Array)) return null;
  const side = Math.sqrt(width);
  return new AugmentedInputs(
    { amounts: augment, seed, width: side, height: side },
    inputs,
    epochs,
    epochsDone,
  );
}
