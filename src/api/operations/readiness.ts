/** Checks the dependencies of a process for the probes. */
import { withTimeout } from '../../lib/timeout.js';
import { TrainyardError } from '../../errors.js';
import { latestAlias } from '../../model/registry/model-folder.js';
import type { ModelServer, ModelStatus } from '../../model/serving/model-server.js';

/** Rejects with the reason when the dependency does not work. */
export type Check = () => Promise<void>;

/** A check that takes longer counts as failed; it is not aborted. */
const answerWithinMs = 2_000;

/** Resolves to undefined when the dependency works. */
export async function checkFailure(check: Check): Promise<Error | undefined> {
  try {
    await withTimeout(answerWithinMs, check());
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/**
 * Passes once the models have been looked at and the model that answers by default is loaded. After that it fails only
 * when no model can answer. A problem with one model does not stop the others; `modelWarnings` reports it.
 */
export function checkModels(modelServer: Pick<ModelServer, 'status' | 'starting'>): Check {
  return () => {
    const waitsFor = modelServer.starting();
    if (waitsFor !== null) return Promise.reject(new TrainyardError('MODEL_NOT_READY', waitsFor));
    const served = modelServer.status().filter(({ state }) => state !== 'unloaded' && state !== 'held');
    if (served.length === 0 || served.some(({ version }) => version !== null)) return Promise.resolve();
    return Promise.reject(new TrainyardError('MODEL_NOT_READY', modelWarnings(served).join(' ')));
  };
}

const warningsShown = 20;

/** The problems of models that need attention, one sentence each. */
export function modelWarnings(statuses: readonly ModelStatus[]): string[] {
  const warnings = statuses.filter(({ state }) => state !== 'unloaded').flatMap(warningsOf);
  const more = warnings.length - warningsShown;
  return more > 0 ? [...warnings.slice(0, warningsShown), `There are ${more} more.`] : warnings;
}

function warningsOf({ model, state, failed, damaged }: ModelStatus): string[] {
  const unreadable = damaged.map(({ alias, reason, version }) => {
    const meanwhile =
      version === null ? 'No version answers to it' : `Version ${version} still answers to it`;
    return `The alias ${alias} of ${model} cannot be read: ${reason} ${meanwhile} until it is set again.`;
  });
  if (damaged.some(({ alias, version }) => alias === latestAlias && version === null)) return unreadable;
  const unloadable =
    state === 'unavailable'
      ? [`No version of ${model} can be loaded: ${failed.at(-1)?.reason ?? "the service's log says why."}`]
      : failed.map(({ version, reason }) => `Version ${version} of ${model} cannot be loaded: ${reason}`);
  return [...unloadable, ...unreadable];
}
