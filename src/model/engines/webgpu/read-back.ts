/** From a buffer of the GPU to an array here. */
import { bufferUsage, mapForReading, type GpuBuffer, type GpuDevice } from './api.js';

/** A part of a buffer, in bytes; both multiples of 4. */
export interface Range {
  buffer: GpuBuffer;
  offset: number;
  size: number;
}

/** The parts one after the other, as they are once all that is submitted so far is done. */
export async function readBack(device: GpuDevice, ranges: readonly Range[]): Promise<ArrayBuffer> {
  const size = ranges.reduce((sum, range) => sum + range.size, 0);
  if (size === 0) return new ArrayBuffer(0);
  const target = device.createBuffer({ size, usage: bufferUsage.mapRead | bufferUsage.copyTarget });
  const encoder = device.createCommandEncoder();
  let filled = 0;
  for (const { buffer, offset, size: sizeOfRange } of ranges) {
    encoder.copyBufferToBuffer(buffer, offset, target, filled, sizeOfRange);
    filled += sizeOfRange;
  }
  device.queue.submit([encoder.finish()]);
  await target.mapAsync(mapForReading);
  const bytes = target.getMappedRange().slice(0);
  target.destroy();
  return bytes;
}
