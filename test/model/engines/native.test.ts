import { createHash } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Predictor } from '../../../src/model/engines/engine.js';
import { loadAddon, whyAddonIsNotBuilt } from '../../../src/model/engines/native/addon.js';
import { createNativeEngine } from '../../../src/model/engines/native/native-engine.js';
import { losses } from '../../../src/model/network/losses.js';
import { activations } from '../../../src/model/network/network.js';
import { engineConformance } from './conformance.js';
import { bits, courseOf, trained } from './course.js';
import { large } from './large-problems.js';
import { optimizers, otherInputs, randomProblem, type Problem } from './problem.js';

const engine = createNativeEngine();
const memoryLimitBytes = 2 ** 30;
const onThreads = (threads: number) => ({ threads, memoryLimitBytes });

const ofEveryKind = activations.flatMap((activation, a) =>
  Object.entries(optimizers).map(([name, optimizer], o): [string, Problem] => {
    const loss = losses[(a + o) % losses.length];
    const traits = { activations: [activation], loss, optimizer, dropout: 0.3, weighted: true };
    return [`${activation}, ${loss}, ${name}`, randomProblem([65, 40, 33, 9], 21, traits)];
  }),
);

const missing = whyAddonIsNotBuilt();
if (missing === null) suite();
else test.skip(`the native engine (skipped: ${missing})`);

