/** How versions stand, in the words of TensorFlow Serving's model_version_status. */
import type { ModelServer } from '../../model/serving/model-server.js';
import type { ModelVersionStatus } from './version-status-schema.js';
import { versionStates, type VersionState } from './version-states.js';

const states = {
  ready: 'AVAILABLE',
  loading: 'LOADING',
  unloaded: 'END',
  failed: 'END',
} as const satisfies Record<VersionState, ModelVersionStatus['state']>;

export function versionStatuses(
  modelServer: Pick<ModelServer, 'statusOf'>,
  name: string,
  versions: readonly number[],
): ModelVersionStatus[] {
  const status = modelServer.statusOf(name);
  return versionStates(versions, status).map(({ version, state, reason }) => ({
    version: String(version),
    state: states[state],
    // To be unloaded or not to be loaded yet is no error.
    status:
      state === 'failed'
        ? { error_code: 'UNAVAILABLE', error_message: reason }
        : { error_code: 'OK', error_message: '' },
  }));
}
