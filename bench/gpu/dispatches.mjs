/** What a dispatch takes: to encode and submit here, and on the GPU when each needs what the one before it wrote. */
import { performance } from 'node:perf_hooks';
import { bufferUsage } from '../../dist/model/engines/webgpu/api.js';
import { openGpu } from '../../dist/model/engines/webgpu/device.js';

const count = 3_000;
const rounds = 5;

const code = `
@group(0) @binding(0) var<storage, read_write> numbers: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) at: vec3u) { numbers[at.x] += 1u; }`;

export async function measureDispatches() {
  const { device, name } = await openGpu();
  const layout = device.createBindGroupLayout({
    entries: [{ binding: 0, visibility: 4, buffer: { type: 'storage' } }],
  });
  const pipeline = await device.createComputePipelineAsync({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: device.createShaderModule({ code }), entryPoint: 'main' },
  });
  const buffer = device.createBuffer({ size: 65_536, usage: bufferUsage.storage });
  const group = device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer } }] });
  const best = { encodeUs: Infinity, gpuUs: Infinity };
  for (let round = 0; round < rounds; round++) {
    const startedMs = performance.now();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setBindGroup(0, group);
    for (let i = 0; i < count; i++) {
      pass.setPipeline(pipeline);
      pass.dispatchWorkgroups(128);
    }
    pass.end();
    const commands = encoder.finish();
    const encodedMs = performance.now();
    device.queue.submit([commands]);
    await device.queue.onSubmittedWorkDone();
    best.encodeUs = Math.min(best.encodeUs, ((encodedMs - startedMs) * 1_000) / count);
    best.gpuUs = Math.min(best.gpuUs, ((performance.now() - encodedMs) * 1_000) / count);
  }
  buffer.destroy();
  console.log(`${name}: a dispatch takes ${JSON.stringify(best)}`);
  return best;
}
