import { expect, test } from 'vitest';
import { knownOutputs } from '../../../src/model/heads/known-outputs.js';
import { classHead, type Head } from '../../../src/model/heads/head.js';
import { initialState } from '../../../src/model/network/initialization.js';
import type { NetworkSpec } from '../../../src/model/network/network.js';
import type { AdamSpec } from '../../../src/model/network/optimizers.js';
import { warmState } from '../../../src/model/network/warm-start.js';
import { parametersOf, smallDescription } from '../small-model.js';

const adam: AdamSpec = {
  type: 'adam',
  learning_rate: 1e-3,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weight_decay: 0,
};
const source = { ...smallDescription, parameters: parametersOf(smallDescription.network, 1) };
const wider: NetworkSpec = { ...smallDescription.network, outputs: 3 };

function rowOf(state: ReturnType<typeof initialState>, name: string, row: number): number[] {
  const tensor = state.parameters.get(name);
  const width = tensor?.shape[1] ?? 1;
  return [...(tensor?.data.subarray(row * width, (row + 1) * width) ?? [])];
}

test('a head that is widened keeps the rows of the classes that it knew, wherever they are now', () => {
  const known = knownOutputs(source.head, classHead('cross_entropy', ['bird', 'cat', 'dog']));
  const state = warmState(wider, adam, 7, { parameters: source.parameters, known });
  const fresh = initialState(wider, adam, 7);
  const before = { step: 0, parameters: source.parameters, optimizer: new Map() };
  for (const name of ['fc2.weight', 'fc2.bias']) {
    expect(rowOf(state, name, 0)).toEqual(rowOf(fresh, name, 0));
    expect(rowOf(state, name, 1)).toEqual(rowOf(before, name, 0));
    expect(rowOf(state, name, 2)).toEqual(rowOf(before, name, 1));
  }
  expect(state.parameters.get('fc1.weight')?.data).toEqual(source.parameters.get('fc1.weight')?.data);
  expect(state.step).toBe(0);
  for (const { data } of state.optimizer.values()) expect(data.every((value) => value === 0)).toBe(true);
});

test('an average begins as the parameters that it starts from', () => {
  const known = knownOutputs(source.head, source.head);
  const start = { parameters: source.parameters, known };
  const state = warmState(smallDescription.network, { ...adam, ema: 0.99 }, 7, start);
  expect(state.optimizer.get('fc2.weight.live')?.data).toEqual(source.parameters.get('fc2.weight')?.data);
});

test('standardised values keep their unit', () => {
  const scaled = (mean: number, std: number): Head => ({
    kind: 'values',
    names: ['price'],
    scaling: [{ mean, std }],
  });
  const [known] = knownOutputs(scaled(100, 10), scaled(90, 20));
  // An output of 2 was 120; now 1.5 is.
  expect(2 * (known?.scale ?? NaN) + (known?.shift ?? NaN)).toBe(1.5);
});
