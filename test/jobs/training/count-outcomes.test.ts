import { expect, test } from 'vitest';
import { createOutcomeCounter } from '../../../src/jobs/training/count-outcomes.js';
import type { LoadedData } from '../../../src/jobs/training/load-data.js';
import { recordsOutcomes } from '../../../src/jobs/runs/outcomes.js';
import type { JobRequest } from '../../../src/jobs/runs/job-request.js';
import type { RunEvent } from '../../../src/jobs/runs/run-events.js';
import type { Head } from '../../../src/model/heads/head.js';
import { churn, specOn } from '../small-table.js';
import {
  countWrites,
  curveOf,
  dyingStorage,
  eventsOf,
  sceneOf,
  sceneOn,
  stopWhileAttempt,
  type Scene,
} from './run-scene.js';
import { createFileStorage } from '../../../src/storage/file-storage.js';
import { temporaryFolder } from '../../storage/temporary-storage.js';
import { cp } from 'node:fs/promises';

const outcomesOf = async (scene: Scene): Promise<Extract<RunEvent, { type: 'outcomes' }>[]> =>
  (await eventsOf(scene)).flatMap((event) => (event.type === 'outcomes' ? [event] : []));

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** Two validation rows at least, so that the validation split is the one that is counted. */
function counterOf(head: Head, targets: Uint8Array | Float32Array, count: number) {
  const samples = { count, width: 1, inputs: new Float32Array(count), targets, weights: null };
  const data = { train: samples, validation: samples, test: samples };
  return createOutcomeCounter({ data, description: { head } } as unknown as LoadedData);
}

test('epochs are recorded ever more rarely, so that ten thousand leave some hundreds', () => {
  const recorded = (epochs: number): number =>
    Array.from({ length: epochs }, (_, i) => i + 1).filter(recordsOutcomes).length;
  expect(recorded(100)).toBe(100);
  expect(recorded(200)).toBe(150);
  expect(recorded(400)).toBe(200);
  expect(recorded(10_000)).toBeLessThan(450);
});

test('values are counted by how far predictions are off, in their unit, and outliers in the outermost bins', () => {
  const head: Head = { kind: 'values', names: ['price'], scaling: [{ mean: 100, std: 10 }] };
  const count = 200;
  const counter = counterOf(head, new Float32Array(count), count);
  const rows = Uint32Array.from({ length: count }, (_, row) => row);
  const outputs = Float32Array.from(rows, (row) =>
    row === 0 ? 500 : row === 1 ? -500 : 0.9 * (row % 2 ? 1 : -1),
  );
  counter?.add('test', { rows, outputs: outputs.map((output) => output + 7) });
  // In another order than that of the rows.
  counter?.add('validation', { rows: rows.subarray(100), outputs: outputs.subarray(100) });
  counter?.add('validation', { rows: rows.subarray(0, 100), outputs: outputs.subarray(0, 100) });
  const { values = [], ...rest } = counter?.take() ?? {};
  expect(rest).toEqual({ split: 'validation', rows: count });
  const [price] = values;
  expect(price.name).toBe('price');
  expect(price.edges.at(0)).toBe(-10);
  expect(price.edges.at(-1)).toBe(10);
  expect(price.counts).toHaveLength(21);
  expect([price.counts.at(0), price.counts.at(1), price.counts.at(-2), price.counts.at(-1)]).toEqual([
    1, 99, 99, 1,
  ]);
  expect(price.pairs).toHaveLength(100);
  expect(price.pairs.slice(0, 2)).toEqual([
    [100, 5100],
    [100, 91],
  ]);
});

test('more classes than fit a picture are not counted', () => {
  const labels = Array.from({ length: 33 }, (_, i) => String(i));
  expect(counterOf({ kind: 'classes', labels, probabilities: 'softmax' }, new Uint8Array(2), 2)).toBeNull();
});

test.each<[string, JobRequest]>([
  ['validation', { split: { validation: 0.2 } }],
  ['test', {}],
])('each epoch of a run says which classes of the %s rows are taken for which', async (split, request) => {
  const scene = await sceneOf(request);
  await scene.train();
  const recorded = await outcomesOf(scene);
  const curve = await curveOf(scene);
  expect(recorded.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
  recorded.forEach(({ outcomes }, i) => {
    const { confusion = [], rows = NaN, labels } = outcomes ?? {};
    expect(outcomes?.split).toBe(split);
    expect(labels).toHaveLength(10);
    expect(sum(confusion.flat())).toBe(rows);
    const right = sum(confusion.map((row, c) => row[c] ?? NaN));
    const { validation_accuracy, test_accuracy } = curve[i] ?? {};
    expect(right / rows).toBeCloseTo(validation_accuracy ?? test_accuracy ?? NaN, 12);
  });
});

const customers = churn();
const ensemble: JobRequest = {
  target: 'spent',
  ensemble: 2,
  network: { hidden: [{ units: 4 }] },
  batch_size: 64,
  epochs: 3,
  patience: 1,
  optimizer: { learning_rate: 0.3 },
  engine: 'reference',
};

test('outcomes are the same, each once, whenever a run is killed or stopped', async () => {
  const spec = await specOn(customers, ensemble);
  const undisturbed = await sceneOn(spec, customers.datasets);
  const untouched = await temporaryFolder();
  const original = await sceneOn(spec, customers.datasets, await createFileStorage(untouched));
  await undisturbed.train();
  const bare = (events: Awaited<ReturnType<typeof outcomesOf>>) =>
    events.map(({ member, epoch, outcomes }) => ({ member, epoch, outcomes }));
  const wanted = bare(await outcomesOf(undisturbed));
  const curve = await curveOf(undisturbed);
  expect(wanted.map(({ member, epoch }) => [member, epoch])).toEqual(
    curve.map(({ member, epoch }) => [member, epoch]),
  );
  expect(wanted[0]?.outcomes?.values?.[0]?.name).toBe('spent');

  const copy = async (): Promise<Scene> => {
    const folder = await temporaryFolder();
    await cp(untouched, folder, { recursive: true });
    return original.in(await createFileStorage(folder));
  };
  const { writes, appends } = await countWrites(await copy());
  for (const write of [...appends].filter((at, i) => at < writes && i % 3 === 1)) {
    const scene = await copy();
    await scene.train({ on: dyingStorage(scene.storage, write, true) }).catch(() => undefined);
    await scene.train();
    expect(bare(await outcomesOf(scene))).toEqual(wanted);
  }
  const stopped = await copy();
  for (let attempt = 0; (await stopped.store.readResult(stopped.runId)) === null; attempt++) {
    await stopped.train({ signal: stopWhileAttempt(attempt, 3) });
  }
  expect(bare(await outcomesOf(stopped))).toEqual(wanted);
});
