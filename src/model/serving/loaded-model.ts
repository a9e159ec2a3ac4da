/**
 * One version in memory. Whoever uses it holds it: its predictor is freed when the version is retired and the last who
 * held it is done.
 */
import type { Predictor } from '../engines/engine.js';
import {
  createBatchingPredictor,
  type BatchingPredictor,
  type PredictionAnswer,
  type PredictionCall,
} from './prediction-batch.js';
import { applyHead, type Head } from '../heads/head.js';
import type { NetworkSpec } from '../network/network.js';
import type { ModelDescription } from '../files/model-file.js';
import type { VersionManifest } from '../registry/registry.js';

/** What one may ask of a version, as long as one holds it. */
export interface ServedModel {
  readonly manifest: VersionManifest;
  readonly network: NetworkSpec;
  /** Names of the outputs, in their order: of the classes, or of the values. */
  readonly labels: readonly string[];
  /**
   * Class probabilities of raw inputs; those of inputs that overflow are NaN.
   * @throws TrainyardError DEADLINE_EXCEEDED, CLIENT_GONE
   */
  predict(call: PredictionCall): Promise<PredictionAnswer>;
}

/** What a version is loaded as. */
export interface LoadedContent {
  manifest: VersionManifest;
  description: ModelDescription;
  predictor: Predictor;
}

export interface LoadedModel {
  /** Resolves when the version is loaded. */
  readonly ready: Promise<VersionManifest>;
  /**
   * Holds the version, waiting for `ready`, until what `work` makes of it has settled. Not to be called once retired.
   * @throws whatever `ready` or `work` rejects with
   */
  use<T>(work: (model: ServedModel) => Promise<T>): Promise<T>;
  /** Lets go of the version. */
  retire(): void;
}

export function loadModel(
  load: () => Promise<LoadedContent>,
  observe?: (samples: number, ms: number) => void,
): LoadedModel {
  const loading = load().then(({ manifest, description: { network, head }, predictor: one }) => {
    const predictor = createBatchingPredictor(headed(one, head), observe);
    const labels = head.kind === 'classes' ? head.labels : head.names;
    const model: ServedModel = { manifest, network, labels, predict: (call) => predictor.predict(call) };
    return { model, predictor };
  });
  let holders = 0;
  let retired = false;

  function disposeIfDone(): void {
    if (!retired || holders > 0) return;
    // A version that did not load has nothing to free; who waits for `ready` hears of it.
    void loading.then(
      ({ predictor }: { predictor: BatchingPredictor }) => predictor.dispose(),
      () => undefined,
    );
  }

  return {
    ready: loading.then(({ model }) => model.manifest),

    async use(work) {
      // Counted before the first await: whoever found this version in a table keeps it from being freed.
      holders++;
      try {
        const { model } = await loading;
        return await work(model);
      } finally {
        holders--;
        disposeIfDone();
      }
    },

    retire() {
      retired = true;
      disposeIfDone();
    },
  };
}

/** Answers with what the head makes of the outputs. */
function headed(predictor: Predictor, head: Head): Predictor {
  return {
    sizeBytes: predictor.sizeBytes,
    predict: async (inputs, count) => applyHead(head, await predictor.predict(inputs, count)),
    dispose: () => predictor.dispose(),
  };
}
