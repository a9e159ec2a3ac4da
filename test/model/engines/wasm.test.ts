import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createWasmEngine } from '../../../src/model/engines/wasm/wasm-engine.js';
import { parameterShapes } from '../../../src/model/network/network.js';
import { engineConformance } from './conformance.js';
import { bits, trained } from './course.js';
import { large } from './large-problems.js';
import { optimizers, otherInputs, randomProblem, type Problem } from './problem.js';

// Sums of products in float32, of up to 600 here.
engineConformance('wasm', createWasmEngine, { absolute: 1e-5, relative: 1e-5 });

const engine = createWasmEngine();
const memoryLimitBytes = 2 ** 30;

describe('training on threads', () => {
  test.each(large)('gives the same bits on 1, 2, 3 and 4 of them, with %s', async (_, problem) => {
    const on = async (threads: number) =>
      bits(await trained(engine, problem, problem.start, 5, { threads, memoryLimitBytes }));
    const one = await on(1);
    for (const threads of [2, 3, 4]) expect(await on(threads)).toEqual(one);
  });

  test('gives the same bits on 1, 2, 3 and 4 of them, with inputs that are replaced', async () => {
    const problem = randomProblem([300, 257, 40, 17], 64, { background: 3 });
    const { program, data, start } = problem;
    const on = async (threads: number) => {
      const trainer = await engine.trainer(program, data, start, { threads, memoryLimitBytes });
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
    const deviceOf = async ({ program, data, start }: Problem, threads: number) => {
      const trainer = await engine.trainer(program, data, start, { threads, memoryLimitBytes });
      await trainer.dispose();
      return trainer.device;
    };
    expect(await deviceOf(randomProblem([7, 9, 3], 5), 4)).toBe('CPU, 1 thread, WebAssembly SIMD');
    expect(await deviceOf(large[0][1], 4)).toBe('CPU, 4 threads, WebAssembly SIMD');
    expect(await deviceOf(large[0][1], 1)).toBe('CPU, 1 thread, WebAssembly SIMD');
  });

  test('gives these bits, on every processor and every Node.js', async () => {
    const problem = randomProblem([64, 257, 40, 64, 9], 64, {
      activations: ['gelu', 'tanh', 'sigmoid'],
      dropout: 0.1,
    });
    const state = await trained(engine, problem, problem.start, 10, { threads: 2, memoryLimitBytes });
    const digest = createHash('sha256').update(bits(state).join()).digest('hex');
    expect(digest).toBe('8fb58ec7a5b33bb2b425ca09a4671afbaba8b070a56adec1fb774f7ae653a619');
  });

  test('can be ended in the middle of a call, which is then rejected', async () => {
    const { program, data, start } = large[0][1];
    const trainer = await engine.trainer(program, data, start, { threads: 2, memoryLimitBytes });
    await trainer.run(1);
    const running = trainer.run(1_000_000);
    const rejected = expect(running).rejects.toThrow('has ended');
    await trainer.dispose();
    await rejected;
    await expect(trainer.run(1)).rejects.toThrow('has ended');
    // Its memory may be another trainer's now.
    await expect(trainer.replaceInputs(data.train.inputs)).rejects.toThrow('has ended');
  });

  test('leaves the caller free while it runs', async () => {
    const { program, data, start } = large[0][1];
    const trainer = await engine.trainer(program, data, start, { threads: 2, memoryLimitBytes });
    let turns = 0;
    const count = (): void => {
      turns++;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    await trainer.run(100);
    clearImmediate(next);
    await trainer.dispose();
    expect(turns).toBeGreaterThan(10);
  });
});

describe('the wasm engine', () => {
  test.each([
    [[7, 9, 3], 90],
    [[64, 257, 9], 0],
    [[257, 8, 64, 9], undefined],
  ])(
    'answers a single sample with the same bits as among others, widths %j, background %s',
    async (widths, background) => {
      const { program, data, start } = randomProblem(
        widths,
        5,
        background === undefined ? {} : { background },
      );
      const predictor = await engine.predictor(program, start.parameters);
      const { width, count, inputs } = data.test;
      const raw = Float32Array.from(inputs);
      const together = await predictor.predict(raw, count);
      const classes = program.network.outputs;
      for (let i = 0; i < count; i++) {
        const alone = await predictor.predict(raw.subarray(i * width, (i + 1) * width), 1);
        expect(alone).toEqual(together.slice(i * classes, (i + 1) * classes));
      }
      predictor.dispose();
    },
  );

  test('lets others run between the slices of a large request', async () => {
    const { program, start } = randomProblem([7, 9, 3], 5);
    const predictor = await engine.predictor(program, start.parameters);
    let others = 0;
    const count = (): void => {
      others++;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    await predictor.predict(new Float32Array(7 * 1_000), 1_000);
    clearImmediate(next);
    predictor.dispose();
    expect(others).toBeGreaterThan(5);
  });

  test('does not let moments fade into denormal numbers', async () => {
    const { program, data, start } = randomProblem([7, 9, 3], 5);
    for (const { data: moment } of start.optimizer.values()) moment.fill(1e-38);
    // Nothing comes in, so that nothing but the biases' gradients is new.
    data.train.inputs.fill(0);
    const blank = {
      ...program,
      scaling: { divide_by: 1, mean: 0, std: 1 },
      optimizer: { ...program.optimizer, weight_decay: 0 },
    };
    const trainer = await engine.trainer(blank, data, start, { threads: 1, memoryLimitBytes });
    await trainer.run(3);
    const { optimizer } = await trainer.snapshot();
    await trainer.dispose();
    expect(new Set(optimizer.get('fc1.weight.exp_avg')?.data)).toEqual(new Set([0]));
    expect(new Set(optimizer.get('fc1.weight.exp_avg_sq')?.data)).toEqual(new Set([0]));
  });

  test('refuses a network that needs more memory than it may have, with both numbers', async () => {
    const { program, data, start } = large[0][1];
    await expect(
      engine.trainer(program, data, start, { threads: 1, memoryLimitBytes: 2 ** 18 }),
    ).rejects.toMatchObject({
      code: 'NETWORK_TOO_LARGE',
      message: expect.stringMatching(
        / need \d+ MB of WebAssembly memory; the limit here is 1 MB\./,
      ) as string,
    });
  });

  test('refuses a network that 32-bit addresses do not reach', async () => {
    const { program, data } = randomProblem([7, 9, 3], 5, { optimizer: optimizers.sgd });
    const network = {
      ...program.network,
      hidden: [{ units: 40_000, activation: 'relu' as const, dropout: 0 }],
      outputs: 30_000,
    };
    const parameters = new Map(
      parameterShapes(network).map(({ name, shape }) => {
        const data = new Float32Array(shape.reduce((product, size) => product * size));
        return [name, { shape, data }] as const;
      }),
    );
    const resources = { threads: 1, memoryLimitBytes: 2 ** 40 };
    await expect(
      engine.trainer(
        { ...program, network, batchSize: 1 },
        data,
        { step: 0, parameters, optimizer: new Map() },
        resources,
      ),
    ).rejects.toMatchObject({
      code: 'NETWORK_TOO_LARGE',
      message: expect.stringContaining('the limit here is 4,096 MB') as string,
    });
  });
});
