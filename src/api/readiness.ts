/** What a process depends on, tried out for the probes: rarely enough that they cost little, however often they come. */
import { within } from '../deadline.js';
import { TrainyardError } from '../errors.js';
import type { ModelServer } from '../model/model-server.js';

/** Rejects, with the reason, when that does not work. */
export type Check = () => Promise<void>;

/** A check that takes longer has failed; it goes on. */
const answerWithinMs = 2_000;

/** undefined: it works. */
export async function failureOf(check: Check): Promise<Error | undefined> {
  try {
    await within(answerWithinMs, check());
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Every model that is published and not unloaded has a version that answers. */
export function checkModels(modelServer: Pick<ModelServer, 'status'>): Check {
  return () => {
    const unavailable = modelServer.status().filter(({ state }) => state === 'unavailable');
    if (unavailable.length === 0) return Promise.resolve();
    const names = unavailable.map(({ model }) => model).join(', ');
    const message = `No version of ${names} can be loaded; the service's log says why.`;
    return Promise.reject(new TrainyardError('MODEL_NOT_READY', message));
  };
}
