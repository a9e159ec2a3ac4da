import { describe, expect, test } from 'vitest';
import type { Predictor } from '../../src/model/engines/engine.js';
import { createReferenceEngine } from '../../src/model/engines/reference/reference-engine.js';
import { createBatchingPredictor } from '../../src/model/prediction-batch.js';
import { parametersOf, smallDescription } from './small-model.js';

const { network } = smallDescription;

interface Fixture {
  batching: Predictor;
  /** The real one. */
  predictor: Predictor;
  /** The samples of each call of the real one. */
  calls: number[];
}

async function setUp(): Promise<Fixture> {
  const parameters = parametersOf(network, 1);
  const predictor = await createReferenceEngine().predictor(smallDescription, parameters);
  const calls: number[] = [];
  const watched: Predictor = {
    predict(inputs, count) {
      calls.push(count);
      return predictor.predict(inputs, count);
    },
    dispose: () => predictor.dispose(),
  };
  return { batching: createBatchingPredictor(watched), predictor, calls };
}

/** (count, inputs), other numbers for every seed. */
function samples(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count * network.inputs }, (_, i) => (31 * i + 7 * seed) % 256);
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what is asked in one turn is one call of the predictor, and each gets the answers to its own samples', async () => {
  const { batching, predictor, calls } = await setUp();
  const counts = [1, 3, 1, 2, 1];
  const answers = await Promise.all(
    counts.map((count, seed) => batching.predict(samples(count, seed), count)),
  );
  expect(calls).toEqual([8]);
  for (const [seed, count] of counts.entries()) {
    expect([...answers[seed]]).toEqual([...(await predictor.predict(samples(count, seed), count))]);
  }
});

test('what is asked in different turns is not kept back', async () => {
  const { batching, calls } = await setUp();
  const first = batching.predict(samples(1, 1), 1);
  await turn();
  expect(calls).toEqual([1]);
  const second = batching.predict(samples(2, 2), 2);
  await turn();
  expect(calls).toEqual([1, 2]);
  await Promise.all([first, second]);
});

describe('a batch is cut', () => {
  const ones = (count: number): number[] => new Array<number>(count).fill(1);

  test.each<[what: string, asked: number[], calls: number[]]>([
    ['at 64 samples', ones(150), [64, 64, 22]],
    ['so that no call is divided', [40, 24, 40, 40, 1], [64, 40, 41]],
    ['before and after a call that is larger', [1, 1000, 1, 1], [1, 1000, 2]],
  ])('%s', async (_, asked, expected) => {
    const { batching, predictor, calls } = await setUp();
    const answers = await Promise.all(
      asked.map((count, seed) => batching.predict(samples(count, seed), count)),
    );
    expect(calls).toEqual(expected);
    const last = asked.length - 1;
    const alone = await predictor.predict(samples(asked[last], last), asked[last]);
    expect([...answers[last]]).toEqual([...alone]);
  });

  test('and others come between one batch and the next', async () => {
    const { batching, calls } = await setUp();
    const answers = ones(130).map((count, seed) => batching.predict(samples(count, seed), count));
    await turn();
    expect(calls).toEqual([64]);
    await Promise.all(answers);
    expect(calls).toEqual([64, 64, 2]);
  });
});

test('a failure of the predictor is the failure of those in its batch, and of no other', async () => {
  const { predictor } = await setUp();
  let failing = true;
  const batching = createBatchingPredictor({
    ...predictor,
    predict: (inputs, count) =>
      failing ? Promise.reject(new Error('out of memory')) : predictor.predict(inputs, count),
  });
  const batch = [batching.predict(samples(1, 1), 1), batching.predict(samples(1, 2), 1)];
  expect(await Promise.allSettled(batch)).toMatchObject([
    { status: 'rejected', reason: { message: 'out of memory' } },
    { status: 'rejected', reason: { message: 'out of memory' } },
  ]);
  failing = false;
  expect(await batching.predict(samples(1, 1), 1)).toHaveLength(network.outputs);
});
