import { describe, expect, test } from 'vitest';
import { initialState } from '../../../src/model/initialization.js';
import { createWasmEngine } from '../../../src/model/engines/wasm/wasm-engine.js';
import { randomProblem } from './problem.js';

const resources = { threads: 1, memoryLimitBytes: 2 ** 40 };

describe('the wasm engine', () => {
  const engine = createWasmEngine();

  test.each([[[7, 9, 3]], [[64, 257, 9]], [[257, 8, 64, 9]]])(
    'answers a single sample with the same bits as among others, widths %j',
    async (widths) => {
      const { program, data, start } = randomProblem(widths, 5);
      const predictor = await engine.predictor(program, start.parameters);
      const { width, count, inputs } = data.test;
      const raw = Float32Array.from(inputs);
      const together = await predictor.predict(raw, count);
      const classes = program.network.outputs;
      for (let i = 0; i < count; i++) {
        const alone = await predictor.predict(raw.subarray(i * width, (i + 1) * width), 1);
        expect(alone).toEqual(together.slice(i * classes, (i + 1) * classes));
      }
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
    expect(others).toBeGreaterThan(5);
  });

  test('does not let moments fade into denormal numbers', async () => {
    const { program, data, start } = randomProblem([7, 9, 3], 5);
    for (const { data: moment } of start.optimizer.values()) moment.fill(1e-38);
    // Nothing comes in, so that nothing but the biases' gradients is new.
    data.train.inputs.fill(0);
    const blank = {
      ...program,
      preprocessing: { divide_by: 1, mean: 0, std: 1 },
      optimizer: { ...program.optimizer, weight_decay: 0 },
    };
    const trainer = await engine.trainer(blank, data, start, resources);
    await trainer.run(3);
    const { optimizer } = await trainer.snapshot();
    expect(new Set(optimizer.get('fc1.weight.exp_avg')?.data)).toEqual(new Set([0]));
    expect(new Set(optimizer.get('fc1.weight.exp_avg_sq')?.data)).toEqual(new Set([0]));
  });

  test('refuses a network that 32-bit addresses do not reach, with the size', async () => {
    const { program, data } = randomProblem([7, 9, 3], 5);
    const network = {
      ...program.network,
      hidden: [{ units: 40_000, activation: 'relu' as const, dropout: 0 }],
    };
    const wide = { ...program, network, batchSize: 1 };
    const huge = { ...wide, network: { ...network, outputs: 10_000 } };
    await expect(
      engine.trainer(huge, data, initialState(huge.network, program.optimizer, 0), resources),
    ).rejects.toMatchObject({
      code: 'NETWORK_TOO_LARGE',
      message: expect.stringMatching(/[\d]+ MB/) as string,
    });
  }, 60_000);
});
