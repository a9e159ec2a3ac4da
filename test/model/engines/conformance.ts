/**
 * What every engine must do. Numbers are compared with those of the reference engine in float64, so that the distance
 * is the engine's own rounding.
 */
import { describe, expect, test } from 'vitest';
import type { Engine, TrainingState } from '../../../src/model/engines/engine.js';
import { createReferenceEngine } from '../../../src/model/engines/reference/reference-engine.js';
import { initialState } from '../../../src/model/initialization.js';
import type { StateDict } from '../../../src/model/network.js';
import { expectClose } from './close.js';
import type { Tolerance } from './close.js';
import { randomProblem, separableProblem } from './problem.js';
import type { Problem } from './problem.js';

// Around the widths of vectors and of blocks, and 1. Each list is inputs, hidden units, outputs.
const shapes = [
  [1, 1],
  [3, 1, 7],
  [7, 3],
  [8, 9, 3],
  [9, 64, 7, 8],
  [64, 257, 9],
  [257, 8, 64, 9],
  [7, 257],
];
const cases = shapes.flatMap((widths) => [1, 5, 64].map((batchSize) => ({ widths, batchSize })));

/**
 * `tolerance` is for the reports, the evaluations and the probabilities; and for the training state, where `absolute`
 * is a fraction of a tensor's largest number, since moments may all be tiny.
 */
export function engineConformance(name: string, createEngine: () => Engine, tolerance: Tolerance): void {
  const engine = createEngine();
  const oracle = createReferenceEngine(Float64Array);

  describe(`the ${name} engine`, () => {
    test('has its name and can run here', async () => {
      expect(engine.name).toBe(name);
      expect(await engine.probe()).toEqual({ available: true, device: expect.any(String) as string });
    });

    describe.each(cases)('with widths $widths and batches of $batchSize', ({ widths, batchSize }) => {
      const problem = randomProblem(widths, batchSize);

      test('trains and evaluates as the reference does, over the end of an epoch', async () => {
        const actual = await trainAndEvaluate(engine, problem);
        const expected = await trainAndEvaluate(oracle, problem);
        expect(actual.state.step).toBe(7);
        expectSameTensors(actual.state.parameters, expected.state.parameters, tolerance);
        expectSameTensors(actual.state.optimizer, expected.state.optimizer, tolerance);
        expected.results.forEach((result, call) => {
          expect(Object.keys(actual.results[call])).toEqual(Object.keys(result));
          for (const [field, value] of Object.entries(result)) {
            expectClose(`${field} of call ${call}`, [actual.results[call][field]], [value], tolerance);
          }
        });
      });

      test('goes on from a snapshot to the same bits', async () => {
        const whole = await trained(engine, problem, problem.start, 7);
        const half = await trained(engine, problem, problem.start, 3);
        expect(bits(await trained(engine, problem, half, 4))).toEqual(bits(whole));
        expect(bits(half)).not.toEqual(bits(whole));
      });

      test('predicts as the reference does', async () => {
        const { width, count } = problem.data.test;
        const raw = Float32Array.from(problem.data.test.inputs, (byte) => byte / 2 + 0.25);
        const actual = await predicted(engine, problem, raw, count);
        expectClose('probabilities', actual, await predicted(oracle, problem, raw, count), tolerance);

        const one = await predicted(engine, problem, raw.subarray(0, width), 1);
        expectClose('a single sample', one, actual.subarray(0, one.length), tolerance);
        expect(await predicted(engine, problem, new Float32Array(), 0)).toEqual(new Float32Array());
      });

      test('predicts probabilities that add up to 1 and agree with the evaluation', async () => {
        const { count, inputs, labels } = problem.data.test;
        const probabilities = await predicted(engine, problem, Float32Array.from(inputs), count);
        const classes = problem.program.network.outputs;
        const rows = Array.from(labels, (_, i) => probabilities.subarray(i * classes, (i + 1) * classes));

        const sums = rows.map((row) => row.reduce((sum, probability) => sum + probability, 0));
        expectClose('sums', sums, new Array<number>(count).fill(1), { absolute: 1e-6, relative: 0 });
        const loss = rows.reduce((sum, row, i) => sum - Math.log(row[labels[i]]), 0) / count;
        const correct = rows.filter((row, i) => row.indexOf(Math.max(...row)) === labels[i]).length;
        const trainer = await engine.trainer(problem.program, problem.data, problem.start);
        const evaluation = await trainer.evaluate('test');
        trainer.dispose();
        expectClose('loss', [evaluation.loss], [loss], tolerance);
        expect(evaluation.accuracy).toBeCloseTo(correct / count, 10);
      });
    });

    test('learns', async () => {
      const { program, data, start } = separableProblem();
      const trainer = await engine.trainer(program, data, start);
      const before = await trainer.evaluate('test');
      await trainer.run(300);
      const after = await trainer.evaluate('test');
      trainer.dispose();
      expect(before.accuracy).toBeLessThan(0.6);
      expect(after.accuracy).toBeGreaterThan(0.95);
      expect(after.loss).toBeLessThan(before.loss / 4);
    });

    test('reports the same losses however the steps are divided into calls', async () => {
      const { program, data, start } = randomProblem([7, 9, 3], 5);
      const losses = async (...calls: number[]): Promise<number[]> => {
        const trainer = await engine.trainer(program, data, start);
        const reported: number[] = [];
        for (const steps of calls) reported.push(...(await trainer.run(steps)).lossSums);
        trainer.dispose();
        return reported;
      };
      expect(await losses(1, 4, 2)).toEqual(await losses(7));
    });

    test('leaves the state it starts from and its snapshots alone', async () => {
      const { program, data, start } = randomProblem([7, 9, 3], 5);
      const trainer = await engine.trainer(program, data, start);
      const first = await trainer.snapshot();
      expect(bits(first)).toEqual(bits(start));
      await trainer.run(2);
      expect(bits(first)).toEqual(bits(initialState(program.network, program.seed)));
      expect(bits(start)).toEqual(bits(first));
      trainer.dispose();
    });

    test('is not moved by an evaluation, nor by a run of no steps', async () => {
      const problem = randomProblem([7, 9, 3], 5);
      const trainer = await engine.trainer(problem.program, problem.data, problem.start);
      await trainer.run(2);
      await trainer.evaluate('train');
      await trainer.evaluate('test');
      expect(await trainer.run(0)).toEqual({ samples: 0, lossSums: new Float64Array(), correct: 0 });
      await trainer.run(2);
      const state = await trainer.snapshot();
      trainer.dispose();
      expect(bits(state)).toEqual(bits(await trained(engine, problem, problem.start, 4)));
    });

    test('keeps trainers and predictors apart, and disposes of one alone, even twice', async () => {
      const one = randomProblem([7, 9, 3], 5);
      const other = randomProblem([9, 8], 5);
      const raw = Float32Array.from(one.data.test.inputs);
      const expected = await predicted(engine, one, raw, one.data.test.count);

      const discarded = await engine.trainer(other.program, other.data, other.start);
      const trainer = await engine.trainer(one.program, one.data, one.start);
      const predictor = await engine.predictor(
        one.program.network,
        one.start.parameters,
        one.program.preprocessing,
      );
      await Promise.all([trainer.run(2), discarded.run(2)]);
      discarded.dispose();
      discarded.dispose();
      const [, ...answers] = await Promise.all([
        trainer.run(2),
        predictor.predict(raw, one.data.test.count),
        predictor.predict(raw, one.data.test.count),
      ]);
      expect(answers).toEqual([expected, expected]);
      expect(bits(await trainer.snapshot())).toEqual(bits(await trained(engine, one, one.start, 4)));
      trainer.dispose();
      predictor.dispose();
      predictor.dispose();
    });

    test('reports a loss that is no longer a number, and leaves the decision to its caller', async () => {
      const { program, data, start } = randomProblem([7, 9, 3], 5);
      start.parameters.get('fc1.weight')?.data.fill(NaN);
      const trainer = await engine.trainer(program, data, start);
      expect(await trainer.run(1)).toMatchObject({ samples: 5, lossSums: Float64Array.of(NaN) });
      trainer.dispose();
    });

    test('refuses data and states of another network', async () => {
      const { program, data, start } = randomProblem([7, 9, 3], 5);
      const other = randomProblem([7, 8, 3], 5);
      const wide = randomProblem([8, 9, 3], 5);
      await expect(engine.trainer(program, wide.data, start)).rejects.toMatchObject({
        code: 'DATASET_CORRUPT',
      });
      await expect(engine.trainer(program, data, other.start)).rejects.toMatchObject({
        code: 'CHECKPOINT_CORRUPT',
      });
      await expect(
        engine.predictor(program.network, other.start.parameters, program.preprocessing),
      ).rejects.toMatchObject({ code: 'CHECKPOINT_CORRUPT' });
      await expect(predicted(engine, other, new Float32Array(13), 2)).rejects.toThrow('14 numbers, not 13');
    });
  });
}

