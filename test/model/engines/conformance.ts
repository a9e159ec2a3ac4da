/**
 * What every engine must do. Numbers are compared with those of the reference engine in float64, so that the distance
 * is the engine's own rounding.
 */
import { describe, expect, test } from 'vitest';
import type { BatchReport, Engine, TrainingResources } from '../../../src/model/engines/engine.js';
import { createReferenceEngine } from '../../../src/model/engines/reference/reference-engine.js';
import { initialState } from '../../../src/model/network/initialization.js';
import { losses } from '../../../src/model/network/losses.js';
import { activations } from '../../../src/model/network/network.js';
import { expectClose } from './close.js';
import type { Tolerance } from './close.js';
import { bits, courseOf, evaluated, expectSameCourse, predicted, trained } from './course.js';
import { optimizers, randomProblem, separableProblem } from './problem.js';
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
const batchSizes = [1, 5, 64];

const ofEveryShape = shapes.flatMap((widths) =>
  batchSizes.map((batchSize): [string, Problem] => [
    `widths ${widths.join('-')}, batches of ${batchSize}`,
    randomProblem(widths, batchSize),
  ]),
);

const ofEveryWord = activations.flatMap((activation) =>
  losses.flatMap((loss) =>
    Object.entries(optimizers).map(([name, optimizer]): [string, Problem] => [
      `${activation}, ${loss}, ${name}`,
      randomProblem([7, 9, 3], 5, { activations: [activation], loss, optimizer }),
    ]),
  ),
);

const withoutPenalty = Object.entries(optimizers).map(([name, optimizer]): [string, Problem] => [
  `${name} without weight decay`,
  randomProblem([9, 8, 7], 5, { optimizer: { ...optimizer, weight_decay: 0 } }),
]);

const withDropout = [0.1, 0.5].flatMap((dropout) => [
  ...activations.map((activation): [string, Problem] => [
    `dropout ${dropout} after ${activation}`,
    randomProblem([9, 7, 64, 3], 5, { activations: [activation], dropout }),
  ]),
  ...batchSizes.map((batchSize): [string, Problem] => [
    `dropout ${dropout} of 257 units and of 1, batches of ${batchSize}`,
    randomProblem([8, 257, 1, 8], batchSize, { dropout, optimizer: optimizers.sgd }),
  ]),
]);

const ofManyLayers = losses.flatMap((loss) =>
  batchSizes.map((batchSize): [string, Problem] => [
    `every activation in turn, ${loss}, batches of ${batchSize}`,
    randomProblem([9, 8, 7, 9, 3, 8, 64, 7, 3], batchSize, {
      activations: [...activations],
      dropout: 0.1,
      loss,
      optimizer: optimizers['sgd with momentum'],
    }),
  ]),
);

// An engine may leave out what most inputs have in common.
const onBackground = [0, 200].flatMap((background) =>
  [
    [7, 3],
    [3, 1, 7],
    [8, 257, 3],
    [64, 9, 3],
    [257, 40, 9],
    [600, 8, 64, 9],
  ].flatMap((widths) =>
    batchSizes.map((batchSize): [string, Problem] => [
      `inputs mostly ${background}, widths ${widths.join('-')}, batches of ${batchSize}`,
      randomProblem(widths, batchSize, { background }),
    ]),
  ),
);

const cases = [
  ...ofEveryShape,
  ...ofEveryWord,
  ...withoutPenalty,
  ...withDropout,
  ...ofManyLayers,
  ...onBackground,
];

/**
 * `tolerance` is for losses and probabilities; and for the training state, where `absolute` is a fraction of a tensor's
 * largest number.
 */
