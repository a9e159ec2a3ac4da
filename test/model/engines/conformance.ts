/**
 * What every engine must do. Numbers are compared with those of the reference engine in float64, so that the distance
 * is the engine's own rounding.
 */
import { describe, expect, test } from 'vitest';
import type { BatchReport, Engine, TrainingResources } from '../../../src/model/engines/engine.js';
import { createReferenceEngine } from '../../../src/model/engines/reference/reference-engine.js';
import { initialState, type TrainingState } from '../../../src/model/network/initialization.js';
import { applyHead, classHead } from '../../../src/model/heads/head.js';
import { countCorrect } from '../../../src/model/metrics/classification.js';
import { errorsOfOutput } from '../../../src/model/metrics/errors-of-values.js';
import { classLosses, losses, valueLosses } from '../../../src/model/network/losses.js';
import { activations } from '../../../src/model/network/network.js';
import type { OptimizerSpec } from '../../../src/model/network/optimizers.js';
import type { Schedule } from '../../../src/model/network/schedules.js';
import { expectClose } from './close.js';
import type { Tolerance } from './close.js';
import { bits, courseOf, evaluated, expectSameCourse, predicted, trained } from './course.js';
import { optimizers, otherInputs, randomProblem, separableProblem, smoothProblem } from './problem.js';
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

