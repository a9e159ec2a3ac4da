/** What the tensorflow engine must do on whatever backend tfjs-core has. */
import { describe, expect, test } from 'vitest';
import type { TrainingResources } from '../../../../src/model/engines/engine.js';
import { createTensorflowEngine } from '../../../../src/model/engines/tensorflow/tensorflow-engine.js';
import type { Tensorflow } from '../../../../src/model/engines/tensorflow/tensorflow.js';
import type { OptimizerSpec } from '../../../../src/model/network/optimizers.js';
import type { Tolerance } from '../close.js';
import { engineConformance } from '../conformance.js';
import { optimizers, otherInputs, randomProblem } from '../problem.js';

const resources: TrainingResources = { threads: 2, memoryLimitBytes: 2 ** 30 };

export function tensorflowConformance(tensorflow: Tensorflow, tolerance: Tolerance): void {
  const { tf } = tensorflow;
  const createEngine = () => createTensorflowEngine(() => Promise.resolve(tensorflow));
  const engine = createEngine();

  engineConformance('tensorflow', createEngine, tolerance, resources);

  describe('the tensorflow engine', () => {
    test.each(
      Object.entries({
        ...optimizers,
        'averages, clipping and a schedule': {
          ...optimizers.adamw,
          clip_norm: 0.1,
          ema: 0.9,
          schedule: { type: 'constant', warmup: 1 },
        } satisfies OptimizerSpec,
      }).map(([name, optimizer]) => ({
        name,
        optimizer,
        steps: optimizer === optimizers.adam ? 10_000 : 500,
      })),
    )(
      'holds as much memory after $steps steps as after ten, with $name, and none after its end',
      async ({ optimizer, steps }) => {
        const before = tf.memory().numTensors;
        const problem = randomProblem([7, 9, 3], 5, { optimizer, dropout: 0.1 });
        const { data, start } = problem;
        const program = { ...problem.program, steps };
        const trainer = await engine.trainer(program, data, start, resources);
        const lookAfter = async (more: number) => {
          await trainer.run(more);
          await trainer.replaceInputs(otherInputs(problem, more));
          await trainer.evaluate('test', 0, 2);
          await trainer.snapshot();
          const { numTensors, numDataBuffers, numBytes } = tf.memory();
          return { numTensors, numDataBuffers, numBytes };
        };
        const early = await lookAfter(10);
        expect(await lookAfter(steps - 10)).toEqual(early);

        const predictor = await engine.predictor(program, start.parameters);
        await predictor.predict(Float32Array.from(data.test.inputs), data.test.count);
        predictor.dispose();
        await trainer.dispose();
        expect(tf.memory().numTensors).toBe(before);
      },
      60_000,
    );

    test('ends a call under way when it is disposed of', async () => {
      const { program, data, start } = randomProblem([64, 257, 9], 64);
      const trainer = await engine.trainer(program, data, start, resources);
      const running = expect(trainer.run(1_000)).rejects.toThrow('has ended');
      await trainer.dispose();
      await running;
      await expect(trainer.run(1)).rejects.toThrow('has ended');
    });

    test('refuses a network that needs more memory than it may have, with both numbers', async () => {
      const { program, data, start } = randomProblem([64, 257, 9], 64);
      const needed = engine.trainer(program, data, start, { threads: 1, memoryLimitBytes: 2 ** 18 });
      await expect(needed).rejects.toMatchObject({
        code: 'NETWORK_TOO_LARGE',
        message: expect.stringMatching(/need about \d MB .*; the limit here is 1 MB\./) as string,
      });
    });
  });
}
