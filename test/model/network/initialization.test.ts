import { describe, expect, test } from 'vitest';
import { type TrainingState, checkState, initialState } from '../../../src/model/network/initialization.js';
import type { NetworkSpec, StateDict, Tensor } from '../../../src/model/network/network.js';
import type { OptimizerSpec, SgdSpec } from '../../../src/model/network/optimizers.js';

const hiddenOf = (units: number) => [{ units, activation: 'relu' as const, dropout: 0 }];
const network: NetworkSpec = { inputs: 100, hidden: hiddenOf(50), outputs: 50 };
const rates = { learning_rate: 0.1, epsilon: 1e-8, weight_decay: 0 };
const adam: OptimizerSpec = { type: 'adam', ...rates, beta1: 0.9, beta2: 0.999 };
const sgd: SgdSpec = { type: 'sgd', learning_rate: 0.1, momentum: 0.9, nesterov: false, weight_decay: 0 };

function dataOf(tensors: StateDict, name: string): Float32Array {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`There is no ${name}.`);
  return tensor.data;
}

describe('the initial state', () => {
  const state = initialState(network, adam, 1);

  test('has every parameter and both its moments, by PyTorch’s names, at step 0', () => {
    const shapes = (tensors: StateDict) =>
      [...tensors].map(([name, { shape, data }]) => [name, shape.join('×'), data.length]);
    expect(state.step).toBe(0);
    expect(shapes(state.parameters)).toEqual([
      ['fc1.weight', '50×100', 5000],
      ['fc1.bias', '50', 50],
      ['fc2.weight', '50×50', 2500],
      ['fc2.bias', '50', 50],
    ]);
    expect(shapes(state.optimizer)).toEqual([
      ['fc1.weight.exp_avg', '50×100', 5000],
      ['fc1.weight.exp_avg_sq', '50×100', 5000],
      ['fc1.bias.exp_avg', '50', 50],
      ['fc1.bias.exp_avg_sq', '50', 50],
      ['fc2.weight.exp_avg', '50×50', 2500],
      ['fc2.weight.exp_avg_sq', '50×50', 2500],
      ['fc2.bias.exp_avg', '50', 50],
      ['fc2.bias.exp_avg_sq', '50', 50],
    ]);
  });

  test.each<[OptimizerSpec, string[]]>([
    [sgd, ['fc1.weight.momentum_buffer', 'fc1.bias.momentum_buffer']],
    [{ ...sgd, momentum: 0 }, []],
    [{ type: 'rmsprop', ...rates, alpha: 0.99 }, ['fc1.weight.square_avg', 'fc1.bias.square_avg']],
  ])('has what %o keeps of each', (optimizer, names) => {
    const linear = { inputs: 3, hidden: [], outputs: 2 };
    expect([...initialState(linear, optimizer, 1).optimizer.keys()]).toEqual(names);
  });

  test('starts with moments of zero', () => {
    for (const { data } of state.optimizer.values()) expect(data.every((value) => value === 0)).toBe(true);
  });

  test.each([
    ['fc1.weight', 100],
    ['fc1.bias', 100],
    ['fc2.weight', 50],
    ['fc2.bias', 50],
  ])('draws %s uniformly within ±1/√%i', (name, inputs) => {
    const data = dataOf(state.parameters, name);
    const bound = 1 / Math.sqrt(inputs);
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const variance = data.reduce((sum, value) => sum + value ** 2, 0) / data.length;
    expect(data.every((value) => Math.abs(value) <= bound)).toBe(true);
    // Five standard errors: bound · √(1/3 / n) of the mean, bound² · √(4/45 / n) of the variance.
    expect(Math.abs(mean)).toBeLessThan(5 * bound * Math.sqrt(1 / 3 / data.length));
    expect(Math.abs(variance - bound ** 2 / 3)).toBeLessThan(
      5 * bound ** 2 * Math.sqrt(4 / 45 / data.length),
    );
  });

  test('has the same bits for the same seed and others for another', () => {
    expect(initialState(network, adam, 1)).toEqual(state);
    expect(dataOf(initialState(network, adam, 2).parameters, 'fc1.bias')).not.toEqual(
      dataOf(state.parameters, 'fc1.bias'),
    );
  });

  // Worked out by another implementation. A change here would change what every recorded run starts from.
  test('is the known one for a known seed', () => {
    const small: NetworkSpec = { inputs: 3, hidden: hiddenOf(4), outputs: 1 };
    expect([...dataOf(initialState(small, adam, 5).parameters, 'fc2.weight')]).toEqual([
      0.20936602354049683, 0.36171209812164307, -0.0477256178855896, 0.1635507345199585,
    ]);
  });

  test('draws every tensor on its own', () => {
    const square: NetworkSpec = { inputs: 4, hidden: hiddenOf(4), outputs: 4 };
    const values = [...initialState(square, adam, 1).parameters.values()].flatMap(({ data }) => [...data]);
    expect(new Set(values).size).toBe(values.length);
  });
});

describe('checking a state', () => {
  const state = initialState(network, adam, 1);
  const tensor = (...shape: number[]): Tensor => ({
    shape,
    data: new Float32Array(shape.reduce((product, size) => product * size)),
  });
  const withParameter = (name: string, value: Tensor): TrainingState => ({
    ...state,
    parameters: new Map([...state.parameters, [name, value]]),
  });

  test('accepts the network’s own', () => {
    expect(() => checkState(network, adam, { ...state, step: 938 })).not.toThrow();
  });

  test('refuses the state of another optimiser', () => {
    expect(() => checkState(network, sgd, state)).toThrow('fc1.weight.momentum_buffer is missing');
    expect(() => checkState(network, { ...sgd, momentum: 0 }, state)).toThrow('no tensor fc1.weight.exp_avg');
  });

  test.each<[string, TrainingState, string]>([
    ['a fractional step', { ...state, step: 0.5 }, '0.5'],
    ['a negative step', { ...state, step: -1 }, '-1'],
    ['a missing parameter', { ...state, parameters: new Map() }, 'fc1.weight is missing'],
    ['a missing moment', { ...state, optimizer: new Map() }, 'fc1.weight.exp_avg is missing'],
    ['a tensor too many', withParameter('fc3.bias', tensor(50)), 'no tensor fc3.bias'],
    ['a transposed tensor', withParameter('fc1.weight', tensor(100, 50)), 'fc1.weight is (100, 50)'],
    [
      'a tensor with too few numbers',
      withParameter('fc1.bias', { shape: [50], data: new Float32Array(49) }),
      'with 49 numbers',
    ],
  ])('refuses %s', (_, damaged, message) => {
    expect(() => checkState(network, adam, damaged)).toThrow(
      expect.objectContaining({
        code: 'CHECKPOINT_CORRUPT',
        message: expect.stringContaining(message) as string,
      }),
    );
  });
});
