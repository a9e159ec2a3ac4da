import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { modelPredictor } from '../../../../src/model/engines/model-predictor.js';
import { createReferenceEngine } from '../../../../src/model/engines/reference/reference-engine.js';
import { portableModel } from '../../../../src/model/exchange/portable-model.js';
import { layersModel } from '../../../../src/model/exchange/tensorflowjs/layers-model.js';
import { applyHead } from '../../../../src/model/heads/head.js';
import { randomModels, type RandomModel } from '../models-near-one.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterAll(() => tf.disposeVariables());

async function ours({ description, parameters, samples }: RandomModel): Promise<number[]> {
  const predictor = await modelPredictor(createReferenceEngine(), description, parameters);
  const outputs = await predictor.predict(Float32Array.from(samples.flat()), samples.length);
  return Array.from(applyHead(description.head, outputs));
}

/** What TensorFlow.js answers, and what the metadata leaves to the caller. */
async function theirs(model: RandomModel): Promise<number[]> {
  const { model: json, weights } = await layersModel(portableModel({ name: 'random', version: 1 }, model));
  const { modelTopology, weightsManifest } = JSON.parse(json.toString()) as {
    modelTopology: object;
    weightsManifest: tf.io.WeightsManifestConfig;
  };
  const loaded = await loadLayersModel(
    tf.io.fromMemory({
      modelTopology,
      weightSpecs: weightsManifest[0]?.weights ?? [],
      weightData: new Uint8Array(weights).buffer,
    }),
  );
  const { head } = model.description;
  try {
    const answers = [loaded.predict(tf.tensor2d(model.samples))].flat();
    const members = await Promise.all(answers.map(async (answer) => Array.from(await answer.data())));
    return meanOf(head.kind === 'classes' ? members.map((each) => afterwards(model, each)) : members);
  } finally {
    loaded.dispose();
  }
}

function afterwards({ description: { head, ensemble = 1 } }: RandomModel, outputs: number[]): number[] {
  if (head.kind === 'values') return outputs;
  const { temperature = 1, labels, probabilities } = head;
  if (probabilities === 'nearest_distribution')
    return Array.from(applyHead(head, Float64Array.from(outputs)));
  if (ensemble === 1) return outputs;
  const powers = outputs.map((probability) => probability ** (1 / temperature));
  return powers.map((power, at) => {
    const row = at - (at % labels.length);
    return power / powers.slice(row, row + labels.length).reduce((sum, each) => sum + each, 0);
  });
}

function meanOf(members: number[][]): number[] {
  return (members[0] ?? []).map(
    (_, at) => members.reduce((sum, own) => sum + (own[at] ?? 0), 0) / members.length,
  );
}

describe('a version as a layers model of TensorFlow.js', () => {
  test('answers as the version does, whatever its shape, activations, head and scaling', async () => {
    await fc.assert(
      fc.asyncProperty(randomModels, async (model) => {
        const [expected, found] = await Promise.all([ours(model), theirs(model)]);
        expect(found).toHaveLength(expected.length);
        for (const [at, number] of expected.entries()) {
          expect(Math.abs((found[at] ?? NaN) - number)).toBeLessThanOrEqual(
            1e-6 * Math.max(1, Math.abs(number)),
          );
        }
      }),
      { numRuns: 60 },
    );
  });
});
