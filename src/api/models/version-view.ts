/** A version as the API shows it. */
import type { Static } from 'typebox';
import type { Held } from '../../model/evaluation/publish-gate.js';
import { labelsOf, type Head } from '../../model/heads/head.js';
import { namesOf, type ModelNames } from '../../model/registry/aliases.js';
import type { VersionManifest } from '../../model/registry/registry.js';
import { taskView } from './model-columns.js';
import type { ModelVersion } from './model-schemas.js';

export function evaluationView({ evaluation }: VersionManifest) {
  return evaluation === undefined ? {} : { evaluation: evaluation.summary };
}

/** What the validation rows decided of its answers. */
function answersView(head: Head) {
  if (head.kind === 'values') return {};
  const { temperature, threshold, labels } = head;
  return {
    ...(temperature !== undefined && { temperature }),
    ...(threshold && {
      threshold: { positive: labels[threshold.positive] ?? '', at_least: threshold.at_least },
    }),
  };
}

/** The place of the file in the storage is left out. */
export function versionView(
  manifest: VersionManifest,
  names: ModelNames,
  held: ReadonlyMap<number, Held>,
): Static<typeof ModelVersion.schema> {
  const { model, version, run_id, step, spec = null, metrics, network, head, parameters, file } = manifest;
  const { ensemble, imported } = manifest;
  return {
    object: 'model_version',
    model,
    version,
    aliases: namesOf(version, names),
    held: held.get(version) ?? null,
    job_id: imported ? null : run_id,
    ...(imported && { imported }),
    step,
    spec: spec as Static<typeof ModelVersion.schema>['spec'],
    metrics,
    network,
    labels: labelsOf(head),
    ...taskView(manifest),
    ...answersView(head),
    ...evaluationView(manifest),
    ...(ensemble !== undefined && { ensemble }),
    parameters,
    file: { size_bytes: file.size_bytes, sha256: file.sha256 },
    created_at: manifest.created_at,
  };
}
