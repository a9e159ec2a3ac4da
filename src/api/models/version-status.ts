/** Whether each version of a model can answer: in this service's words, and in those of TensorFlow Serving. */
import Type, { type Static } from 'typebox';
import { component } from '../../lib/named-schema.js';
import type { ModelStatus, ModelServer } from '../../model/serving/model-server.js';

export const ModelVersionStatus = component(
  'ModelVersionStatus',
  Type.Object(
    {
      version: Type.String(),
      state: Type.Unsafe<'AVAILABLE' | 'LOADING' | 'END'>({
        type: 'string',
        enum: ['AVAILABLE', 'LOADING', 'END'],
        description: 'AVAILABLE: it can answer. END: it is unloaded or cannot be loaded.',
      }),
      status: Type.Object({
        error_code: Type.String({ description: 'OK, or the kind of the error.' }),
        error_message: Type.String(),
      }),
    },
    { description: 'The status of a version, in the form of TensorFlow Serving.' },
  ),
);

export type ModelVersionStatus = Static<typeof ModelVersionStatus.schema>;

export const versionStatusExample = {
  version: '1',
  state: 'AVAILABLE' as const,
  status: { error_code: 'OK', error_message: '' },
};

/** loading: the version is published, but this process has not looked at it yet. */
export type VersionState = 'ready' | 'loading' | 'unloaded' | 'failed';

export interface VersionStatus {
  version: number;
  state: VersionState;
  /** Why the version is not ready; of a held one, which answers by its number, why it is held; else empty. */
  reason: string;
}

/**
 * `status` is undefined while the model server does not know the model. A version is ready if it answers requests, even
 * if the first one has to load it.
 */
export function statesOf(numbers: readonly number[], status: ModelStatus | undefined): VersionStatus[] {
  return numbers.map((version) => {
    if (status === undefined) return { version, state: 'loading', reason: 'It was published a moment ago.' };
    if (status.state === 'unloaded') return { version, state: 'unloaded', reason: 'The model is unloaded.' };
    const failure = status.failed.find((each) => each.version === version);
    if (failure) return { version, state: 'failed', reason: failure.reason };
    const held = status.held.get(version);
    if (held)
      return {
        version,
        state: 'ready',
        reason: `Held, so latest does not use it: ${held.reasons.join(' ')}`,
      };
    return { version, state: 'ready', reason: '' };
  });
}

/** Whether the model answers requests, even if the first one has to load it. */
export function isAnswering(status: ModelStatus | undefined): boolean {
  return status !== undefined && status.state !== 'unloaded' && status.version !== null;
}

const states = {
  ready: 'AVAILABLE',
  loading: 'LOADING',
  unloaded: 'END',
  failed: 'END',
} as const satisfies Record<VersionState, ModelVersionStatus['state']>;

export function tensorflowStatuses(
  modelServer: Pick<ModelServer, 'statusOf'>,
  name: string,
  versions: readonly number[],
): ModelVersionStatus[] {
  const status = modelServer.statusOf(name);
  return statesOf(versions, status).map(({ version, state, reason }) => ({
    version: String(version),
    state: states[state],
    // A version that is unloaded or not loaded yet is not an error.
    status:
      state === 'failed'
        ? { error_code: 'UNAVAILABLE', error_message: reason }
        : { error_code: 'OK', error_message: '' },
  }));
}