// Every pair of an activation, a loss and an optimiser: each optimiser with one activation in three has every loss.
const ofEveryKind = activations.flatMap((activation, a) =>
  losses.flatMap((loss, l) =>
    Object.entries(optimizers)
      .filter((_, o) => (a + l + o) % 3 === 0)
      .map(([name, optimizer]): [string, Problem] => [
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

const ofClasses = classLosses.flatMap((loss) =>
  (
    [
      [2, Uint8Array],
      [300, Uint16Array],
      [1_000, Uint32Array],
    ] as const
  ).map(([classes, classIndices]): [string, Problem] => [
    `${classes} classes in a ${classIndices.name}, ${loss}`,
    randomProblem([9, 8, classes], 5, { loss, classIndices }),
  ]),
);

const ofValues = valueLosses.flatMap((loss) =>
  [
    [7, 1],
    [9, 8, 3],
    [65, 64, 40, 17],
  ].flatMap((widths) =>
    batchSizes.map((batchSize): [string, Problem] => [
      `float32 inputs and values by ${loss}, widths ${widths.join('-')}, batches of ${batchSize}`,
      randomProblem(widths, batchSize, { inputs: 'float32', loss, activations: ['tanh', 'relu'] }),
    ]),
  ),
);

const ofFloats = [undefined, 7].flatMap((background) =>
  [
    [7, 3],
    [8, 9, 3],
    [257, 40, 9],
    [600, 8, 64, 9],
  ].flatMap((widths) =>
    batchSizes.map((batchSize): [string, Problem] => [
      `float32 inputs${background === undefined ? '' : ', mostly 0'}, widths ${widths.join('-')}, batches of ${batchSize}`,
      randomProblem(widths, batchSize, {
        inputs: 'float32',
        ...(background !== undefined && { background }),
      }),
    ]),
  ),
);

const withWeights = losses.flatMap((loss) =>
  // In batches of 1 a weight of 0 is a batch of weights that are all 0.
  batchSizes.flatMap((batchSize) =>
    (['bytes', 'float32'] as const).map((inputs): [string, Problem] => [
      `weights, ${inputs}, ${loss}, batches of ${batchSize}`,
      randomProblem([9, 8, 3], batchSize, { inputs, loss, weighted: true, dropout: 0.1 }),
    ]),
  ),
);

const schedules: [Schedule, OptimizerSpec][] = [
  [{ type: 'constant', warmup: 0.5 }, optimizers.sgd],
  [{ type: 'cosine', warmup: 0.3 }, optimizers.adamw],
  [{ type: 'one_cycle', warmup: 0.3 }, optimizers['sgd with momentum']],
  [{ type: 'flat_cosine', warmup: 0.1, flat: 0.5 }, optimizers.adam],
  [{ type: 'step', warmup: 0, every: 0.3, factor: 0.5 }, optimizers.rmsprop],
];

const onSchedule = schedules.map(([schedule, optimizer]): [string, Problem] => [
  `the schedule ${schedule.type} of ${optimizer.type}`,
  randomProblem([7, 9, 3], 5, { optimizer: { ...optimizer, schedule } }),
]);

// The gradients of these problems have norms from about 0.2 to 4: all are clipped, or none.
const clipped = [0.1, 1_000].flatMap((clip_norm): [string, Problem][] => [
  [
    `gradients clipped to ${clip_norm} of one layer`,
    randomProblem([7, 3], 5, { optimizer: { ...optimizers.adam, clip_norm } }),
  ],
  [
    `gradients clipped to ${clip_norm} on a background`,
    randomProblem([8, 257, 9], 5, { optimizer: { ...optimizers.adamw, clip_norm }, background: 200 }),
  ],
  [
    `gradients clipped to ${clip_norm} with dropout`,
    randomProblem([9, 64, 7, 8], 5, {
      optimizer: { ...optimizers['sgd with momentum'], clip_norm },
      dropout: 0.3,
    }),
  ],
  [
    `gradients clipped to ${clip_norm} of values`,
    randomProblem([65, 64, 40, 17], 5, {
      optimizer: { ...optimizers.rmsprop, clip_norm },
      inputs: 'float32',
      loss: 'huber',
    }),
  ],
]);

const averaged = Object.entries(optimizers).map(([name, optimizer], i): [string, Problem] => {
  const [widths, traits] = (
    [
      [[9, 64, 7, 8], { dropout: 0.3 }],
      [[257, 40, 9], { background: 0 }],
      [[7, 3], { inputs: 'float32', loss: 'mse' }],
    ] as const
  )[i % 3];
  return [
    `averages, ${name}`,
    randomProblem([...widths], 5, { ...traits, optimizer: { ...optimizer, ema: 0.9 } }),
  ];
});

const smoothed = [0.1, 0.5].flatMap((labelSmoothing) =>
  [3, 8, 300].map((classes): [string, Problem] => [
    `labels smoothed by ${labelSmoothing}, ${classes} classes`,
    randomProblem([9, 8, classes], 5, { labelSmoothing, weighted: labelSmoothing === 0.5 }),
  ]),
);

const allAtOnce: [string, Problem] = [
  'a schedule, clipping, averages, smoothing, weights and dropout at once',
  randomProblem([65, 40, 9, 10], 64, {
    activations: ['silu', 'relu'],
    labelSmoothing: 0.1,
    weighted: true,
    dropout: 0.2,
    optimizer: { ...optimizers.adamw, schedule: schedules[3][0], clip_norm: 0.2, ema: 0.95 },
  }),
];

const withoutValidation: [string, Problem] = [
  'no validation samples',
  randomProblem([9, 8, 3], 5, { validationCount: 0, weighted: true }),
];

const families = [
  ofEveryShape,
  ofEveryKind,
  withoutPenalty,
  withDropout,
  ofManyLayers,
  onBackground,
  ofClasses,
  ofValues,
  ofFloats,
  withWeights,
  onSchedule,
  clipped,
  averaged,
  smoothed,
  [allAtOnce],
  [withoutValidation],
];

/**
 * `tolerance` is for losses and single outputs; for a tensor, `absolute` is a fraction of its largest number. `every`: of each
 * family of cases, only the first of so many is tried, for an engine that takes long to begin.
 */
export function engineConformance(
  name: string,
  createEngine: () => Engine,
  tolerance: Tolerance,
  resources: TrainingResources = { threads: 2, memoryLimitBytes: 2 ** 30 },
  every = 1,
): void {
  const some = <Item>(all: readonly Item[]): Item[] => all.filter((_, i) => i % every === 0);
  const cases = families.flatMap(some);
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
        expectSameCourse(actual, await courseOf(oracle, problem, resources), problem, tolerance);
        expect(bits(await trained(engine, problem, actual.half, 4, resources))).toEqual(bits(actual.end));
        expect(bits(actual.half)).not.toEqual(bits(actual.end));
      });

      test('predicts as the reference does, alone and among others', async () => {
        const { width, count } = problem.data.test;
        const raw = Float32Array.from(problem.data.test.inputs, (input) =>
          input === 0 ? 0 : input / 2 + 0.25,
        );
        const actual = await predicted(engine, problem, raw, count);
        expectClose('outputs', actual, await predicted(oracle, problem, raw, count), tolerance);

        const one = await predicted(engine, problem, raw.subarray(0, width), 1);
        expectClose('a single sample', one, actual.subarray(0, one.length), tolerance);
      });
    });

    test.each(some(classLosses))(
      'predicts the classes and the loss that it evaluates by %s',
      async (loss) => {
        const problem = randomProblem([9, 64, 7, 8], 5, { loss, dropout: 0.5 });
        const { count, inputs, targets } = problem.data.test;
        const head = classHead(loss, new Array<string>(8).fill(''));
        const probabilities = applyHead(
          head,
          await predicted(engine, problem, Float32Array.from(inputs), count),
        );
        const rows = Array.from(targets, (_, i) => probabilities.subarray(8 * i, 8 * (i + 1)));
        const sums = rows.map((row) => row.reduce((sum, probability) => sum + probability, 0));
        expectClose('sums', sums, new Array<number>(count).fill(1), { absolute: 1e-6, relative: 0 });

        const trainer = await trainerOf(problem);
        const report = await evaluated(trainer, problem, 'test');
        await trainer.dispose();
        expect(report.rows).toHaveLength(count);
        expect(countCorrect(report, targets)).toBe(
          rows.filter((row, i) => row.indexOf(Math.max(...row)) === targets[i]).length,
        );
        if (loss === 'cross_entropy') {
          const expected = rows.reduce((sum, row, i) => sum - Math.log(row[targets[i]]), 0);
          expectClose('loss', [sumOf(report.lossSums)], [expected], tolerance);
        }
      },
    );

    test.each(some(losses))('reports the outputs that it predicts, row by row, by %s', async (loss) => {
      const problem = randomProblem([9, 64, 7, 8], 5, { loss, inputs: 'float32' });
      const { count, inputs } = problem.data.test;
      const trainer = await trainerOf(problem);
      const report = await evaluated(trainer, problem, 'test');
      await trainer.dispose();
      expect([...report.rows]).toEqual(Array.from({ length: count }, (_, row) => row));
      const outputs = await predicted(engine, problem, Float32Array.from(inputs), count);
      expectClose('outputs', report.outputs, outputs, tolerance);
    });

    test('answers no sample with no outputs', async () => {
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
      const accuracyOf = (report: BatchReport): number =>
        countCorrect(report, problem.data.test.targets) / report.rows.length;
      expect(accuracyOf(before)).toBeLessThan(0.6);
      expect(accuracyOf(after)).toBeGreaterThan(0.95);
      expect(sumOf(after.lossSums)).toBeLessThan(sumOf(before.lossSums) / 4);
    });

    test.each(some(valueLosses))('learns values by %s', async (loss) => {
      const smooth = smoothProblem();
      const problem = { ...smooth, program: { ...smooth.program, loss } };
      const { targets } = problem.data.test;
      if (!(targets instanceof Float32Array)) throw new Error('a problem of values is needed');
      const trainer = await trainerOf(problem);
      await trainer.run(800);
      const { rows, outputs } = await evaluated(trainer, problem, 'test');
      await trainer.dispose();
      const width = outputs.length / rows.length;
      const actual = Float32Array.from(outputs, (_, cell) => {
        return targets[rows[Math.floor(cell / width)] * width + (cell % width)];
      });
      for (let output = 0; output < width; output++) {
        expect(errorsOfOutput(outputs, actual, width, output).r2).toBeGreaterThan(0.9);
      }
    });

    test.each(some(losses))('learns nothing from a batch whose weights are all 0, by %s', async (loss) => {
      const { learning_rate } = optimizers.sgd;
      const optimizer = { ...optimizers.sgd, learning_rate, weight_decay: 0 };
      const problem = randomProblem([7, 9, 3], 5, { loss, optimizer, weighted: true });
      problem.data.train.weights?.fill(0);
      const trainer = await trainerOf(problem);
      const { lossSums, weightSums } = await trainer.run(3);
      const { parameters } = await trainer.snapshot();
      await trainer.dispose();
      expect([...lossSums, ...weightSums]).toEqual([0, 0, 0, 0, 0, 0]);
      expect(parameters).toEqual(problem.start.parameters);
    });

    test('learns from weights that are all 1 as from none, to the same bits', async () => {
      const problem = randomProblem([7, 9, 3], 5);
      const { train } = problem.data;
      const weighted = {
        ...problem,
        data: { ...problem.data, train: { ...train, weights: new Float32Array(train.count).fill(1) } },
      };
      const after = async (from: Problem) => bits(await trained(engine, from, from.start, 4, resources));
      expect(await after(weighted)).toEqual(await after(problem));
    });

    test('learns from gradients that are below the norm to clip to as without clipping, to the same bits', async () => {
      const after = async (optimizer: OptimizerSpec) => {
        const problem = randomProblem([64, 257, 9], 5, { optimizer });
        return bits(await trained(engine, problem, problem.start, 4, resources));
      };
      const { adamw } = optimizers;
      expect(await after({ ...adamw, clip_norm: 1e6 })).toEqual(await after(adamw));
      expect(await after({ ...adamw, clip_norm: 0.01 })).not.toEqual(await after(adamw));
    });

    test('clips no NaN away', async () => {
      const optimizer = { ...optimizers.sgd, clip_norm: 1 };
      const problem = randomProblem([7, 9, 3], 5, { optimizer });
      problem.start.parameters.get('fc2.bias')?.data.fill(NaN);
      const { parameters } = await trained(engine, problem, problem.start, 1, resources);
      for (const { data } of parameters.values()) expect(data.every(Number.isNaN)).toBe(true);
    });

    test('averages as a plain computation from the parameters of every step does', async () => {
      const optimizer = { ...optimizers.adam, ema: 0.5 };
      const problem = randomProblem([7, 9, 3], 5, { optimizer });
      const trainer = await trainerOf(problem);
      const averages = Float64Array.from(problem.start.parameters.get('fc1.weight')?.data ?? []);
      for (let step = 1; step <= 12; step++) {
        await trainer.run(1);
        const { parameters, optimizer: kept } = await trainer.snapshot();
        const live = kept.get('fc1.weight.live')?.data ?? [];
        const decay = Math.min(0.5, (1 + step) / (10 + step));
        averages.forEach((average, i) => (averages[i] = decay * average + (1 - decay) * live[i]));
        // Float32 numbers below 1 are rounded to 6e-8 at each step.
        const rounding = { absolute: 1e-6, relative: 0 };
        expectClose(`step ${step}`, parameters.get('fc1.weight')?.data ?? [], averages, rounding);
      }
      await trainer.dispose();
    });

    test('evaluates by the averages that a snapshot has as its parameters', async () => {
      const problem = randomProblem([9, 64, 7, 8], 5, { optimizer: { ...optimizers.adam, ema: 0.9 } });
      const trainer = await trainerOf(problem);
      await trainer.run(6);
      const { outputs } = await evaluated(trainer, problem, 'test');
      const start = await trainer.snapshot();
      await trainer.dispose();
      const { count, inputs } = problem.data.test;
      const expected = await predicted(engine, { ...problem, start }, Float32Array.from(inputs), count);
      expectClose('outputs', outputs, expected, tolerance);
    });

    test('learns with averages as without them, to the same bits', async () => {
      const liveAfter = async (optimizer: OptimizerSpec) => {
        const problem = randomProblem([7, 9, 3], 5, { optimizer });
        const { parameters, optimizer: kept } = await trained(engine, problem, problem.start, 4, resources);
        return [...parameters].map(([name, { data }]) => [...(kept.get(`${name}.live`)?.data ?? data)]);
      };
      expect(await liveAfter({ ...optimizers.adamw, ema: 0.9 })).toEqual(await liveAfter(optimizers.adamw));
    });

    test('smooths labels in training only', async () => {
      const lossesOf = async (labelSmoothing: number) => {
        const problem = randomProblem([7, 9, 3], 5, { labelSmoothing });
        const trainer = await trainerOf(problem);
        const { lossSums: evaluation } = await evaluated(trainer, problem, 'test');
        const { lossSums: training } = await trainer.run(1);
        await trainer.dispose();
        return { evaluation: [...evaluation], training: [...training] };
      };
      const [plain, smooth] = [await lossesOf(0), await lossesOf(0.2)];
      expect(smooth.evaluation).toEqual(plain.evaluation);
      expect(smooth.training).not.toEqual(plain.training);
    });

    describe.each([
      ['bytes', randomProblem([65, 40, 9], 5, { dropout: 0.1 })],
      ['bytes on a background', randomProblem([600, 9, 8, 3], 64, { background: 0 })],
      ['bytes for a single layer', randomProblem([9, 3], 5, { background: 0 })],
      ['float32 numbers', randomProblem([65, 40, 9], 5, { inputs: 'float32' })],
      ['float32 numbers, mostly 0', randomProblem([65, 40, 9], 5, { inputs: 'float32', background: 7 })],
    ])('with %s that are replaced', (_, problem) => {
      // With another background, with none, and with one again.
      const epochs = [otherInputs(problem, 21, 130), otherInputs(problem, 22), otherInputs(problem, 23, 0)];
      const steps = 2;

      async function courseOver(of: Engine): Promise<{ reports: BatchReport[]; states: TrainingState[] }> {
        const trainer = await of.trainer(problem.program, problem.data, problem.start, resources);
        const reports = [await trainer.run(steps)];
        const states = [await trainer.snapshot()];
        for (const inputs of epochs) {
          const passed = inputs.slice();
          await trainer.replaceInputs(passed);
          passed.fill(1);
          reports.push(await trainer.run(steps));
          for (const split of ['train', 'validation', 'test'] as const) {
            reports.push(await evaluated(trainer, problem, split));
          }
          states.push(await trainer.snapshot());
        }
        await trainer.dispose();
        return { reports, states };
      }

      test('learns from the new ones as the reference does, and evaluates the other splits as before', async () => {
        const [actual, expected] = [await courseOver(engine), await courseOver(oracle)];
        expected.reports.forEach(({ lossSums, rows, outputs }, i) => {
          expectClose(`the losses of report ${i}`, actual.reports[i].lossSums, lossSums, tolerance);
          expect(actual.reports[i].rows).toEqual(rows);
          const largest = outputs.reduce((max, output) => Math.max(max, Math.abs(output)), 1);
          const ofOutputs = { ...tolerance, absolute: tolerance.absolute * largest };
          expectClose(`the outputs of report ${i}`, actual.reports[i].outputs, outputs, ofOutputs);
        });
      });

      test('goes on from a snapshot with the same inputs to the same bits', async () => {
        const { states } = await courseOver(engine);
        for (const [epoch, inputs] of epochs.entries()) {
          const trainer = await engine.trainer(problem.program, problem.data, states[epoch], resources);
          await trainer.replaceInputs(inputs);
          await trainer.run(steps);
          expect(bits(await trainer.snapshot())).toEqual(bits(states[epoch + 1]));
          await trainer.dispose();
        }
      });

      test('refuses others of a wrong length or type', async () => {
        const trainer = await trainerOf(problem);
        const [inputs] = epochs;
        const corrupt = { code: 'DATASET_CORRUPT' };
        const otherType =
          inputs instanceof Uint8Array ? Float32Array.from(inputs) : Uint8Array.from(inputs, () => 1);
        await expect(trainer.replaceInputs(inputs.subarray(1))).rejects.toMatchObject(corrupt);
        await expect(trainer.replaceInputs(otherType)).rejects.toMatchObject(corrupt);
        await trainer.dispose();
      });
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
        expect([first.rows.length, last.rows.length]).toEqual([64, 6]);
        expect([...first.lossSums, ...last.lossSums]).toEqual([...whole.lossSums]);
        expect([...first.rows, ...last.rows]).toEqual([...whole.rows]);
        expect([...first.outputs, ...last.outputs]).toEqual([...whole.outputs]);
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
      const nothing: BatchReport = {
        lossSums: new Float64Array(),
        weightSums: new Float64Array(),
        rows: new Uint32Array(),
        outputs: new Float32Array(),
      };
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
      trainer.run(10).catch(() => undefined);
      await trainer.dispose();
    });

    test.each(some(losses))(
      'reports a %s that is no longer a number, and leaves the decision to its caller',
      async (loss) => {
        const problem = randomProblem([7, 9, 3], 5, { loss });
        problem.start.parameters.get('fc1.weight')?.data.fill(NaN);
        const trainer = await trainerOf(problem);
        const { rows, lossSums } = await trainer.run(1);
        expect([rows.length, ...lossSums]).toEqual([5, NaN]);
        await trainer.dispose();
      },
    );

    test.each(some(activations))('lets a NaN through %s to every parameter before it', async (activation) => {
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
