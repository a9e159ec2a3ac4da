/** The publish gate of a run: what the versions that it makes must reach to be served. */
import type { Evaluation } from '../../model/evaluation/evaluation.js';
import { decideGate, type Held, type LatestEvaluation } from '../../model/evaluation/publish-gate.js';
import { createAliases } from '../../model/registry/aliases.js';
import { latestAlias } from '../../model/registry/model-folder.js';
import type { EpochMetrics, RunSpec } from '../runs/documents.js';
import type { RunPlace } from './run-place.js';
import { evaluationOfMetrics, trainingEvaluation } from './gate-figures.js';
import { unitsOf, type LoadedData } from './load-data.js';

/** Why the version of an epoch is to be held; null: it may be served. */
export type Gate = (evaluation: Evaluation, metrics: EpochMetrics) => Promise<Held | null>;

export function createGate(
  place: Pick<RunPlace, 'storage' | 'registry'>,
  spec: RunSpec,
  { data, description }: Pick<LoadedData, 'data' | 'description'>,
): Gate {
  const { model, publish_if: rule = 'always' } = spec;
  return async (evaluation, metrics) => {
    if (rule === 'always') return null;
    const isCompared = typeof rule === 'object' && rule.better_than !== undefined;
    const latest = isCompared ? await latestOf(place, model) : null;
    // Test rows decide nothing, so without validation rows it is those of training.
    const judged =
      evaluation.validation === undefined
        ? { ...evaluation, training: trainingEvaluation(spec, metrics, data.train, unitsOf(description)) }
        : evaluation;
    return decideGate(rule, judged, latest);
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
  return { version, validation: evaluation?.summary.validation ?? evaluationOfMetrics(spec, metrics) };
}
