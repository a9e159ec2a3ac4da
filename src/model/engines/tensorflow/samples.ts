/** A split on the device, preprocessed once, so that a batch is a look-up there. */
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { byteTable, type AffineMap } from '../../preprocessing/affine.js';
import type { Samples } from '../engine.js';
import type { Tf } from './tensorflow.js';

export interface DeviceSamples {
  /** (count, width), as the network takes them. */
  inputs: Tensor2D;
  /** (count, classes), one-hot. */
  targets: Tensor2D;
}

export function samplesOnDevice(
  tf: Tf,
  { count, width, inputs, targets: classes }: Samples,
  outputs: number,
  scaling: AffineMap,
): DeviceSamples {
  const table = byteTable(scaling);
  const targets = new Float32Array(count * outputs);
  for (let sample = 0; sample < count; sample++) targets[sample * outputs + classes[sample]] = 1;
  return {
    inputs: tf.tensor2d(
      Float32Array.from(inputs, (byte) => table[byte]),
      [count, width],
    ),
    targets: tf.tensor2d(targets, [count, outputs]),
  };
}
