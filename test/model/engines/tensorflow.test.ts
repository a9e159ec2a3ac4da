import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, test } from 'vitest';
import { createTensorflowEngine } from '../../../src/model/engines/tensorflow/tensorflow-engine.js';
import { openTensorflow } from '../../../src/model/engines/tensorflow/tensorflow.js';
import { tensorflowConformance } from './tensorflow/conformance.js';

// Sums of products in float32, of up to 600 here; and erf, which the backend in JavaScript has within 2e-7.
tensorflowConformance({ tf, device: 'JavaScript', hasGpu: false }, { absolute: 1e-5, relative: 1e-5 });

describe('opening TensorFlow', () => {
  const missing = (name: string) =>
    Promise.reject(
      Object.assign(new Error(`Cannot find package '${name}' imported from …`), {
        code: 'ERR_MODULE_NOT_FOUND',
      }),
    );

  test('says of each package that it is not installed', async () => {
    expect(await createTensorflowEngine(() => openTensorflow(missing)).probe()).toEqual({
      available: false,
      reason: '@tensorflow/tfjs-node-gpu is not installed; @tensorflow/tfjs-node is not installed',
    });
  });

  test('says why one that is installed cannot be loaded', async () => {
    const broken = (name: string) =>
      name.endsWith('-gpu')
        ? Promise.reject(new Error('libcudart.so.12: cannot open shared object file\nmore'))
        : missing(name);
    expect(await createTensorflowEngine(() => openTensorflow(broken)).probe()).toEqual({
      available: false,
      reason:
        '@tensorflow/tfjs-node-gpu cannot be loaded: libcudart.so.12: cannot open shared object file; ' +
        '@tensorflow/tfjs-node is not installed',
    });
  });
});
