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
else {
  // Sums of products in float32, of up to 600 here.
  engineConformance('webgpu', () => createWebgpuEngine(() => Promise.resolve(gpu)), {
    absolute: 1e-5,
    relative: 1e-5,
  });
}
