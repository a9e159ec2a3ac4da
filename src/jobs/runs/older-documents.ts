/**
 * Documents as earlier versions of the service wrote them, and what they are today. Those of format 1 knew one task,
 * classes, and two splits; their datasets were names. The first of format 2 knew no versions of datasets.
 */
import type { ClassLoss } from '../../model/network/losses.js';
import { withDropout, type StoredNetworkSpec } from '../../model/network/network.js';
import type { DatasetPin, RunSpec } from './run-spec.js';
import type { RunResult } from './run-events.js';

/** The fields that a spec of format 1 may lack, as it may be older than they are. */
type NewerSpecFields =
  'checkpoint' | 'priority' | 'time_limit_seconds' | 'webhook' | 'idempotency_key' | 'trace_context';

type ChangedSpecFields = 'format_version' | 'dataset' | 'task' | 'split' | 'table' | 'network' | 'loss';

export type SpecOfFormat1 = Omit<RunSpec, NewerSpecFields | ChangedSpecFields> &
  Partial<Pick<RunSpec, NewerSpecFields>> & {
    format_version: 1;
    dataset: string;
    network: StoredNetworkSpec;
    loss: 'cross_entropy' | 'mse';
  };

export type StoredSpec = Omit<RunSpec, 'dataset'> & {
  dataset: Omit<DatasetPin, 'version'> & Partial<Pick<DatasetPin, 'version'>>;
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

export function upgradeSpec(spec: SpecOfFormat1 | StoredSpec): RunSpec {
  if (spec.format_version === 2) return { ...spec, dataset: { version: null, ...spec.dataset } };
  return {
    ...olderSpec,
    ...spec,
    format_version: 2,
    dataset: { name: spec.dataset, version: null, sha256: null },
    task: 'classification',
    split: { validation: 0 },
    network: withDropout(spec.network),
    loss: lossOfFormat1[spec.loss],
  };
}

export function upgradeResult(result: ResultOfFormat1 | RunResult): RunResult {
  return { ...result, format_version: 2 };
}
