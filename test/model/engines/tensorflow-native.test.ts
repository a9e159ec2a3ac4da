/** On TensorFlow itself, where one of its node packages is installed: here, or in the folder TFJS_DIR. */
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createTensorflowEngine } from '../../../src/model/engines/tensorflow/tensorflow-engine.js';
import { openTensorflow, type Tensorflow } from '../../../src/model/engines/tensorflow/tensorflow.js';
import { tensorflowConformance } from './tensorflow/conformance.js';

const folder = resolve(process.env.TFJS_DIR ?? '.');
const require = createRequire(join(folder, 'package.json'));
const native = await openTensorflow((name) =>
  Promise.resolve().then(() => ({ default: require(name) as unknown })),
).catch((error: unknown) => error as Error);

if (native instanceof Error) {
  test.skip(`TensorFlow (skipped, in ${folder}: ${native.message})`);
} else {
  describe(native.device, () => {
    suite(native);
  });
}

function suite(tensorflow: Tensorflow): void {
  // TensorFlow takes 1 − beta2 in float32, which for 0.999 is off by 1.3e-5, and Adam's averages with it. A step is as long
  // for a tiny gradient as for a large one, and so is its error.
  tensorflowConformance(tensorflow, { absolute: 1e-4, relative: 1e-4 });

  test('names the package, TensorFlow and the device', async () => {
    expect(await createTensorflowEngine(() => Promise.resolve(tensorflow)).probe()).toMatchObject({
      available: true,
      device: expect.stringMatching(
        /^[CG]PU, TensorFlow 2\.\d+\.\d+ by @tensorflow\/tfjs-node(-gpu)? 4\.\d+\.\d+$/,
      ) as string,
    });
  });
}
