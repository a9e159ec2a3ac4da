/**
 * Documents of format 1, as earlier versions of the service wrote them, and what they are today. They knew one task,
 * classes, and two splits; their datasets were names.
 */
import type { ClassLoss } from '../../model/network/losses.js';
import { withDropout, type StoredNetworkSpec } from '../../model/network/network.js';
import type { RunResult, RunSpec } from './documents.js';

/** The fields that a spec of format 1 may lack, as it may be older than they are. */
type NewerSpecFields =
  'checkpoint' | 'priority' | 'time_limit_seconds' | 'webhook' | 'idempotency_key' | 'trace_context';

type ChangedSpecFields = 'format_version' | 'dataset' | 'task' | 'split' | 'network' | 'loss';

export type SpecOfFormat1 = Omit<RunSpec, NewerSpecFields | ChangedSpecFields> &
  Partial<Pick<RunSpec, NewerSpecFields>> & {
    format_version: 1;
    dataset: string;
    network: StoredNetworkSpec;
    loss: 'cross_entropy' | 'mse';
  };

export type ResultOfFormat1 = Omit<RunResult, 'format_version'> & { format_version: 1 };

/** What a spec that is older than these fields meant. */
const olderSpec: Pick<RunSpec, NewerSpecFields> = {
  checkpoint: { every_steps: null, every_seconds: null, keep: 2 },
  priority: 0,
  time_limit_seconds: null,
  webhook: null,
  idempotency_key: null,
  trace_context: null,
};

const lossOfFormat1: Record<SpecOfFormat1['loss'], ClassLoss> = {
  cross_entropy: 'cross_entropy',
  mse: 'one_hot_mse',
};

export function upgradeSpec(spec: SpecOfFormat1 | RunSpec): RunSpec {
  if (spec.format_version === 2) return spec;
  return {
    ...olderSpec,
    ...spec,
    format_version: 2,
    dataset: { name: spec.dataset, sha256: null },
    task: 'classification',
    split: { validation: 0 },
    network: withDropout(spec.network),
    loss: lossOfFormat1[spec.loss],
  };
}

export function upgradeResult(result: ResultOfFormat1 | RunResult): RunResult {
  return { ...result, format_version: 2 };
}
