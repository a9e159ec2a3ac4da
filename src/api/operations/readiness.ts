/** What a process depends on, tried out for the probes: rarely enough that they cost little, however often they come. */
import { withTimeout } from '../../lib/timeout.js';
import { TrainyardError } from '../../errors.js';
import { latestAlias } from '../../model/registry/model-folder.js';
import type { ModelServer, ModelStatus } from '../../model/serving/model-server.js';

/** Rejects, with the reason, when that does not work. */
export type Check = () => Promise<void>;

/** A check that takes longer has failed; it goes on. */
const answerWithinMs = 2_000;

/** undefined: it works. */
export async function checkFailure(check: Check): Promise<Error | undefined> {
  try {
    await withTimeout(answerWithinMs, check());
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/**
 * The models have been looked at, and the one that answers requests without a model is loaded. Later on this fails only
 * when no model can answer: what is wrong with one keeps the service from none of the others, and `modelWarnings` names it.
 */
export function checkModels(modelServer: Pick<ModelServer, 'status' | 'starting'>): Check {
  return () => {
    const waitsFor = modelServer.starting();
    if (waitsFor !== null) return Promise.reject(new TrainyardError('MODEL_NOT_READY', waitsFor));
    const served = modelServer.status().filter(({ state }) => state !== 'unloaded');
    if (served.length === 0 || served.some(({ version }) => version !== null)) return Promise.resolve();
    return Promise.reject(new TrainyardError('MODEL_NOT_READY', modelWarnings(served).join(' ')));
  };
}

const warningsShown = 20;

/** What is wrong with models and should be put right, in a sentence each. */
export function modelWarnings(statuses: readonly ModelStatus[]): string[] {
  const warnings = statuses.filter(({ state }) => state !== 'unloaded').flatMap(warningsOf);
  const more = warnings.length - warningsShown;
  return more > 0 ? [...warnings.slice(0, warningsShown), `There are ${more} more.`] : warnings;
}

function warningsOf({ model, state, failed, damaged }: ModelStatus): string[] {
  const unreadable = damaged.map(({ alias, reason, version }) => {
    const meanwhile =
      version === null ? 'Nothing answers to it' : `Version ${version} goes on answering to it`;
    return `The alias ${alias} of ${model} cannot be read: ${reason} ${meanwhile} until it is set again.`;
  });
  if (damaged.some(({ alias, version }) => alias === latestAlias && version === null)) return unreadable;
  const unloadable =
    state === 'unavailable'
      ? [`No version of ${model} can be loaded: ${failed.at(-1)?.reason ?? "the service's log says why."}`]
      : failed.map(({ version, reason }) => `Version ${version} of ${model} cannot be loaded: ${reason}`);
  return [...unloadable, ...unreadable];
}
