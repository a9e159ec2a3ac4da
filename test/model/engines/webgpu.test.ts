/**
 * On whatever adapter WebGPU finds; without a GPU, on SwiftShader, which Chromium brings. The package is not installed with the
 * others: it is taken from the folder WEBGPU_DIR, where `node scripts/install-webgpu.mjs` puts it.
 */
import { join } from 'node:path';
import { test } from 'vitest';
import { openGpu } from '../../../src/model/engines/webgpu/device.js';
import { createWebgpuEngine } from '../../../src/model/engines/webgpu/webgpu-engine.js';
import { engineConformance } from './conformance.js';

const folder = process.env.WEBGPU_DIR ?? '.webgpu';
const gpu = await openGpu(join(folder, 'node_modules/webgpu/index.js')).catch(
  (error: unknown) => error as Error,
);

if (gpu instanceof Error) test.skip(`the webgpu engine (skipped: ${gpu.message})`);
else suite(gpu);

function suite(opened: OpenedGpu): void {
  const createEngine = () => createWebgpuEngine(() => Promise.resolve(opened));
  // Sums of products in float32, of up to 600 here. SwiftShader takes a second to compile the kernels of a network.
  const tolerance = { absolute: 1e-5, relative: 1e-5 };
  engineConformance('webgpu', createEngine, tolerance, resources, opened.isGpu ? 1 : 11);

  describe('the webgpu engine', () => {
    const engine = createEngine();

    test('records the adapter, its driver, the package and its kernels', async () => {
      const { program, data, start } = randomProblem([7, 9, 3], 5);
      const trainer = await engine.trainer(program, data, start, resources);
      await trainer.dispose();
      expect(trainer.device).toMatch(/^[CG]PU, .+ \(.+\), by webgpu \d+\.\d+\.\d+, kernels \d+$/);
    });

    test.each([
      ['bytes and classes', randomProblem([9, 8, 3], 5, { weighted: true })],
      ['float32 inputs and values', randomProblem([9, 8, 3], 5, { inputs: 'float32', loss: 'mse' })],
    ])('learns the same bits from %s that a buffer cannot hold at once', async (_, problem) => {
      const widest = 16 * 24;
      const many = { ...problem, data: { ...problem.data, train: repeated(problem.data.train, 9) } };
      const limits = { ...opened.limits, maxStorageBufferBindingSize: 64 * widest };
      const engineOf = (gpuHere: OpenedGpu) => createWebgpuEngine(() => Promise.resolve(gpuHere));
      const streaming = engineOf({ ...opened, limits });
      const courses = [await courseOf(streaming, many, resources), await courseOf(engine, many, resources)];
      expect(courses[0].reports).toEqual(courses[1].reports);
      expect(bits(courses[0].end)).toEqual(bits(courses[1].end));
    });

    test('refuses what a buffer has no room for, with both sizes', async () => {
      const { program, data, start } = randomProblem([64, 257, 9], 64);
      const small = { ...opened, limits: { ...opened.limits, maxBufferSize: 2 ** 18 } };
      const refused = createWebgpuEngine(() => Promise.resolve(small)).trainer(program, data, start, resources);
      await expect(refused).rejects.toMatchObject({
        code: 'NETWORK_TOO_LARGE',
        message: expect.stringMatching(/need \d+ MB on the GPU; its buffers have at most 1 MB\./) as string,
      });
    });

    test('refuses a network that needs more memory than it may have, with both numbers', async () => {
      const { program, data, start } = randomProblem([64, 257, 9], 64);
      const refused = engine.trainer(program, data, start, { threads: 1, memoryLimitBytes: 2 ** 18 });
      await expect(refused).rejects.toMatchObject({
        code: 'NETWORK_TOO_LARGE',
        message: expect.stringMatching(/need about \d MB .*; the limit here is 1 MB\./) as string,
      });
    });
  });
}

/** The same samples several times over. */
function repeated({ count, inputs, targets, ...others }: Samples, times: number): Samples {
  const again = <T extends Float32Array | Uint8Array | Uint16Array | Uint32Array>(numbers: T): T =>
    numbers.constructor.from(Array.from({ length: times }, () => [...numbers]).flat());
  return { ...others, count: times * count, inputs: again(inputs), targets: again(targets) };
}
