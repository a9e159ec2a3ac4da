/** Where long work lets others have their turn, and may be asked to end. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Resolves when it is this work's turn again; rejects where the work is to end. */
export type Turn = () => Promise<void>;

export const turn: Turn = () => nextTurn();

/** The work was asked to end, and is not done. */
export class WorkStopped extends Error {
  constructor() {
    super('The work was asked to end');
  }
}

export function turnUnless(signal: Pick<AbortSignal, 'aborted'>): Turn {
  return async () => {
    await nextTurn();
    if (signal.aborted) throw new WorkStopped();
  };
}