function suite(): void {
  // Sums of products in float32, of up to 600 here.
  engineConformance('native', createNativeEngine, { absolute: 1e-5, relative: 1e-5 });

  describe('training on threads', () => {
    test.each(large)('gives the same bits on 1, 2, 3 and 4 of them, with %s', async (_, problem) => {
      const on = async (threads: number) =>
        bits(await trained(engine, problem, problem.start, 5, onThreads(threads)));
      const one = await on(1);
      for (const threads of [2, 3, 4]) expect(await on(threads)).toEqual(one);
    });

    test('gives the same bits on 1, 2, 3 and 4 of them, with inputs that are replaced', async () => {
      const problem = randomProblem([300, 257, 40, 17], 64, { background: 3 });
      const { program, data, start } = problem;
      const on = async (threads: number) => {
        const trainer = await engine.trainer(program, data, start, onThreads(threads));
        for (const background of [undefined, 200]) {
          await trainer.replaceInputs(otherInputs(problem, 5, background));
          await trainer.run(2);
        }
        const state = await trainer.snapshot();
        await trainer.dispose();
        return bits(state);
      };
      const one = await on(1);
      for (const threads of [2, 3, 4]) expect(await on(threads)).toEqual(one);
    });

    test('takes as many as are worth it, and says so', async () => {
      const [set] = loadAddon().instructionSets();
      const deviceOf = async ({ program, data, start }: Problem, threads: number) => {
        const trainer = await engine.trainer(program, data, start, onThreads(threads));
        await trainer.dispose();
        return trainer.device;
      };
      expect(await deviceOf(randomProblem([7, 9, 3], 5), 4)).toBe(`CPU, 1 thread, ${set}`);
      expect(await deviceOf(large[0][1], 4)).toBe(`CPU, 4 threads, ${set}`);
      expect(await deviceOf(large[0][1], 1)).toBe(`CPU, 1 thread, ${set}`);
    });

    test('can be ended in the middle of a call, which is then rejected', async () => {
      const { program, data, start } = large[0][1];
      const trainer = await engine.trainer(program, data, start, onThreads(2));
      await trainer.run(1);
      const running = trainer.run(100_000);
      const rejected = expect(running).rejects.toThrow('has ended');
      await trainer.dispose();
      await rejected;
      await expect(trainer.run(1)).rejects.toThrow('has ended');
      await expect(trainer.snapshot()).rejects.toThrow('has ended');
      await expect(trainer.replaceInputs(data.train.inputs)).rejects.toThrow('has ended');
    });

    test('leaves the caller free while it runs', async () => {
      const { program, data, start } = large[0][1];
      const trainer = await engine.trainer(program, data, start, onThreads(2));
      const turns = await turnsDuring(trainer.run(2_000));
      await trainer.dispose();
      expect(turns).toBeGreaterThan(10);
    });

    test('refuses a network that needs more memory than it may have, with both numbers', async () => {
      const { program, data, start } = large[0][1];
      await expect(
        engine.trainer(program, data, start, { threads: 1, memoryLimitBytes: 2 ** 18 }),
      ).rejects.toMatchObject({
        code: 'NETWORK_TOO_LARGE',
        message: expect.stringMatching(/ need \d+ MB of memory; the limit here is 1 MB\./) as string,
      });
    });
  });

  describe.each(loadAddon().instructionSets())('the instruction set %s', (set) => {
    const ofSet = createNativeEngine(set);

    // The same digest for each is what makes a run independent of the machine that continues it.
    test('gives these bits', async () => {
      const digest = createHash('sha256');
      for (const [, problem] of [...large, ...ofEveryKind]) {
        digest.update(bits(await trained(ofSet, problem, problem.start, 5, onThreads(2))).join());
      }
      expect(digest.digest('hex')).toBe('31de90e9bda78b5bd7c6ebe0e4ff6f3822e4d8f380e36b8023e67916d79fafcc');
    });

    test.each(ofEveryKind)('reports and learns what the fastest one does, with %s', async (_, problem) => {
      const [actual, expected] = [
        await courseOf(ofSet, problem, onThreads(2)),
        await courseOf(engine, problem, onThreads(2)),
      ];
      expect(bits(actual.end)).toEqual(bits(expected.end));
      expect(actual.reports).toEqual(expected.reports);
    });

    test('predicts what the fastest one does, alone and among others', async () => {
      for (const widths of [
        [7, 3],
        [64, 257, 9],
        [257, 8, 64, 20],
      ]) {
        for (const background of [undefined, 0]) {
          const problem = randomProblem(widths, 5, background === undefined ? {} : { background });
          const [predictor, fastest] = [await predictorOf(problem, set), await predictorOf(problem)];
          const { inputs, count, width } = problem.data.test;
          const raw = Float32Array.from(inputs);
          const expected = await fastest.predict(raw, count);
          expect(await predictor.predict(raw, count)).toEqual(expected);
          for (let row = 0; row < count; row++) {
            const alone = await predictor.predict(raw.subarray(row * width, (row + 1) * width), 1);
            expect(alone).toEqual(expected.slice(row * alone.length, (row + 1) * alone.length));
          }
        }
      }
    });
  });

  test('an instruction set that the processor does not have cannot be used', async () => {
    expect(await createNativeEngine('SSE9').probe()).toEqual({
      available: false,
      reason: 'its kernels cannot be loaded: this processor does not have SSE9',
    });
  });

  describe('predictions', () => {
    const wide = randomProblem([1_500, 2_500, 2], 5);
    const raw = Float32Array.from({ length: 1_500 * 200 }, (_, i) => (i * i) % 251);

    test('of many samples on threads have the bits of one after the other', async () => {
      const predictor = await predictorOf(wide);
      const together = await predictor.predict(raw, 200);
      for (let row = 0; row < 200; row += 37) {
        const alone = await predictor.predict(raw.subarray(1_500 * row, 1_500 * (row + 1)), 1);
        expect(together.subarray(2 * row, 2 * row + 2)).toEqual(alone);
      }
    });

    test('of many samples leave the caller free', async () => {
      const predictor = await predictorOf(wide);
      expect(await turnsDuring(predictor.predict(raw, 200))).toBeGreaterThan(0);
    });

    test('requested at the same time are all answered, also when the predictor is disposed of meanwhile', async () => {
      const predictor = await predictorOf(wide);
      const expected = await predictor.predict(raw, 200);
      const answers = Array.from({ length: 5 }, () => predictor.predict(raw, 200));
      predictor.dispose();
      expect(await Promise.all(answers)).toEqual(Array.from({ length: 5 }, () => expected));
      await expect(predictor.predict(raw, 200)).rejects.toThrow('has ended');
    });

    test('leave JavaScript’s own arithmetic with denormal numbers as it was', async () => {
      const predictor = await predictorOf(wide);
      await predictor.predict(raw.subarray(0, 1_500), 1);
      const smallest = Number.MIN_VALUE;
      expect((smallest + smallest) / 2).toBe(5e-324);
    });
  });
}

async function predictorOf({ program, start }: Problem, set?: string): Promise<Predictor> {
  const predictor = await createNativeEngine(set).predictor(program, start.parameters);
  onTestFinished(() => predictor.dispose());
  return predictor;
}

/** Of the event loop, until it is settled. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  const count = (): void => {
    turns++;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  await work;
  clearImmediate(next);
  return turns;
}
