import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Predictor } from '../../../src/model/engines/engine.js';
import { createReferenceEngine } from '../../../src/model/engines/reference/reference-engine.js';
import {
  batchPredictions,
  type PredictionAnswer,
  type PredictionCall,
} from '../../../src/model/serving/prediction-batch.js';
import { parametersOf, smallDescription } from '../small-model.js';

const { network } = smallDescription;

type Predict = (call: PredictionCall) => Promise<PredictionAnswer>;

interface Fixture {
  predict: Predict;
  /** The real one. */
  predictor: Predictor;
  /** The samples of each call of the real one. */
  calls: number[];
}

/** One batch in each turn of the event loop, unless the test says how long batches may follow each other. */
async function setUp(turnMs = 0): Promise<Fixture> {
  const parameters = parametersOf(network, 1);
  const predictor = await createReferenceEngine().predictor(smallDescription, parameters);
  const calls: number[] = [];
  const predict = batchPredictions(
    (inputs, count) => {
      calls.push(count);
      return predictor.predict(inputs, count);
    },
    () => undefined,
    turnMs,
  );
  return { predict, predictor, calls };
}

/** (count, inputs), other numbers for every seed. */
function samples(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count * network.inputs }, (_, i) => (31 * i + 7 * seed) % 256);
}

async function resultsOf(predict: Predict, count: number, seed: number): Promise<Float32Array> {
  return (await predict({ inputs: samples(count, seed), count })).results;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('calls in one turn are one call of the predictor, and each gets the results of its own samples', async () => {
  const { predict, predictor, calls } = await setUp();
  const counts = [1, 3, 1, 2, 1];
  const answers = await Promise.all(counts.map((count, seed) => resultsOf(predict, count, seed)));
  expect(calls).toEqual([8]);
  for (const [seed, count] of counts.entries()) {
    expect([...answers[seed]]).toEqual([...(await predictor.predict(samples(count, seed), count))]);
  }
});

test('calls in different turns do not wait for each other', async () => {
  const { predict, calls } = await setUp();
  const first = resultsOf(predict, 1, 1);
  await turn();
  expect(calls).toEqual([1]);
  const second = resultsOf(predict, 2, 2);
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
    const { predict, predictor, calls } = await setUp();
    const answers = await Promise.all(asked.map((count, seed) => resultsOf(predict, count, seed)));
    expect(calls).toEqual(expected);
    const last = asked.length - 1;
    const alone = await predictor.predict(samples(asked[last], last), asked[last]);
    expect([...answers[last]]).toEqual([...alone]);
  });

  test('and others come between one batch and the next', async () => {
    const { predict, calls } = await setUp();
    const answers = ones(130).map((count, seed) => resultsOf(predict, count, seed));
    await turn();
    expect(calls).toEqual([64]);
    await Promise.all(answers);
    expect(calls).toEqual([64, 64, 2]);
  });
});

test('all calls that wait are answered in one turn when there is time, and a long one goes on in the next', async () => {
  const { predict, calls } = await setUp(Infinity);
  const answers = [200, ...Array.from({ length: 100 }, () => 1)].map((count, seed) =>
    resultsOf(predict, count, seed),
  );
  await turn();
  await turn();
  expect(calls).toEqual([64, 64, 36, 64]);
  await Promise.all(answers);
  expect(calls).toEqual([64, 64, 36, 64, 64, 8]);
});

test('a call in the background waits for all others, and fills up their batches', async () => {
  const { predict, calls } = await setUp();
  const order: string[] = [];
  const ask = async (name: string, count: number, isBackground: boolean): Promise<void> => {
    await predict({ inputs: samples(count, 1), count, isBackground });
    order.push(name);
  };
  await Promise.all([
    ask('background', 40, true),
    ask('background, later', 1, true),
    ask('one', 60, false),
    ask('another', 30, false),
  ]);
  expect(order).toEqual(['one', 'another', 'background, later', 'background']);
  expect(calls).toEqual([64, 64, 3]);
});

test('a failure of the predictor fails the calls in its batch, and no others', async () => {
  const { predictor } = await setUp();
  let failing = true;
  const predict = batchPredictions((inputs, count) =>
    failing ? Promise.reject(new Error('out of memory')) : predictor.predict(inputs, count),
  );
  const batch = [resultsOf(predict, 1, 1), resultsOf(predict, 1, 2)];
  expect(await Promise.allSettled(batch)).toMatchObject([
    { status: 'rejected', reason: { message: 'out of memory' } },
    { status: 'rejected', reason: { message: 'out of memory' } },
  ]);
  failing = false;
  expect(await resultsOf(predict, 1, 1)).toHaveLength(network.outputs);
});

test('the time in the queue and the time of the work are measured', async () => {
  const { predictor } = await setUp();
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const predict = batchPredictions(async (inputs, count) => {
    await gate;
    return predictor.predict(inputs, count);
  });
  const first = predict({ inputs: samples(1, 1), count: 1 });
  await turn();
  const second = predict({ inputs: samples(1, 2), count: 1 });
  await sleep(10);
  open();
  expect((await first).inferenceMs).toBeGreaterThan(8);
  expect((await second).queueMs).toBeGreaterThan(8);
  expect((await second).inferenceMs).toBeGreaterThan(0);
});

describe('a call whose client no longer waits', () => {
  test('past its deadline is refused, and costs no work', async () => {
    const { predict, calls } = await setUp();
    const late = predict({ inputs: samples(1, 1), count: 1, deadlineMs: performance.now() - 1 });
    const early = predict({
      inputs: samples(1, 1),
      count: 1,
      deadlineMs: performance.now() + 60_000,
    });
    await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect((await early).results).toHaveLength(network.outputs);
    expect(calls).toEqual([1]);
  });

  test('is dropped, even between two of its pieces', async () => {
    const { predict, calls } = await setUp();
    let isThere = true;
    const long = predict({ inputs: samples(200, 1), count: 200, isWanted: () => isThere });
    await turn();
    isThere = false;
    await expect(long).rejects.toMatchObject({ code: 'CLIENT_GONE' });
    expect(calls).toEqual([64]);
    expect(await resultsOf(predict, 1, 2)).toHaveLength(network.outputs);
  });
});

test('a long call and short ones share the batches, and each gets its own', async () => {
  const { predict, predictor } = await setUp();
  const order: string[] = [];
  const long = resultsOf(predict, 300, 1).finally(() => order.push('long'));
  await turn();
  const short = resultsOf(predict, 2, 2).finally(() => order.push('short'));
  expect([...(await short)]).toEqual([...(await predictor.predict(samples(2, 2), 2))]);
  expect([...(await long)]).toEqual([...(await predictor.predict(samples(300, 1), 300))]);
  expect(order).toEqual(['short', 'long']);
});
