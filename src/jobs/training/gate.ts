/** The publish gate of a run: what the versions that it makes must reach to be served. */
import { decideGate, type LatestEvaluation } from '../../model/evaluation/publish-gate.js';
import { createAliases } from '../../model/registry/aliases.js';
import { latestAlias } from '../../model/registry/model-folder.js';
import type { RunSpec } from '../runs/documents.js';
import type { Gate, RunPlace } from './checkpoints.js';
import { evaluationOf, evaluationOfMetrics, type GateData } from './gate-figures.js';

/** @param units (outputs) what one of each output is worth; [] where the outputs are the values */
export function createGate(
  place: Pick<RunPlace, 'storage' | 'registry'>,
  spec: RunSpec,
  data: GateData,
  units: readonly number[],
): Gate {
  const { model, publish_if: rule = 'always' } = spec;
  return async (metrics) => {
    if (rule === 'always') return null;
    const isCompared = typeof rule === 'object' && rule.better_than !== undefined;
    const latest = isCompared ? await latestOf(place, model) : null;
    return decideGate(rule, evaluationOf(spec, metrics, data, units), latest);
  };
}

async function latestOf(
  place: Pick<RunPlace, 'storage' | 'registry'>,
  model: string,
): Promise<LatestEvaluation | null> {
  const { versions } = await createAliases(place).names(model);
  const version = versions.get(latestAlias);
  if (version === undefined) return null;
  const { spec, metrics } = await place.registry.manifest(model, version);
  return { version, evaluation: evaluationOfMetrics(spec, metrics) };
}