async function trainAndEvaluate(engine: Engine, { program, data, start }: Problem) {
  const trainer = await engine.trainer(program, data, start);
  const report = async (steps: number): Promise<Record<string, number>> => {
    const { lossSums, ...counts } = await trainer.run(steps);
    return { ...counts, ...Object.fromEntries([...lossSums].map((sum, i) => [`loss of step ${i}`, sum])) };
  };
  const results: Record<string, number>[] = [
    await report(1),
    await report(6),
    { ...(await trainer.evaluate('train')) },
    { ...(await trainer.evaluate('test')) },
  ];
  const state = await trainer.snapshot();
  trainer.dispose();
  return { results, state };
}

async function trained(
  engine: Engine,
  problem: Problem,
  from: TrainingState,
  steps: number,
): Promise<TrainingState> {
  const trainer = await engine.trainer(problem.program, problem.data, from);
  await trainer.run(steps);
  const state = await trainer.snapshot();
  trainer.dispose();
  return state;
}

async function predicted(
  engine: Engine,
  { program, start }: Problem,
  raw: Float32Array,
  count: number,
): Promise<Float32Array> {
  const predictor = await engine.predictor(program.network, start.parameters, program.preprocessing);
  try {
    return await predictor.predict(raw, count);
  } finally {
    predictor.dispose();
  }
}

function expectSameTensors(actual: StateDict, expected: StateDict, tolerance: Tolerance): void {
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  for (const [name, { shape, data }] of expected) {
    expect(actual.get(name)?.shape).toEqual(shape);
    const largest = data.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    const absolute = tolerance.absolute * largest;
    expectClose(name, actual.get(name)?.data ?? [], data, { ...tolerance, absolute });
  }
}

/** A state as text that is equal only where every bit is. */
function bits({ step, parameters, optimizer }: TrainingState): string[] {
  const tensors = [...parameters, ...optimizer].map(([name, { shape, data }]) => {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    return `${name} (${shape.join()}) ${bytes.toString('base64')}`;
  });
  return [`step ${step}`, ...tensors];
}
