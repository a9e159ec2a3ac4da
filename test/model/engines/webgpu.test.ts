/**
 * On whatever adapter WebGPU finds; without a GPU, on SwiftShader, which Chromium brings. The package is not installed with the
 * others: it is taken from the folder WEBGPU_DIR, where `node scripts/install-webgpu.mjs` puts it.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openGpu, type OpenedGpu } from '../../../src/model/engines/webgpu/device.js';
import { createWebgpuEngine } from '../../../src/model/engines/webgpu/webgpu-engine.js';
import { engineConformance } from './conformance.js';
import { bits, courseOf } from './course.js';
import { randomProblem } from './problem.js';

const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';
const resources = { threads: 1, memoryLimitBytes: 2 ** 30 };
// The drivers that Vulkan finds by itself come first.
if (existsSync(swiftShader)) process.env.VK_ADD_DRIVER_FILES ??= swiftShader;
const folder = resolve(process.env.WEBGPU_DIR ?? '.webgpu');
const entry = join(folder, 'node_modules/webgpu/index.js');
const gpu = await openGpu(entry).catch((error: unknown) => error as Error);

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
      ['bytes and classes', randomProblem([300, 3], 64, { weighted: true }), 40_000],
      ['float32 inputs and values', randomProblem([300, 3], 5, { inputs: 'float32', loss: 'mse' }), 100_000],
    ])('learns the same bits from %s that no buffer holds at once', async (_, problem, maxBufferSize) => {
      const limits = { ...opened.limits, maxBufferSize };
      const streaming = createWebgpuEngine(() => Promise.resolve({ ...opened, limits }));
      const actual = await courseOf(streaming, problem, resources);
      const expected = await courseOf(engine, problem, resources);
      expect(actual.reports).toEqual(expected.reports);
      expect(bits(actual.end)).toEqual(bits(expected.end));
    });

    test('fails where the device is lost, as a run must that goes on from its checkpoint', async () => {
      const own = await openGpu(entry);
      const { program, data, start } = randomProblem([7, 9, 3], 5);
      const trainer = await createWebgpuEngine(() => Promise.resolve(own)).trainer(
        program,
        data,
        start,
        resources,
      );
      await trainer.run(1);
      own.device.destroy();
      await expect(trainer.run(1)).rejects.toThrow('The GPU was lost (destroyed)');
      await expect(trainer.snapshot()).rejects.toThrow('The GPU was lost');
    });

    test('refuses what a buffer has no room for, with both sizes', async () => {
      const { program, data, start } = randomProblem([64, 257, 9], 64);
      const small = { ...opened, limits: { ...opened.limits, maxBufferSize: 2 ** 18 } };
      const refused = createWebgpuEngine(() => Promise.resolve(small)).trainer(
        program,
        data,
        start,
        resources,
      );
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
