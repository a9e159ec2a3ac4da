import { expect, onTestFinished, test } from 'vitest';
import type { Predictor } from '../../../../src/model/engines/engine.js';
import { createWasmEngine } from '../../../../src/model/engines/wasm/wasm-engine.js';
import type { NetworkSpec } from '../../../../src/model/network/network.js';
import { parametersOf } from '../../small-model.js';

const inputs = 1500;
/** So wide that only four samples are worked on at a time. */
const network: NetworkSpec = {
  inputs,
  hidden: [{ units: 2500, activation: 'relu', dropout: 0 }],
  outputs: 2,
};
const count = 10;
const raw = Float32Array.from({ length: count * inputs }, (_, i) => (i * i) % 251);

async function createPredictor(): Promise<Predictor> {
  const predictor = await createWasmEngine().predictor(
    { network, scaling: { divide_by: 255, mean: 0.5, std: 0.25 } },
    parametersOf(network, 1),
  );
  onTestFinished(() => predictor.dispose());
  return predictor;
}

test('samples in slices get the same bits as one after the other', async () => {
  const predictor = await createPredictor();
  const together = await predictor.predict(raw, count);
  for (let sample = 0; sample < count; sample++) {
    const alone = await predictor.predict(raw.subarray(sample * inputs, (sample + 1) * inputs), 1);
    expect(together.subarray(2 * sample, 2 * sample + 2)).toEqual(alone);
  }
});

test('between slices others have their turn', async () => {
  const predictor = await createPredictor();
  let turns = 0;
  const turn = (): void => {
    turns++;
    pending = setImmediate(turn);
  };
  let pending = setImmediate(turn);
  await predictor.predict(raw, count);
  clearImmediate(pending);
  expect(turns).toBe(2);
});
