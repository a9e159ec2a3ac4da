import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Predictor } from '../../../src/model/engines/engine.js';
import { createReferenceEngine } from '../../../src/model/engines/reference/reference-engine.js';
import {
  createBatchingPredictor,
  type BatchingPredictor,
} from '../../../src/model/serving/prediction-batch.js';
import { parametersOf, smallDescription } from '../small-model.js';

const { network } = smallDescription;

interface Fixture {
  batching: BatchingPredictor;
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
    sizeBytes: predictor.sizeBytes,
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

async function ask(batching: BatchingPredictor, count: number, seed: number): Promise<Float32Array> {
  return (await batching.predict({ inputs: samples(count, seed), count })).probabilities;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what is asked in one turn is one call of the predictor, and each gets the answers to its own samples', async () => {
  const { batching, predictor, calls } = await setUp();
  const counts = [1, 3, 1, 2, 1];
  const answers = await Promise.all(counts.map((count, seed) => ask(batching, count, seed)));
  expect(calls).toEqual([8]);
  for (const [seed, count] of counts.entries()) {
    expect([...answers[seed]]).toEqual([...(await predictor.predict(samples(count, seed), count))]);
  }
});

test('what is asked in different turns is not kept back', async () => {
  const { batching, calls } = await setUp();
  const first = ask(batching, 1, 1);
  await turn();
  expect(calls).toEqual([1]);
  const second = ask(batching, 2, 2);
  await turn();
  expect(calls).toEqual([1, 2]);
  await Promise.all([first, second]);
});

describe('a batch is cut', () => {
  const ones = (count: number): number[] => new Array<number>(count).fill(1);

  test.each<[what: string, asked: number[], calls: number[]]>([
    ['at 64 samples', ones(150), [64, 64, 22]],
    ['through a call, whose rest comes after the others', [40, 24, 40, 40, 1], [64, 64, 17]],
    ['many times through a call that is larger', [1, 200, 1, 1], [64, 64, 64, 11]],
  ])('%s', async (_, asked, expected) => {
    const { batching, predictor, calls } = await setUp();
    const answers = await Promise.all(asked.map((count, seed) => ask(batching, count, seed)));
    expect(calls).toEqual(expected);
    const last = asked.length - 1;
    const alone = await predictor.predict(samples(asked[last], last), asked[last]);
    expect([...answers[last]]).toEqual([...alone]);
  });

  test('and others come between one batch and the next', async () => {
    const { batching, calls } = await setUp();
    const answers = ones(130).map((count, seed) => ask(batching, count, seed));
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
  const batch = [ask(batching, 1, 1), ask(batching, 1, 2)];
  expect(await Promise.allSettled(batch)).toMatchObject([
    { status: 'rejected', reason: { message: 'out of memory' } },
    { status: 'rejected', reason: { message: 'out of memory' } },
  ]);
  failing = false;
  expect(await ask(batching, 1, 1)).toHaveLength(network.outputs);
});

test('the time in the line and the time of the work are told', async () => {
  const { predictor } = await setUp();
  const slow = createBatchingPredictor({
    ...predictor,
    async predict(inputs, count) {
      await sleep(20);
      return predictor.predict(inputs, count);
    },
  });
  const first = slow.predict({ inputs: samples(1, 1), count: 1 });
  await turn();
  await sleep(5);
  const { queueMs, inferenceMs } = await slow.predict({ inputs: samples(1, 2), count: 1 });
  expect((await first).inferenceMs).toBeGreaterThan(19);
  expect(queueMs).toBeGreaterThan(5);
  expect(inferenceMs).toBeGreaterThan(19);
});

describe('a call that nobody waits for any more', () => {
  test('past its deadline is refused, and costs no work', async () => {
    const { batching, calls } = await setUp();
    const late = batching.predict({ inputs: samples(1, 1), count: 1, deadlineMs: performance.now() - 1 });
    const early = batching.predict({
      inputs: samples(1, 1),
      count: 1,
      deadlineMs: performance.now() + 60_000,
    });
    await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect((await early).probabilities).toHaveLength(network.outputs);
    expect(calls).toEqual([1]);
  });

  test('as its client went away is dropped, between two pieces of it too', async () => {
    const { batching, calls } = await setUp();
    let isThere = true;
    const long = batching.predict({ inputs: samples(200, 1), count: 200, isWanted: () => isThere });
    await turn();
    isThere = false;
    await expect(long).rejects.toMatchObject({ code: 'CLIENT_GONE' });
    expect(calls).toEqual([64]);
    expect(await ask(batching, 1, 2)).toHaveLength(network.outputs);
  });
});

test('a long call and short ones share the batches, and each gets its own', async () => {
  const { batching, predictor } = await setUp();
  const order: string[] = [];
  const long = ask(batching, 300, 1).finally(() => order.push('long'));
  await turn();
  const short = ask(batching, 2, 2).finally(() => order.push('short'));
  expect([...(await short)]).toEqual([...(await predictor.predict(samples(2, 2), 2))]);
  expect([...(await long)]).toEqual([...(await predictor.predict(samples(300, 1), 300))]);
  expect(order).toEqual(['short', 'long']);
});
