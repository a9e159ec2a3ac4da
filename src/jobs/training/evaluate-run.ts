/**
 * How good a trained model is, before it is published: its evaluation, and the model file with what the validation
 * rows decided. A run that is killed or stopped meanwhile evaluates once more, with the same result.
 */
import type { Engine, Predictor, Samples, SplitName, TrainingResources } from '../../model/engines/engine.js';
import { evaluateModel } from '../../model/evaluation/evaluate-model.js';
import type { Evaluation } from '../../model/evaluation/evaluation.js';
import { trainLinearModel } from '../../model/evaluation/linear-baseline.js';
import { modelPredictor } from '../../model/engines/model-predictor.js';
import { encodeModelFile, type DecodedModel } from '../../model/files/model-file.js';
import { turnUnless, type Turn } from '../../model/evaluation/turn.js';
import type { EpochMetrics } from '../runs/run-events.js';
import type { RunSpec } from '../runs/run-spec.js';
import { progressAt } from '../runs/summarize-events.js';
import type { Journal } from './journal.js';
import type { LoadedData } from './load-data.js';

export interface EvaluatedFile {
  /** The model file that is to be published. */
  file: Buffer;
  evaluation: Evaluation;
}

/** `last`: the last epoch done, for the progress that is shown meanwhile. */
export type EvaluateTrained = (trained: DecodedModel, last: EpochMetrics) => Promise<EvaluatedFile>;

export interface RunEvaluation {
  spec: RunSpec;
  loaded: LoadedData;
  engine: Engine;
  resources: TrainingResources;
  journal: Pick<Journal, 'append'>;
  nowMs: () => number;
  /** Ends the evaluation with `WorkStopped`. */
  signal: Pick<AbortSignal, 'aborted'>;
}

/** An evaluation that takes longer shows its progress, so often. */
const progressEveryMs = 1_000;

export function runEvaluator(run: RunEvaluation): EvaluateTrained {
  // A run that publishes each epoch looks at figures only, as it evaluates often.
  const isThorough = run.spec.publish !== 'every_checkpoint';
  return async ({ description, parameters }, last) => {
    const { spec, loaded, engine } = run;
    const { rows } = loaded;
    const byRow = (split: SplitName): Samples => byRowWeights(loaded, split);
    const { network, head, preprocessing, ensemble } = description;
    const onProgress = progressOf(run, last, isThorough);
    const turn = turnUnless(run.signal);
    const predictor = await modelPredictor(engine, description, parameters);
    try {
      const evaluated = await evaluateModel({
        model: { network, head, preprocessing, ensemble, predict: (...call) => predictor.predict(...call) },
        train: byRow('train'),
        validation: { samples: byRow('validation'), rows: rows.validation },
        test: { samples: byRow('test'), rows: rows.test },
        wanted: spec,
        seed: spec.seed,
        onProgress,
        turn,
        ...(isThorough && { linear: (onPart) => linearPredictor(run, turn, onPart) }),
      });
      return {
        evaluation: evaluated.evaluation,
        file: encodeModelFile({ ...description, head: evaluated.head }, parameters),
      };
    } finally {
      predictor.dispose();
    }
  };
}

async function linearPredictor(
  { spec, loaded, engine, resources }: RunEvaluation,
  turn: Turn,
  onProgress: (fraction: number) => Promise<void>,
): Promise<Predictor | null> {
  const { network, loss, seed } = spec;
  const { scaling } = loaded.description;
  const train = byRowWeights(loaded, 'train');
  const task = { engine, network, scaling, loss, train, seed, resources, turn, onProgress };
  const linear = await trainLinearModel(task);
  return linear && engine.predictor({ network: linear.network, scaling }, linear.parameters);
}

/** Weights of classes say what to learn, not how good the result is. */
function byRowWeights({ data, rowWeights }: LoadedData, split: SplitName): Samples {
  return { ...data[split], weights: rowWeights[split] };
}

/** Appends progress from time to time, and its end, once, where any was appended. `isOver`: no epoch follows. */
function progressOf(
  { spec, journal, nowMs }: RunEvaluation,
  last: EpochMetrics,
  isOver: boolean,
): (fraction: number) => Promise<void> {
  const { train_loss, train_accuracy = null } = last;
  const reached = { ...progressAt(spec, last), ...(isOver && { fraction: 1 }), eta_seconds: 0 };
  let shownAtMs = nowMs();
  let shown: number | null = null;
  return async (evaluated) => {
    const isDue = nowMs() - shownAtMs >= progressEveryMs;
    const isEnd = evaluated === 1 && shown !== null && shown < 1;
    if (!isDue && !isEnd) return;
    [shownAtMs, shown] = [nowMs(), evaluated];
    const progress = { ...reached, train_loss, train_accuracy, evaluated };
    await journal.append({ type: 'progress', progress });
  };
}
