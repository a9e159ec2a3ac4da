/** A split on the device, preprocessed once, so that a batch is a look-up there. */
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { byteTable, type Preprocessing } from '../../preprocessing/affine.js';
import type { LabelledSamples } from '../engine.js';
import type { Tf } from './tensorflow.js';

export interface DeviceSamples {
  /** (count, width), as the network takes them. */
  inputs: Tensor2D;
  /** (count, classes), one-hot. */
  targets: Tensor2D;
}

export function samplesOnDevice(
  tf: Tf,
  { count, width, inputs, labels }: LabelledSamples,
  classes: number,
  preprocessing: Preprocessing,
): DeviceSamples {
  const table = byteTable(preprocessing);
  const targets = new Float32Array(count * classes);
  labels.forEach((label, sample) => (targets[sample * classes + label] = 1));
  return {
    inputs: tf.tensor2d(
      Float32Array.from(inputs, (byte) => table[byte]),
      [count, width],
    ),
    targets: tf.tensor2d(targets, [count, classes]),
  };
}
