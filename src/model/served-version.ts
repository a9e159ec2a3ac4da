/**
 * One version in memory: checks raw inputs, has the engine work out the probabilities, and names the classes. Its
 * predictor is freed when the version is retired and its last running prediction has ended.
 */
import { TrainyardError } from '../errors.js';
import type { Engine } from './engines/engine.js';
import { createBatchingPredictor } from './prediction-batch.js';
import type { LoadedVersion, VersionManifest } from './registry.js';

/** A document. */
export interface RankedClass {
  label: string;
  index: number;
  /** The class's probability. */
  confidence: number;
}

/** The likeliest class, of equals the first. A document. */
export interface Prediction extends RankedClass {
  /** By class index, summing to 1. */
  probabilities: number[];
  /** The likeliest classes, falling. */
  top?: RankedClass[];
}

export interface ServedVersion {
  /** Resolves when the version is loaded. */
  readonly ready: Promise<VersionManifest>;
  /**
   * One prediction for each of the raw inputs; waits for `ready`. Not to be called once retired.
   * @throws TrainyardError INVALID_REQUEST, and whatever `ready` rejects with
   */
  predict(inputs: number[][], topK?: number): Promise<Prediction[]>;
  /** Lets go of the version. */
  retire(): void;
}

export function serveVersion(load: () => Promise<LoadedVersion>, engine: Engine): ServedVersion {
  const loading = load().then(async ({ manifest, description, parameters }) => {
    const { network, labels } = description;
    const predictor = createBatchingPredictor(await engine.predictor(description, parameters));
    return { manifest, network, labels, predictor };
  });
  let running = 0;
  let retired = false;

  function disposeIfDone(): void {
    if (!retired || running > 0) return;
    // A version that did not load has nothing to free; who waits for `ready` hears of it.
    void loading.then(
      ({ predictor }) => predictor.dispose(),
      () => undefined,
    );
  }

  return {
    ready: loading.then(({ manifest }) => manifest),

    async predict(inputs, topK) {
      // Counted before the first await: whoever found this version in a table keeps it from being freed.
      running++;
      try {
        const { manifest, network, labels, predictor } = await loading;
        const packed = packInputs(inputs, network.inputs, manifest.model);
        const probabilities = await predictor.predict(packed, inputs.length);
        return inputs.map((_, sample) => {
          const start = sample * network.outputs;
          return prediction(probabilities.subarray(start, start + network.outputs), labels, sample, topK);
        });
      } finally {
        running--;
        disposeIfDone();
      }
    },

    retire() {
      retired = true;
      disposeIfDone();
    },
  };
}

/** (inputs.length, width), row-major, raw. */
function packInputs(inputs: number[][], width: number, model: string): Float32Array {
  inputs.forEach((row, sample) => {
    if (row.length === width) return;
    const message = `inputs[${sample}] has ${row.length} numbers; model ${model} takes ${width}`;
    throw new TrainyardError('INVALID_REQUEST', message, { pointer: `/inputs/${sample}` });
  });
  const packed = new Float32Array(inputs.length * width);
  for (let sample = 0; sample < inputs.length; sample++) {
    const row = inputs[sample];
    const start = sample * width;
    for (let column = 0; column < width; column++) {
      packed[start + column] = row[column];
      // After rounding: a number beyond float32 has become infinite.
      if (!Number.isFinite(packed[start + column])) throw notFinite(sample, column);
    }
  }
  return packed;
}

function notFinite(sample: number, column: number): TrainyardError {
  const message = `inputs[${sample}][${column}] is not a finite float32 number`;
  return new TrainyardError('INVALID_REQUEST', message, { pointer: `/inputs/${sample}/${column}` });
}

/** `row` (classes) holds the probabilities of one sample. */
function prediction(
  row: Float32Array,
  labels: string[],
  sample: number,
  topK: number | undefined,
): Prediction {
  const probabilities: number[] = [];
  let best = 0;
  for (const probability of row) {
    if (!Number.isFinite(probability)) throw tooLarge(sample);
    if (probability > row[best]) best = probabilities.length;
    probabilities.push(probability);
  }
  const ranked = (index: number): RankedClass => ({
    label: labels[index],
    index,
    confidence: probabilities[index],
  });
  const answer: Prediction = { ...ranked(best), probabilities };
  if (topK !== undefined) {
    // The sort is stable, so that of equals the first stays first.
    const falling = labels.map((_, index) => ranked(index)).sort((a, b) => b.confidence - a.confidence);
    answer.top = falling.slice(0, topK);
  }
  return answer;
}

function tooLarge(sample: number): TrainyardError {
  const message = `inputs[${sample}] is too large: what the model makes of it is not finite`;
  return new TrainyardError('INVALID_REQUEST', message, { pointer: `/inputs/${sample}` });
}
