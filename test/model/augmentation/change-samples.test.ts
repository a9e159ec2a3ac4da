/** The changed pictures of an epoch: which bits they have, and what becomes of them. */
import { expect, onTestFinished, test } from 'vitest';
import {
  augmentationAmounts,
  digitsAugmentation,
  noAugmentation,
} from '../../../src/model/augmentation/amounts.js';
import { AugmentedInputs } from '../../../src/model/augmentation/augmented-inputs.js';
import { changeSamples, type AugmentationPlan } from '../../../src/model/augmentation/change-samples.js';
import { smallMnist } from '../../jobs/training/small-mnist.js';

const { train } = await smallMnist();
const pictures = train.inputs.slice(0, 100 * 784);
const side = { width: 28, height: 28, channels: 1 };
const everything = { ...digitsAugmentation, noise: 0.5, specks: 0.5, lines: 0.5, shade: 0.5 };

function changed(plan: Partial<AugmentationPlan>, epoch: number, inputs = pictures): Uint8Array {
  const out = new Uint8Array(inputs.length).fill(7);
  changeSamples({ amounts: everything, seed: 3, ...side, ...plan }, inputs, epoch, out);
  return out;
}

const picture = (inputs: Uint8Array, index: number): Uint8Array =>
  inputs.subarray(index * 784, (index + 1) * 784);

test('a picture’s changes depend on seed, epoch and its place alone', () => {
  const whole = changed({}, 1);
  // Other pictures before it, whose noise and lines are drawn or not, change nothing.
  const others = pictures.slice().fill(0, 0, 90 * 784);
  expect(picture(changed({}, 1, others), 95)).toEqual(picture(whole, 95));
  expect(changed({}, 1)).toEqual(whole);
  expect(changed({}, 2)).not.toEqual(whole);
  expect(changed({ seed: 4 }, 1)).not.toEqual(whole);
});

test('without amounts a picture stays as it is', () => {
  expect(changed({ amounts: noAugmentation }, 5)).toEqual(pictures);
});

test('the bits are those that were once written down', () => {
  let sum = 0;
  for (const level of changed({}, 0)) sum = (Math.imul(sum, 31) + level) >>> 0;
  expect(sum).toBe(3559652028);
});

test('each kind of change changes pictures, and none leaves nothing of one', () => {
  for (const kind of augmentationAmounts) {
    const amounts = { ...noAugmentation, [kind]: kind === 'rotation' ? 10 : kind === 'shift' ? 0.05 : 0.3 };
    const out = changed({ amounts }, 0);
    const isChanged = Array.from(
      { length: 100 },
      (_, i) => !Buffer.from(picture(out, i)).equals(picture(pictures, i)),
    );
    expect(isChanged.filter(Boolean).length, kind).toBeGreaterThan(15);
    for (let i = 0; i < 100; i++)
      expect(Math.max(...picture(out, i)), `${kind} of ${i}`).toBeGreaterThan(100);
  }
});

test('a picture of another width and height is turned about its middle', () => {
  const inputs = new Uint8Array(12 * 20);
  inputs[6 * 20 + 10] = 255;
  const out = new Uint8Array(inputs.length);
  const amounts = { ...noAugmentation, rotation: 45 };
  changeSamples({ amounts, seed: 1, width: 20, height: 12, channels: 1 }, inputs, 0, out);
  const around = [5, 6, 7].flatMap((row) => [9, 10, 11].map((column) => out[row * 20 + column]));
  expect(around.reduce((sum, level) => sum + level)).toBe(out.reduce((sum, level) => sum + level));
  expect(Math.max(...around)).toBeGreaterThan(100);
});

test('the thread gives each epoch once, whatever epoch a run goes on with', async () => {
  const plan = { amounts: everything, seed: 3, ...side };
  for (const first of [0, 2]) {
    const augmented = new AugmentedInputs(plan, pictures, 4, first);
    onTestFinished(() => augmented.dispose());
    const epochs: Uint8Array[] = [];
    for (const epoch of [first, first, first + 1, 3]) {
      await augmented.beforeEpoch(epoch, (inputs) => {
        epochs.push(inputs.slice());
        return Promise.resolve();
      });
    }
    const expected = first === 0 ? [0, 1, 3] : [2, 3];
    expect(epochs).toEqual(expected.map((epoch) => changed({}, epoch)));
  }
});
