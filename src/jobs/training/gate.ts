/** The publish gate of a run: what the versions that it makes must reach to be served. */
import type { Evaluation, SplitEvaluation } from '../../model/evaluation/evaluation.js';
import { decideGate, type Held, type LatestEvaluation } from '../../model/evaluation/publish-gate.js';
import { createAliases } from '../../model/registry/aliases.js';
import { latestAlias } from '../../model/registry/model-folder.js';
import type { EpochMetrics } from '../runs/run-events.js';
import type { RunSpec } from '../runs/run-spec.js';
import type { RunPlace } from './run-place.js';

/** Why the version of an epoch is to be held; null: it may be served. */
export type Gate = (evaluation: Evaluation) => Promise<Held | null>;

export function createGate(place: Pick<RunPlace, 'storage' | 'registry'>, spec: RunSpec): Gate {
  const { model, publish_if: rule = 'always' } = spec;
  return async (evaluation) => {
    if (rule === 'always') return null;
    const isCompared = typeof rule === 'object' && rule.better_than !== undefined;
    const latest = isCompared ? await latestOf(place, model) : null;
    return decideGate(rule, evaluation, latest);
  };
}

async function latestOf(
  place: Pick<RunPlace, 'storage' | 'registry'>,
  model: string,
): Promise<LatestEvaluation | null> {
  const { versions } = await createAliases(place).names(model);
  const version = versions.get(latestAlias);
  if (version === undefined) return null;
  const { spec, metrics, evaluation } = await place.registry.manifest(model, version);
  return { version, validation: evaluation?.summary.validation ?? figuresOfMetrics(spec, metrics) };
}

/** What the metrics of a version that was not evaluated say of its validation rows; null: nothing. */
function figuresOfMetrics(spec: unknown, metrics: unknown): Pick<SplitEvaluation, 'figures'> | null {
  const { loss } = (spec ?? {}) as Partial<Pick<RunSpec, 'loss'>>;
  const known = (metrics ?? {}) as Partial<EpochMetrics>;
  const { validation_loss: mean, validation_accuracy: accuracy, validation_rmse: rmse } = known;
  if (mean === undefined) return null;
  const figures = {
    ...(accuracy !== undefined && { accuracy }),
    ...(rmse !== undefined && { rmse }),
    ...(loss === 'cross_entropy' && { log_loss: mean }),
  };
  return { figures };
}
