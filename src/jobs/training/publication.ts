/** Which checkpoints of a run become versions of its model. */
import { TrainyardError } from '../../errors.js';
import { readCheckpoint } from '../../model/files/checkpoint.js';
import { encodeModelFile } from '../../model/files/model-file.js';
import type { Registry } from '../../model/registry/registry.js';
import type { Storage } from '../../storage/storage.js';
import type { EpochMetrics, PublishPolicy, RunSpec } from '../runs/documents.js';
import { trainingSpecOf } from '../runs/documents.js';

/** The epochs whose checkpoints a run that has ended may publish, the one wanted most first. */
export function mostWantedFirst(policy: PublishPolicy, metrics: readonly EpochMetrics[]): EpochMetrics[] {
  const newestFirst = metrics.toReversed();
  if (policy !== 'best') return newestFirst;
  // Of equals the earlier: it took less training.
  return [...metrics].sort((a, b) => b.test_accuracy - a.test_accuracy || a.step - b.step);
}

/**
 * Publishes the checkpoint at the end of an epoch; the same one is published once, however often this is called.
 * null: there is no such checkpoint, or it is damaged, which `onDamaged` then hears.
 */
export async function publishEpoch(
  run: {
    runId: string;
    spec: RunSpec;
    checkpoints: string;
    storage: Storage;
    registry: Pick<Registry, 'publish'>;
  },
  metrics: EpochMetrics,
  now: Date,
  onDamaged: (step: number, reason: string) => Promise<void>,
): Promise<number | null> {
  const { step } = metrics;
  try {
    const checkpoint = await readCheckpoint(run.storage, run.checkpoints, step);
    if (checkpoint === null) return null;
    const file = encodeModelFile(checkpoint.description, checkpoint.state.parameters);
    const { runId, spec, registry } = run;
    const madeBy = { runId, step, spec: { dataset: spec.dataset, ...trainingSpecOf(spec) } };
    return await registry.publish({ model: spec.model, ...madeBy, file, metrics, now });
  } catch (error) {
    if (!(error instanceof TrainyardError && error.code === 'CHECKPOINT_CORRUPT')) throw error;
    await onDamaged(step, error.message);
    return null;
  }
}