export function engineConformance(
  name: string,
  createEngine: () => Engine,
  tolerance: Tolerance,
  resources: TrainingResources = { threads: 2, memoryLimitBytes: 2 ** 30 },
): void {
  const engine = createEngine();
  const oracle = createReferenceEngine(Float64Array);
  const trainerOf = ({ program, data, start }: Problem) => engine.trainer(program, data, start, resources);

  describe(`the ${name} engine`, () => {
    test('has its name, can run here, and says on what', async () => {
      expect(engine.name).toBe(name);
      expect(await engine.probe()).toMatchObject({ available: true, device: expect.any(String) as string });
      const trainer = await trainerOf(randomProblem([7, 9, 3], 5));
      expect(trainer.device).toEqual(expect.any(String));
      await trainer.dispose();
    });

    describe.each(cases)('with %s', (_, problem) => {
      test('trains as the reference does, over the end of an epoch, and goes on from a snapshot to the same bits', async () => {
        const actual = await courseOf(engine, problem, resources);
        expectSameCourse(actual, await courseOf(oracle, problem, resources), tolerance);
        expect(bits(await trained(engine, problem, actual.half, 4, resources))).toEqual(bits(actual.end));
        expect(bits(actual.half)).not.toEqual(bits(actual.end));
      });

      test('predicts as the reference does, alone and among others', async () => {
        const { width, count } = problem.data.test;
        const raw = Float32Array.from(problem.data.test.inputs, (byte) => (byte === 0 ? 0 : byte / 2 + 0.25));
        const actual = await predicted(engine, problem, raw, count);
        expectClose('probabilities', actual, await predicted(oracle, problem, raw, count), tolerance);

        const one = await predicted(engine, problem, raw.subarray(0, width), 1);
        expectClose('a single sample', one, actual.subarray(0, one.length), tolerance);
      });
    });

    test.each(losses)(
      'predicts probabilities that add up to 1 and agree with the evaluation by %s',
      async (loss) => {
        const problem = randomProblem([9, 64, 7, 8], 5, { loss, dropout: 0.5 });
        const { count, inputs, labels } = problem.data.test;
        const probabilities = await predicted(engine, problem, Float32Array.from(inputs), count);
        const rows = Array.from(labels, (_, i) => probabilities.subarray(8 * i, 8 * (i + 1)));
        const sums = rows.map((row) => row.reduce((sum, probability) => sum + probability, 0));
        expectClose('sums', sums, new Array<number>(count).fill(1), { absolute: 1e-6, relative: 0 });

        const trainer = await trainerOf(problem);
        const { samples, lossSums, correct } = await evaluated(trainer, problem, 'test');
        await trainer.dispose();
        expect(samples).toBe(count);
        expect(correct).toBe(rows.filter((row, i) => row.indexOf(Math.max(...row)) === labels[i]).length);
        if (loss === 'cross_entropy') {
          const expected = rows.reduce((sum, row, i) => sum - Math.log(row[labels[i]]), 0);
          expectClose('loss', [lossSums[0] + lossSums[1]], [expected], tolerance);
        }
      },
    );

    test('answers no sample with no probabilities', async () => {
      const problem = randomProblem([7, 9, 3], 5);
      expect(await predicted(engine, problem, new Float32Array(), 0)).toEqual(new Float32Array());
    });

    test('learns', async () => {
      const problem = separableProblem();
      const trainer = await trainerOf(problem);
      const before = await evaluated(trainer, problem, 'test');
      await trainer.run(300);
      const after = await evaluated(trainer, problem, 'test');
      await trainer.dispose();
      expect(before.correct / before.samples).toBeLessThan(0.6);
      expect(after.correct / after.samples).toBeGreaterThan(0.95);
      expect(sumOf(after.lossSums)).toBeLessThan(sumOf(before.lossSums) / 4);
    });

    test('reports the same losses however the steps are divided into calls', async () => {
      const problem = randomProblem([7, 9, 3], 5, { dropout: 0.5 });
      const lossesOf = async (...calls: number[]): Promise<number[]> => {
        const trainer = await trainerOf(problem);
        const reports: BatchReport[] = [];
        for (const steps of calls) reports.push(await trainer.run(steps));
        await trainer.dispose();
        return reports.flatMap(({ lossSums }) => [...lossSums]);
      };
      expect(await lossesOf(1, 4, 2)).toEqual(await lossesOf(7));
    });

    test.each([1, 5, 64, 67])(
      'evaluates batches of 64 in their order, whatever it trains on: %i',
      async (batchSize) => {
        const problem = randomProblem([7, 9, 3], batchSize);
        problem.data.train = problem.data.test;
        const trainer = await trainerOf(problem);
        const whole = await evaluated(trainer, problem, 'test');
        const [first, last] = [await trainer.evaluate('test', 0, 1), await trainer.evaluate('test', 1, 1)];
        expect([first.samples, last.samples]).toEqual([64, 6]);
        expect([...first.lossSums, ...last.lossSums]).toEqual([...whole.lossSums]);
        expect(first.correct + last.correct).toBe(whole.correct);
        expect(await evaluated(trainer, problem, 'train')).toEqual(whole);
        await trainer.dispose();
      },
    );

    test('leaves the state it starts from and its snapshots alone', async () => {
      const problem = randomProblem([7, 9, 3], 5);
      const { program, start } = problem;
      const trainer = await trainerOf(problem);
      const first = await trainer.snapshot();
      expect(bits(first)).toEqual(bits(start));
      await trainer.run(2);
      expect(bits(first)).toEqual(bits(initialState(program.network, program.optimizer, program.seed)));
      expect(bits(start)).toEqual(bits(first));
      await trainer.dispose();
    });

    test('is not moved by an evaluation, nor by a run of no steps', async () => {
      const problem = randomProblem([7, 9, 3], 5, { dropout: 0.5 });
      const nothing = { samples: 0, lossSums: new Float64Array(), correct: 0 };
      const trainer = await trainerOf(problem);
      await trainer.run(2);
      await evaluated(trainer, problem, 'train');
      await evaluated(trainer, problem, 'test');
      expect(await trainer.evaluate('test', 1, 0)).toEqual(nothing);
      expect(await trainer.run(0)).toEqual(nothing);
      await trainer.run(2);
      const state = await trainer.snapshot();
      await trainer.dispose();
      expect(bits(state)).toEqual(bits(await trained(engine, problem, problem.start, 4, resources)));
    });

    test('keeps trainers and predictors apart, and disposes of one alone, even twice', async () => {
      const one = randomProblem([7, 9, 3], 5);
      const other = randomProblem([9, 8], 5);
      const raw = Float32Array.from(one.data.test.inputs);
      const expected = await predicted(engine, one, raw, one.data.test.count);

      const discarded = await trainerOf(other);
      const trainer = await trainerOf(one);
      const predictor = await engine.predictor(one.program, one.start.parameters);
      await Promise.all([trainer.run(2), discarded.run(2)]);
      await discarded.dispose();
      await discarded.dispose();
      const [, ...answers] = await Promise.all([
        trainer.run(2),
        predictor.predict(raw, one.data.test.count),
        predictor.predict(raw, one.data.test.count),
      ]);
      expect(answers).toEqual([expected, expected]);
      const state = await trainer.snapshot();
      expect(bits(state)).toEqual(bits(await trained(engine, one, one.start, 4, resources)));
      await trainer.dispose();
      predictor.dispose();
      predictor.dispose();
    });

    test('disposes of a trainer in the middle of a call', async () => {
      const trainer = await trainerOf(randomProblem([64, 257, 9], 64));
      // Rejected, or settled never or before.
      trainer.run(100).catch(() => undefined);
      await trainer.dispose();
    });

    test.each(losses)(
      'reports a %s that is no longer a number, and leaves the decision to its caller',
      async (loss) => {
        const problem = randomProblem([7, 9, 3], 5, { loss });
        problem.start.parameters.get('fc1.weight')?.data.fill(NaN);
        const trainer = await trainerOf(problem);
        expect(await trainer.run(1)).toMatchObject({ samples: 5, lossSums: Float64Array.of(NaN) });
        await trainer.dispose();
      },
    );

    test.each(activations)('lets a NaN through %s to every parameter before it', async (activation) => {
      const problem = randomProblem([7, 9, 3], 5, { activations: [activation], optimizer: optimizers.sgd });
      problem.start.parameters.get('fc1.bias')?.data.fill(NaN);
      const { parameters } = await trained(engine, problem, problem.start, 1, resources);
      for (const { data } of parameters.values()) expect(data.every(Number.isNaN)).toBe(true);
    });

    test('refuses data and states of another network, and states of another optimiser', async () => {
      const { program, data, start } = randomProblem([7, 9, 3], 5);
      const other = randomProblem([7, 8, 3], 5);
      const wide = randomProblem([8, 9, 3], 5);
      const { start: bySgd } = randomProblem([7, 9, 3], 5, { optimizer: optimizers.sgd });
      const corrupt = { code: 'CHECKPOINT_CORRUPT' };
      await expect(engine.trainer(program, wide.data, start, resources)).rejects.toMatchObject({
        code: 'DATASET_CORRUPT',
      });
      await expect(engine.trainer(program, data, other.start, resources)).rejects.toMatchObject(corrupt);
      await expect(engine.trainer(program, data, bySgd, resources)).rejects.toMatchObject(corrupt);
      await expect(engine.predictor(program, other.start.parameters)).rejects.toMatchObject(corrupt);
      await expect(predicted(engine, other, new Float32Array(13), 2)).rejects.toThrow('14 numbers, not 13');
    });
  });
}

function sumOf(numbers: Float64Array): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
