/**
 * One version in memory. A request holds it while it uses it. The predictor is freed once the version is retired and no
 * request holds it.
 */
import type { PictureInput } from '../../lib/picture-input.js';
import type { Predictor } from '../engines/engine.js';
import type { ModelDescription } from '../files/model-file.js';
import { applyHead, type Head } from '../heads/head.js';
import type { NetworkSpec } from '../network/network.js';
import type { TablePreprocessing } from '../preprocessing/table.js';
import type { VersionManifest } from '../registry/version-manifest.js';
import { batchPredictions, type PredictionAnswer, type PredictionCall } from './prediction-batch.js';

/** A version, for as long as it is held; or another model, of which `Manifest` says where it comes from. */
export interface ServedModel<Manifest extends NamedModel = VersionManifest> {
  readonly manifest: Manifest;
  readonly network: NetworkSpec;
  /** Says what the results of a prediction mean. */
  readonly head: Head;
  /** What the model makes of the columns of a table; null: it takes numbers. */
  readonly preprocessing: TablePreprocessing | null;
  /** What it makes of a picture; null: a square of grey levels, where it takes so many numbers. */
  readonly image: PictureInput | null;
  /**
   * The head's results for raw inputs. Where the network's outputs overflow, they are not finite: see `refuseOverflow`.
   * @throws TrainyardError DEADLINE_EXCEEDED, CLIENT_GONE
   */
  predict(call: PredictionCall): Promise<PredictionAnswer>;
}

/** All that messages say of a model. */
interface NamedModel {
  model: string;
}

/** A model that answers, wherever it comes from. */
export type AnsweringModel = ServedModel<NamedModel>;

/** What a version is loaded from. */
export interface LoadedContent<Manifest = VersionManifest> {
  manifest: Manifest;
  description: ModelDescription;
  predictor: Predictor;
}

export interface LoadedModel<Manifest extends NamedModel = VersionManifest> {
  /** Resolves when the version is loaded. */
  readonly ready: Promise<Manifest>;
  /**
   * Waits for `ready`, and holds the version until the promise of `work` settles. Must not be called once it is retired.
   * @throws whatever `ready` or `work` rejects with
   */
  use<T>(work: (model: ServedModel<Manifest>) => Promise<T>): Promise<T>;
  /** Frees the predictor as soon as no request holds the version. */
  retire(): void;
}

/** `observe` is called after each batch. */
export function loadModel<Manifest extends NamedModel = VersionManifest>(
  load: () => Promise<LoadedContent<Manifest>>,
  observe?: (samples: number, ms: number) => void,
): LoadedModel<Manifest> {
  const loading = load().then(({ manifest, description, predictor }) => {
    const { network, head, preprocessing = null, image = null } = description;
    const predict = batchPredictions(
      async (inputs, count) => applyHead(head, await predictor.predict(inputs, count)),
      observe,
    );
    const model: ServedModel<Manifest> = { manifest, network, head, preprocessing, image, predict };
    return { model, predictor };
  });
  let holders = 0;
  let retired = false;

  function disposeIfUnused(): void {
    if (!retired || holders > 0) return;
    loading.then(
      ({ predictor }) => predictor.dispose(),
      // A version that failed to load has nothing to free. `ready` reports the failure.
      () => undefined,
    );
  }

  return {
    ready: loading.then(({ model }) => model.manifest),

    async use(work) {
      // Counted before the first await, so that the version cannot be freed between being found and being used.
      holders++;
      try {
        const { model } = await loading;
        return await work(model);
      } finally {
        holders--;
        disposeIfUnused();
      }
    },

    retire() {
      retired = true;
      disposeIfUnused();
    },
  };
}
