/** How each published version of a model stands, for the protocols that tell it in words of their own. */
import type { ModelStatus } from '../../model/serving/model-server.js';

/** loading: it is published, and this process has not looked at it yet. */
export type VersionState = 'ready' | 'loading' | 'unloaded' | 'failed';

export interface VersionStatus {
  version: number;
  state: VersionState;
  /** Why it is not ready; empty where it is. */
  reason: string;
}

/** `status`: none while the model server does not know the model. Ready is what answers when it is asked. */
export function versionStates(numbers: readonly number[], status: ModelStatus | undefined): VersionStatus[] {
  return numbers.map((version) => {
    if (status === undefined) return { version, state: 'loading', reason: 'It was published a moment ago.' };
    if (status.state === 'unloaded') return { version, state: 'unloaded', reason: 'The model is unloaded.' };
    const failure = status.failed.find((each) => each.version === version);
    if (failure) return { version, state: 'failed', reason: failure.reason };
    return { version, state: 'ready', reason: '' };
  });
}

/** Whether the model answers when it is asked, also where that loads it first. */
export function isAnswering(status: ModelStatus | undefined): boolean {
  return status !== undefined && status.state !== 'unloaded' && status.version !== null;
}
