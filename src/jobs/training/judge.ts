/** What is published of a run: the network of a checkpoint or an ensemble of them, evaluated, and whether it may be served. */
import type { Engine, TrainingResources } from '../../model/engines/engine.js';
import type { Evaluation } from '../../model/evaluation/evaluation.js';
import type { Held } from '../../model/evaluation/publish-gate.js';
import type { DecodedModel } from '../../model/files/model-file.js';
import type { EpochMetrics } from '../runs/run-events.js';
import type { RunSpec } from '../runs/run-spec.js';
import type { RunPlace } from './run-place.js';
import { runEvaluator, type RunEvaluation } from './evaluate-run.js';
import { createGate } from './gate.js';
import type { Journal } from './journal.js';
import type { LoadedData } from './load-data.js';

export interface Judged {
  /** The model file that is to be published. */
  file: Buffer;
  evaluation: Evaluation;
  /** Left out: it may be served. */
  held?: Held;
}

/**
 * `trained` has the parameters of checkpoints at the ends of epochs, `last` are the metrics of the last epoch done. It can be
 * asked again, and answers the same as long as `latest` stands for the same version.
 */
export type Judge = (trained: DecodedModel, last: EpochMetrics) => Promise<Judged>;

export function judgeOf(
  place: Pick<RunPlace, 'storage' | 'registry' | 'nowMs'> & TrainingResources & Pick<RunEvaluation, 'signal'>,
  run: { spec: RunSpec; loaded: LoadedData; engine: Engine; journal: Journal },
): Judge {
  const { nowMs, signal, threads, memoryLimitBytes } = place;
  const evaluate = runEvaluator({ ...run, resources: { threads, memoryLimitBytes }, nowMs, signal });
  const gate = createGate(place, run.spec);
  return async (trained, last) => {
    const { file, evaluation } = await evaluate(trained, last);
    const held = await gate(evaluation);
    return { file, evaluation, ...(held && { held }) };
  };
}
